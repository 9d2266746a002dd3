"""Lines of a log as they are shown."""

import time

from lambdacli.cli.colour import paint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, TextIO


def log_line(line: "Mapping[str, Any]", stream: "TextIO", *, with_function: bool) -> str:
    """One line of `lam logs`, from what the service sent."""
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(line["timestamp"] // 1000))
    when = f"{moment}.{line['timestamp'] % 1000:03d}"
    name = f" {paint(line['function'], 'cyan', stream)}" if with_function else ""
    return f"{paint(when, 'dim', stream)}{name}  {log_text(line['message'], stream)}"


def log_text(message: str, stream: "TextIO") -> str:
    message = message.rstrip("\r\n")
    style = log_style(message)
    return paint(message, style, stream) if style else message


def log_style(message: str) -> str | None:
    """Which kind of line this is; Lambda's own lines step back, errors stand out."""
    first = message.split(None, 1)[0].rstrip(":").upper() if message.strip() else ""
    if first in ("START", "END", "INIT_START", "INIT_REPORT"):
        return "dim"
    if first == "REPORT":
        return "cyan"
    if first in ("[ERROR]", "ERROR", "[CRITICAL]", "TRACEBACK") or "Task timed out after" in message:
        return "red"
    if first in ("[WARNING]", "WARNING", "WARN"):
        return "yellow"
    return None
