"""The runtime identifiers of the Lambda API: family, version, and until when AWS lets them be created."""

from __future__ import annotations

import hashlib
import re
from datetime import date

from lambdacli.model.record import record


@record
class RuntimeName:
    identifier: str
    deprecated: date | None = None
    create_blocked: date | None = None
    update_blocked: date | None = None

    @property
    def family(self) -> str:
        """`python`, `nodejs`, `ruby`, `java`, `dotnet` or `provided`."""
        match = re.match(r"[a-z]+", self.identifier)
        assert match is not None, self.identifier
        return match[0]

    @property
    def is_only_built(self) -> bool:
        """lam makes packages for it, and does not run it."""
        return self.family in ("java", "dotnet")

    @property
    def version(self) -> tuple[int, ...]:
        """`python3.13` → (3, 13), `nodejs22.x` → (22,), `provided.al2023` → ()."""
        match = re.match(r"[a-z]+([0-9.]*)", self.identifier)
        assert match is not None, self.identifier
        return tuple(int(part) for part in match[1].split(".") if part)

    def is_deprecated(self, today: date) -> bool:
        return self.deprecated is not None and self.deprecated <= today

    def is_create_blocked(self, today: date) -> bool:
        return self.create_blocked is not None and self.create_blocked <= today

    def is_update_blocked(self, today: date) -> bool:
        return self.update_blocked is not None and self.update_blocked <= today


def _table() -> dict[str, RuntimeName]:
    rows = (
        # identifier, deprecation, creation blocked, update blocked; AWS's tables as of October 2026
        ("nodejs26.x", "", "", ""),
        ("nodejs24.x", "2028-04-30", "2028-06-01", "2028-07-01"),
        ("nodejs22.x", "2027-04-30", "2027-06-01", "2027-07-01"),
        ("nodejs20.x", "2026-04-30", "2027-07-29", "2027-08-31"),
        ("nodejs18.x", "2025-09-01", "2027-07-29", "2027-08-31"),
        ("nodejs16.x", "2024-06-12", "2027-07-29", "2027-08-31"),
        ("python3.15", "", "", ""),
        ("python3.14", "2029-06-30", "2029-07-31", "2029-08-31"),
        ("python3.13", "2029-06-30", "2029-07-31", "2029-08-31"),
        ("python3.12", "2028-10-31", "2028-11-30", "2029-01-10"),
        ("python3.11", "2027-06-30", "2027-07-29", "2027-08-31"),
        ("python3.10", "2026-10-31", "2027-07-29", "2027-08-31"),
        ("python3.9", "2025-12-15", "2027-07-29", "2027-08-31"),
        ("python3.8", "2024-10-14", "2027-07-29", "2027-08-31"),
        ("java25", "2029-06-30", "2029-07-31", "2029-08-31"),
        ("java21", "2029-06-30", "2029-07-31", "2029-08-31"),
        ("java17.al2023", "2029-06-30", "2029-07-31", "2029-08-31"),
        ("java17", "2027-06-30", "2027-07-29", "2027-08-31"),
        ("java11.al2023", "2029-06-30", "2029-07-31", "2029-08-31"),
        ("java11", "2027-06-30", "2027-07-29", "2027-08-31"),
        ("java8.al2023", "2029-06-30", "2029-07-31", "2029-08-31"),
        ("java8.al2", "2027-06-30", "2027-07-29", "2027-08-31"),
        ("dotnet10", "2028-11-14", "2028-12-14", "2029-01-15"),
        ("dotnet8", "2026-11-10", "2027-07-29", "2027-08-31"),
        ("dotnet6", "2024-12-20", "2027-07-29", "2027-08-31"),
        ("ruby4.0", "2029-03-31", "2029-04-30", "2029-05-31"),
        ("ruby3.4", "2028-03-31", "2028-04-30", "2028-05-31"),
        ("ruby3.3", "2027-03-31", "2027-07-29", "2027-08-31"),
        ("ruby3.2", "2026-03-31", "2027-07-29", "2027-08-31"),
        ("provided.al2023", "2029-06-30", "2029-07-31", "2029-08-31"),
        ("provided.al2", "2026-07-31", "2027-07-29", "2027-08-31"),
    )

    def day(text: str) -> date | None:
        return date.fromisoformat(text) if text else None

    return {row[0]: RuntimeName(row[0], day(row[1]), day(row[2]), day(row[3])) for row in rows}


RUNTIMES = _table()
"""Every identifier that can be created today."""

RETIRED = frozenset(
    {
        *("nodejs", "nodejs4.3", "nodejs4.3-edge", "nodejs6.10", "nodejs8.10"),
        *("nodejs10.x", "nodejs12.x", "nodejs14.x"),
        *("python2.7", "python3.6", "python3.7", "ruby2.5", "ruby2.7", "java8", "go1.x", "provided"),
        *("dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1"),
    }
)
"""Identifiers that AWS knows but creates no more."""

LISTED_IN_ERRORS = (
    "nodejs20.x, python3.14, provided.al2023, python3.12, python3.13, nodejs24.x, nodejs22.x, java25, "
    "python3.10, python3.11, java21, ruby3.3, ruby3.4, ruby3.2, python3.8, python3.9, java17, nodejs16.x, "
    "dotnet10, dotnet8, java11, dotnet6, nodejs18.x, provided.al2, java8.al2"
)
"""The list inside AWS's refusal of an unknown runtime, in its recorded order (November 2025)."""


def deprecation_note(identifier: str, today: date) -> str | None:
    """What a person should know about a runtime that AWS does not maintain any more."""
    runtime = RUNTIMES.get(identifier)
    if runtime is None or not runtime.is_deprecated(today):
        return None
    return (
        f"{identifier} is deprecated since {runtime.deprecated}; AWS creates no functions with it from "
        f"{runtime.create_blocked} on, and updates none from {runtime.update_blocked} on"
    )


def runtime_label(runtime: RuntimeName) -> str:
    """`python:3.13.v1`, as INIT_START names a runtime's version; ours has only a first one."""
    if runtime.family == "provided":
        return f"provided:{runtime.identifier.partition('.')[2] or 'al1'}.v1"
    return f"{runtime.family}:{runtime.identifier.removeprefix(runtime.family).removesuffix('.x')}.v1"


def runtime_version_arn(region: str, identifier: str) -> str:
    """AWS's ids name builds of its own images; ours only tell runtimes apart."""
    digest = hashlib.sha256(f"{region} {identifier}".encode()).hexdigest()
    return f"arn:aws:lambda:{region}::runtime:{digest}"
