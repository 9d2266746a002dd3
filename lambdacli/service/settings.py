"""What the service is started with: its command line, and what this machine can carry."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

from lambdacli.environments.pool import PoolLimits
from lambdacli.model.template_options import DEFAULT_CONFIG_ENVIRONMENT, NO_OPTIONS, TemplateOptions

DEFAULT_PORT = 4566
IDLE_EXIT_MINUTES = 30.0
IDLE_ENVIRONMENT_SECONDS = 600.0
MEMORY_PER_ENVIRONMENT_MB = 48
"""What a small function's process really takes; its configured memory is only a ceiling."""


class StartFailure(Exception):
    """The service cannot start; the text is for the person who started it."""


@dataclass(frozen=True, slots=True)
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


def parse_arguments(arguments: list[str]) -> Settings:
    parser = argparse.ArgumentParser(prog="python -m lambdacli.service")
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--cache-dir", type=Path, required=True)
    parser.add_argument("--project", type=Path)
    parser.add_argument("--port", type=int)
    parser.add_argument("--anonymous", action="store_true")
    parser.add_argument("--allow-other-users", action="store_true")
    parser.add_argument("--auth", action="store_true")
    parser.add_argument("--keys", type=Path)
    parser.add_argument("--idle-exit", type=float)
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("--time-scale", type=float, default=1.0)
    parser.add_argument("--walls", choices=("auto", "portable"), default=os.environ.get("LAM_WALLS", "auto"))
    parser.add_argument("--parameter-override", action="append", default=[])
    parser.add_argument("--env-vars", type=Path)
    parser.add_argument("--config-env", default=DEFAULT_CONFIG_ENVIRONMENT)
    parser.add_argument("--stage")
    given = parser.parse_args(arguments)
    return Settings(
        state=given.state_dir,
        socket=given.socket,
        cache=given.cache_dir,
        project=given.project,
        port=given.port,
        anonymous=given.anonymous,
        allow_other_users=given.allow_other_users,
        auth=given.auth,
        keys=given.keys,
        idle_exit_minutes=given.idle_exit,
        is_strict=given.strict,
        time_scale=given.time_scale,
        template=TemplateOptions(
            _overrides(given.parameter_override), given.env_vars, given.config_env, given.stage
        ),
        walls=given.walls,
    )


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
