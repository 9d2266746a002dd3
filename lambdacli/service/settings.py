"""What the service is started with: its command line, and what this machine can carry."""

from __future__ import annotations

import getopt
import os
from pathlib import Path

from lambdacli.environments.pool import PoolLimits
from lambdacli.model.record import record
from lambdacli.model.template_options import DEFAULT_CONFIG_ENVIRONMENT, NO_OPTIONS, TemplateOptions

DEFAULT_PORT = 4566
IDLE_EXIT_MINUTES = 30.0
IDLE_ENVIRONMENT_SECONDS = 600.0
MEMORY_PER_ENVIRONMENT_MB = 48
"""What a small function's process really takes; its configured memory is only a ceiling."""


class StartFailure(Exception):
    """The service cannot start; the text is for the person who started it."""


@record
class Settings:
    state: Path
    socket: Path
    cache: Path
    """Shared by all projects of this user."""
    project: Path | None = None
    port: int | None = None
    """Given by the user, so a taken one is an error; None: the project's, else the first free from 4566."""
    anonymous: bool = False
    allow_other_users: bool = False
    auth: bool = False
    """Signatures are checked."""
    keys: Path | None = None
    """The file with the access keys, where the user named one."""
    idle_exit_minutes: float | None = None
    is_strict: bool = False
    """What AWS refuses by date is refused here too."""
    time_scale: float = 1.0
    """Seconds of the clock in a real one."""
    template: TemplateOptions = NO_OPTIONS
    walls: str = "auto"
    """`portable` does without the kernel's walls even where they are to be had."""


_VALUES = (
    "state-dir",
    "socket",
    "cache-dir",
    "project",
    "port",
    "keys",
    "idle-exit",
    "time-scale",
    "walls",
    "parameter-override",
    "env-vars",
    "config-env",
    "stage",
)
_SWITCHES = ("anonymous", "allow-other-users", "auth", "strict")


def parse_arguments(arguments: list[str]) -> Settings:
    """As the command line gives them. By getopt: what argparse brings stays for the service's whole life."""
    try:
        pairs, rest = getopt.getopt(arguments, "", [*(f"{name}=" for name in _VALUES), *_SWITCHES])
    except getopt.GetoptError as error:
        raise StartFailure(str(error)) from None
    if rest:
        raise StartFailure(f"{rest[0]} is no option")
    given = {name.removeprefix("--"): value for name, value in pairs}
    missing = [name for name in ("state-dir", "socket", "cache-dir") if name not in given]
    if missing:
        raise StartFailure(f"option --{missing[0]} is required")
    overrides = [value for name, value in pairs if name == "--parameter-override"]
    return Settings(
        state=Path(given["state-dir"]),
        socket=Path(given["socket"]),
        cache=Path(given["cache-dir"]),
        project=_path(given.get("project")),
        port=int(given["port"]) if "port" in given else None,
        anonymous="anonymous" in given,
        allow_other_users="allow-other-users" in given,
        auth="auth" in given,
        keys=_path(given.get("keys")),
        idle_exit_minutes=float(given["idle-exit"]) if "idle-exit" in given else None,
        is_strict="strict" in given,
        time_scale=float(given.get("time-scale", 1.0)),
        template=TemplateOptions(
            _overrides(overrides),
            _path(given.get("env-vars")),
            given.get("config-env", DEFAULT_CONFIG_ENVIRONMENT),
            given.get("stage"),
        ),
        walls=_walls(given.get("walls", os.environ.get("LAM_WALLS", "auto"))),
    )


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)


def _walls(text: str) -> str:
    if text not in ("auto", "portable"):
        raise StartFailure(f"walls are auto or portable, not {text}: see LAM_WALLS")
    return text


def _overrides(texts: list[str]) -> dict[str, str]:
    """Taken apart by the command line that was asked for them: here each is one."""
    return {name: value for name, _, value in (text.partition("=") for text in texts)}


def pool_limits(max_environments: int | None) -> PoolLimits:
    """Half of the machine's memory, if the project does not say; starts in parallel as the cores can
    carry."""
    cores = os.cpu_count() or 1
    memory_mb = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // (1024 * 1024)
    by_memory = int(memory_mb // 2 // MEMORY_PER_ENVIRONMENT_MB)
    return PoolLimits(
        environments=max_environments or min(1000, max(16, by_memory)),
        starting=2 * cores + 2,
        idle_seconds=IDLE_ENVIRONMENT_SECONDS,
    )
