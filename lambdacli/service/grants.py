"""What this machine grants, but for the walls: interpreters, tools, port, files, limits."""

from __future__ import annotations

import importlib.util
import os
import resource
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lambdacli import runtimes
from lambdacli.model.grant import Grant
from lambdacli.service import neighbours
from lambdacli.triggers import jwt

DESCRIPTORS_PER_ENVIRONMENT = 6
DESCRIPTORS_ENOUGH = 8192
WATCHES_ENOUGH = 65_536
WATCHES_FILE = Path("/proc/sys/fs/inotify/max_user_watches")

_HOW_TO_INSTALL = {
    "python": "install one, for example by `uv python install 3.13`; the service finds it when it starts",
    "nodejs": "install Node.js, for example by its own installer or nvm",
    "ruby": "install Ruby, for example by the system's packages or rbenv",
}

EXTRAS = {
    "services": (neighbours.NEEDED, "requests for SQS, S3 and other services are refused"),
    "debug": (("debugpy",), "Python functions cannot be debugged"),
    "jwt": ((jwt.PACKAGE,), "authorizers of type jwt answer 500"),
}
"""What `lam` may be installed with: the packages that tell, and what is weaker without them."""


def of_machine(state: Path, port: int, wanted_port: int) -> list[Grant]:
    """Reads files and may run programs: call it off the event loop."""
    return [
        *interpreters(),
        _uv(),
        _npm(),
        *(
            extra(name, [each for each in packages if _is_absent(each)])
            for name, (packages, _) in EXTRAS.items()
        ),
        _port(port, wanted_port),
        state_folder(state),
        *_watches(),
        open_files(resource.getrlimit(resource.RLIMIT_NOFILE)[0]),
    ]


def interpreters() -> Iterator[Grant]:
    for family, module in runtimes.MODULES.items():
        installed = getattr(module, "installed", None)
        if installed is not None:
            yield interpreter(family, installed())


def interpreter(family: str, found: Mapping[object, object]) -> Grant:
    """Of one family, from what its module found: versions by interpreter."""
    versions = [_version(key) for key in sorted(found, key=_in_order)]
    return Grant(
        f"{family} interpreters",
        bool(versions),
        ", ".join(versions) or "none found",
        f"functions of {family} do not run" if not versions else "",
        _HOW_TO_INSTALL.get(family, f"install {family}") if not versions else "",
    )


def _in_order(key: object) -> tuple[int, ...]:
    return tuple(key) if isinstance(key, tuple) else (int(str(key)),)


def _version(key: object) -> str:
    return ".".join(map(str, key)) if isinstance(key, tuple) else str(key)


def _uv() -> Grant:
    import uv  # for whoever asks what this machine grants

    try:
        return Grant("uv", True, uv.find_uv_bin())
    except FileNotFoundError:
        return Grant(
            "uv",
            False,
            "not found beside lam",
            "a function's requirements.txt is not installed",
            "install lam anew: uv is one of its dependencies",
        )


def _npm() -> Grant:
    found = shutil.which("npm")
    if found is not None:
        return Grant("npm", True, found)
    return Grant(
        "npm",
        False,
        "not on the PATH that the service was started with",
        "a function's package.json is not installed, nor the SDK of AWS for Node.js",
        "install Node.js, which brings it; then `lam stop`",
    )


def _is_absent(package: str) -> bool:
    return importlib.util.find_spec(package) is None


def extra(name: str, absent: Sequence[str]) -> Grant:
    if not absent:
        return Grant(f"lambdacli[{name}]", True, "installed")
    return Grant(
        f"lambdacli[{name}]",
        False,
        f"not installed: no {', '.join(absent)} beside lam",
        EXTRAS[name][1],
        f"`pip install 'lambdacli[{name}]'`, then `lam stop`",
    )


def _port(port: int, wanted: int) -> Grant:
    if port == wanted or wanted == 0:
        return Grant("port", True, f"{port}")
    return Grant(
        "port",
        False,
        f"{wanted} is taken by another program; the service has {port}",
        f"tools that are set to port {wanted} find somebody else",
        f"end what holds {wanted}, then `lam stop`; or `eval \"$(lam status | grep '^export')\"`",
    )


def state_folder(state: Path) -> Grant:
    if os.access(state, os.W_OK | os.X_OK):
        return Grant("state folder", True, str(state))
    return Grant(
        "state folder",
        False,
        f"{state} cannot be written to",
        "functions and logs are not kept",
        f"make {state} writable for you",
    )


def _watches() -> Iterator[Grant]:
    if sys.platform == "linux":
        try:
            yield watches(int(WATCHES_FILE.read_text()))
        except (OSError, ValueError):
            yield Grant("file watching", True, "the kernel tells no limit")


def watches(limit: int) -> Grant:
    detail = f"{limit} folders"
    if limit >= WATCHES_ENOUGH:
        return Grant("file watching", True, detail)
    return Grant(
        "file watching",
        False,
        detail,
        "changes in large projects are found by looking again and again, about a second later",
        f"sudo sysctl fs.inotify.max_user_watches={8 * WATCHES_ENOUGH}",
    )


def open_files(limit: int) -> Grant:
    detail = "no limit" if limit == resource.RLIM_INFINITY else f"{limit} at once"
    if limit == resource.RLIM_INFINITY or limit >= DESCRIPTORS_ENOUGH:
        return Grant("open files", True, detail)
    return Grant(
        "open files",
        False,
        detail,
        f"about {limit // DESCRIPTORS_PER_ENVIRONMENT} environments can live at once",
        f"`ulimit -Hn {DESCRIPTORS_ENOUGH}`, or `nofile` in /etc/security/limits.conf; then `lam stop`",
    )
