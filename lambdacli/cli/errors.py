"""From an exception to what the user reads: message, hints, exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SUCCESS, FAILURE, USAGE, BUG, INTERRUPTED, READER_LEFT = 0, 1, 2, 3, 130, 141


class CommandError(Exception):
    """Something the user can mend."""

    exit_code = FAILURE

    def __init__(self, message: str, *hints: str | None) -> None:
        super().__init__(message)
        self.hints = tuple(hint for hint in hints if hint)


class WrongUsage(CommandError):
    """The command itself was written wrongly."""

    exit_code = USAGE


@dataclass(frozen=True, slots=True)
class Explanation:
    message: str
    hints: tuple[str, ...]
    exit_code: int


def explain(error: Exception) -> Explanation | None:
    """None: nobody foresaw this error, so it is a bug."""
    from typer import TyperException

    from lambdacli.client.control import ControlError
    from lambdacli.client.http import HttpError
    from lambdacli.client.local import ApiError
    from lambdacli.model.location import LocationError

    if isinstance(error, CommandError):
        return Explanation(str(error), error.hints, error.exit_code)
    if isinstance(error, TyperException):
        return _explain_usage(error)
    if isinstance(error, ControlError):
        return Explanation(str(error), (error.hint,) if error.hint else (), FAILURE)
    if isinstance(error, ApiError | HttpError | LocationError):
        return Explanation(str(error), (), FAILURE)
    if isinstance(error, OSError):
        return Explanation(_file_error(error), (), FAILURE)
    return _explain_config(error)


def _explain_usage(error: Exception) -> Explanation:
    """Typer's usage errors. Its subclasses have no public names, so they are asked politely."""
    message = getattr(error, "format_message", lambda: str(error))()
    option = getattr(error, "option_name", None)
    nearest: Sequence[str] = getattr(error, "possibilities", None) or ()
    hints = []
    if nearest and option:
        message = f"no such option: {option}"
        hints.append(f"did you mean {nearest[0]}?")
    else:
        # Typer sets each choice of a missing argument on a line of its own.
        message = " ".join(
            (message[:1].lower() + message[1:].rstrip(".")).replace(" Value error,", "").split()
        )
    context = getattr(error, "ctx", None)
    if context is not None:
        hints.append(f"`{context.command_path} --help` shows what there is")
    return Explanation(message, tuple(hints), getattr(error, "exit_code", USAGE))


def _file_error(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}" if error.filename else str(error)


def _explain_config(error: Exception) -> Explanation | None:
    # lam.yaml is read by few verbs: whoever raised this error has the module loaded already.
    config = sys.modules.get("lambdacli.project.config")
    if config is None or not isinstance(error, config.ConfigError):
        return None
    count = len(error.problems)
    return Explanation(
        str(error), (f"mend {'it' if count == 1 else f'these {count} problems'} in lam.yaml",), FAILURE
    )


def write_bug_report(error: Exception, arguments: Sequence[str]) -> Path | None:
    """Everything needed to mend a bug, in a file; None when no file can be written."""
    import platform
    from datetime import UTC, datetime

    from lambdacli import __version__

    lines = [
        f"time       {datetime.now(UTC).isoformat()}",
        f"lam        {__version__}",
        f"python     {platform.python_version()} ({sys.executable})",
        f"platform   {platform.platform()}",
        f"arguments  {list(arguments)}",
        "",
        *traceback.format_exception(error),
    ]
    try:
        file = _report_folder() / "bug-report.log"
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.write_text("\n".join(lines))
    except OSError:
        return None
    return file


def _report_folder() -> Path:
    from lambdacli.model.location import locate

    try:
        return locate(Path.cwd(), os.environ).state_dir
    except Exception:
        # The place itself may be what is broken; a report in the temporary folder is better than none.
        import tempfile

        return Path(tempfile.gettempdir())
