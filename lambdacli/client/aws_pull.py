"""Everything that an account knows of one function, as AWS's answers, and its packages."""

from __future__ import annotations

import base64
import hashlib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from lambdacli.client.aws import Aws, AwsError
from lambdacli.client.local import ApiError, Json

_PIECE_BYTES = 1 << 20
_WAIT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Answers:
    """What is not set is None, or empty."""

    function: Json
    aliases: tuple[Json, ...] = ()
    url: Json | None = None
    event_invoke: Json | None = None
    provisioned: Json | None = None
    policy: Json | None = None
    mappings: tuple[Json, ...] = ()
    log_group: Json | None = None
    unread: tuple[str, ...] = ()
    """Why something could not be read."""


def read_function(aws: Aws, name: str, qualifier: str | None) -> Answers:
    """Only whoever may not see the function itself is refused; what else is not allowed is told."""
    function = aws.call("lambda", "get_function", FunctionName=name, **_qualified(qualifier))
    return _Reader(aws, name, function).read(qualifier)


class _Reader:
    def __init__(self, aws: Aws, name: str, function: Json) -> None:
        self._aws = aws
        self._name = name
        self._function = function
        self._unread: list[str] = []

    def read(self, qualifier: str | None) -> Answers:
        aliases = self._pages("list_aliases", "Aliases", FunctionName=self._name)
        names = [str(each["Name"]) for each in aliases]
        of_alias = qualifier if qualifier in names else names[0] if len(names) == 1 else None
        # What callers use is the alias, where there is one; what is set of the function itself comes after.
        places: list[str | None] = [None] if of_alias is None else [of_alias, None]
        return Answers(
            function=self._function,
            aliases=tuple(aliases),
            url=self._first("get_function_url_config", places),
            event_invoke=self._first("get_function_event_invoke_config", places),
            provisioned=None
            if of_alias is None
            else self._one("get_provisioned_concurrency_config", Qualifier=of_alias),
            policy=self._first("get_policy", places),
            mappings=tuple(self._mappings(of_alias)),
            log_group=self._log_group(),
            unread=tuple(self._unread),
        )

    def _mappings(self, alias: str | None) -> list[Json]:
        names = [self._name] if alias is None else [self._name, f"{self._name}:{alias}"]
        found = {
            str(each["UUID"]): each
            for name in names
            for each in self._pages("list_event_source_mappings", "EventSourceMappings", FunctionName=name)
        }
        return list(found.values())

    def _log_group(self) -> Json | None:
        configuration = self._function["Configuration"]
        name = configuration.get("LoggingConfig", {}).get("LogGroup", f"/aws/lambda/{self._name}")
        told = self._try(
            "the log group",
            lambda: self._aws.call("logs", "describe_log_groups", logGroupNamePrefix=name),
        )
        groups = [] if told is None else told.get("logGroups", [])
        return next((group for group in groups if group.get("logGroupName") == name), None)

    def _first(self, operation: str, qualifiers: list[str | None]) -> Json | None:
        for qualifier in qualifiers:
            found = self._one(operation, **_qualified(qualifier))
            if found is not None:
                return found
        return None

    def _one(self, operation: str, **parameters: Any) -> Json | None:
        return self._try(
            operation, lambda: self._aws.call("lambda", operation, FunctionName=self._name, **parameters)
        )

    def _pages(self, operation: str, member: str, **parameters: Any) -> list[Json]:
        items: list[Json] = []
        while True:
            page = self._try(operation, lambda: self._aws.call("lambda", operation, **parameters))
            if page is None:
                return items
            items += page.get(member, [])
            if not page.get("NextMarker"):
                return items
            parameters["Marker"] = page["NextMarker"]

    def _try(self, what: str, ask: Callable[[], Json]) -> Json | None:
        try:
            return ask()
        except ApiError as error:
            if error.status not in (404, 501):
                self._unread.append(f"{what.replace('_', ' ')}: {error}")
        except AwsError as error:
            self._unread.append(f"{what.replace('_', ' ')}: {error}")
        return None


def _qualified(qualifier: str | None) -> dict[str, str]:
    return {} if qualifier is None else {"Qualifier": qualifier}


def layer_location(aws: Aws, arn: str) -> Json:
    """Where the package of a layer version can be had, and its hash."""
    content: Json = aws.call("lambda", "get_layer_version_by_arn", Arn=arn)["Content"]
    return content


def download(aws: Aws, location: str, sha256: str, file: Path, told: Callable[[int], None]) -> None:
    """The package at an address that AWS gave; `told` hears of each piece's size."""
    parts = urlsplit(location)
    if parts.scheme not in ("http", "https"):
        raise AwsError(f"the code lies at {location}, which is no address that can be asked")
    digest = hashlib.sha256()
    try:
        with (
            urlopen(Request(location), timeout=_WAIT_SECONDS, context=_believed(aws, parts.scheme)) as answer,
            file.open("wb") as target,
        ):
            while piece := answer.read(_PIECE_BYTES):
                digest.update(piece)
                target.write(piece)
                told(len(piece))
    except HTTPError as error:
        with error:
            raise AwsError(f"the code could not be had from {parts.netloc}: HTTP {error.code}") from error
    except (URLError, OSError) as error:
        reason = error.reason if isinstance(error, URLError) else error
        raise AwsError(f"the code could not be had from {parts.netloc}: {reason}") from error
    if sha256 and base64.b64encode(digest.digest()).decode() != sha256:
        raise AwsError("the code that came is not the code that was announced: its hash differs", "try again")


def _believed(aws: Aws, scheme: str) -> ssl.SSLContext | None:
    if scheme == "http":
        return None
    from botocore.httpsession import get_cert_path

    verify = aws.account.verify
    context = ssl.create_default_context(cafile=verify if isinstance(verify, str) else get_cert_path(True))
    if verify is False:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
