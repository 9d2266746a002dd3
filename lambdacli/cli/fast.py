"""The hot verbs in their common forms, without the modules that cost start-up time: invoke, logs, status.

Whatever is not surely common is left to the ordinary verb before anything is sent. What was sent is never
sent again: when its answer is not a common one, the ordinary verb runs, and reads that answer instead of
sending. Imports stay out unless `python -X importtime` finds them free: no typing, pathlib, re, json, socket.
"""

import os
import sys
from _socket import AF_UNIX, SOCK_STREAM, socket

from lambdacli import __version__
from lambdacli.cli.colour import paint
from lambdacli.client.escaping import query_of
from lambdacli.client.nearby import Unsure, recorded_socket
from lambdacli.client.quick_json import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lambdacli.cli.build_watch import BuildWatch

INTERRUPTED, READER_LEFT = 130, 141
TAIL_BEGINNINGS = (b"START ", b"INIT_START ")
DEFAULT_LOG_LINES = 100
_CONNECT_SECONDS = 10.0
_STATUS_SECONDS = 5.0
_SILENCE_SECONDS = 1.0
_PIECE_BYTES = 256 * 1024
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_REGULAR_FILE, _PIPE = 0o100000, 0o010000

Found = tuple[list[str], dict[str, str]]


def run(arguments: list[str]) -> int | None:
    """The exit code; None: nothing was done, the ordinary verb is to do it."""
    verb = _VERBS.get(arguments[0]) if arguments else None
    if verb is None or sys.stdout is None or sys.stderr is None:
        return None
    try:
        return verb(arguments)
    except Unsure:
        return None
    except BrokenPipeError:
        # The reader of our output left (`| head`), which is no error; Python must not stumble at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_LEFT
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        from lambdacli.cli.app import report

        return report(error, arguments)


# The verbs


def _invoke(arguments: list[str]) -> int:
    if "LAM_STAGE" in os.environ:
        raise Unsure  # the service may have another one
    names, options = _parsed(arguments[1:], _INVOKE_OPTIONS, ("--cold", "--exit-zero"))
    if "--function-name" in options:
        names.append(options["--function-name"])
    if len(names) != 1 or not names[0].replace("-", "").replace("_", "").isalnum() or not names[0].isascii():
        raise Unsure  # none, an OUTFILE, an ARN
    if options.get("--cli-binary-format", "raw-in-base64-out") != "raw-in-base64-out":
        raise Unsure
    payload = _payload(options.get("--payload"), options.get("--event"))
    path = recorded_socket(options.get("--project"))
    status = _usual_status(path)
    cold = "X-Lam-Cold: 1\r\n" if "--cold" in options else ""
    head = (
        f"POST /2015-03-31/functions/{names[0]}/invocations HTTP/1.1\r\nHost: localhost\r\n"
        f"Connection: close\r\nX-Amz-Log-Type: Tail\r\n{cold}Content-Length: {len(payload)}\r\n\r\n"
    )
    message = head.encode() + payload
    connection = _connected(path)
    builds = _Builds(path, names[0])
    try:
        answer = _Answer(connection, message, None, builds.look)
        builds.end()
        log = _usual_log(answer)
        if log is None:
            return _leave_to_ordinary(arguments, path, status, message, connection, answer)
    except KeyboardInterrupt:
        builds.end()
        _note("not waiting any longer; the function goes on to its end or timeout, see `lam logs`")
        raise
    finally:
        connection.close()
    _show(answer, log)
    return 0


def _logs(arguments: list[str]) -> int:
    names, options = _parsed(arguments[1:], _LOGS_OPTIONS, ())
    if len(names) > 1:
        raise Unsure
    function = names[0].removeprefix("/aws/lambda/") if names else None
    since, limit = _since_ms(options.get("--since")), _count(options.get("--lines"))
    if since is None and limit is None:
        limit = DEFAULT_LOG_LINES
    path = recorded_socket(options.get("--project"))
    status = _usual_status(path)
    query = query_of(
        {"function": function, "since_ms": since, "filter": options.get("--filter"), "limit": limit}
    )
    message = _get("/logs" + query)
    connection = _connected(path)
    try:
        answer = _Answer(connection, message, None)
        lines = _log_lines(answer)
        if lines is None or not (lines or function is None):
            return _leave_to_ordinary(arguments, path, status, message, connection, answer)
    finally:
        connection.close()
    from lambdacli.cli.log_text import log_line

    shown = (log_line(line, sys.stdout, with_function=function is None) for line in lines)
    sys.stdout.write("".join(f"{line}\n" for line in shown))
    sys.stdout.flush()
    return 0


def _status(arguments: list[str]) -> int:
    names, options = _parsed(arguments[1:], _PROJECT_OPTIONS, ())
    if names:
        raise Unsure
    status = _status_of(recorded_socket(options.get("--project")))
    from lambdacli.cli.status_page import status_page

    sys.stdout.write(status_page(status, sys.stdout))
    sys.stdout.flush()
    return 0


_VERBS = {"invoke": _invoke, "logs": _logs, "status": _status}


# What was asked

_PROJECT_OPTIONS = {"--project": "--project", "--template-file": "--project", "-t": "--project"}
_INVOKE_OPTIONS = {
    "--payload": "--payload",
    "--event": "--event",
    "-e": "--event",
    **_PROJECT_OPTIONS,
    "--function-name": "--function-name",
    "--cli-binary-format": "--cli-binary-format",
}
_LOGS_OPTIONS = {
    "--since": "--since",
    "--filter": "--filter",
    "--lines": "--lines",
    "-n": "--lines",
    **_PROJECT_OPTIONS,
}


def _parsed(words: list[str], options: dict[str, str], flags: tuple[str, ...]) -> Found:
    """Words that stand alone, and options by their long names, each once."""
    names: list[str] = []
    found: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        if not word.startswith("-"):
            names.append(word)
            continue
        name, equals, value = word.partition("=")
        if word in flags:
            name = word
        elif name not in options or (equals and not name.startswith("--")):
            raise Unsure
        else:
            name = options[name]
            value = value if equals else next(rest, "-")
            if value.startswith("-"):
                raise Unsure
        if name in found:
            raise Unsure
        found[name] = value
    return names, found


def _payload(payload: str | None, event: str | None) -> bytes:
    if payload is not None and event is not None:
        raise Unsure
    if event is not None:
        return _file(event)
    if payload is None:
        if _is_stdin_a_pipe():
            raise Unsure
        return b""
    for prefix in ("fileb://", "file://", "@"):
        if payload.startswith(prefix):
            return _file(payload.removeprefix(prefix))
    return payload.encode(errors="surrogateescape")


def _file(name: str) -> bytes:
    """A plain file only: what came through a pipe would be gone when the ordinary verb looks."""
    try:
        if name.startswith("~") or os.stat(name).st_mode & 0o170000 != _REGULAR_FILE:
            raise Unsure
        with open(name, "rb") as file:
            return file.read()
    except (OSError, ValueError) as error:
        raise Unsure from error


def _is_stdin_a_pipe() -> bool:
    try:
        return os.fstat(0).st_mode & 0o170000 == _PIPE
    except OSError:
        return False


def _since_ms(text: str | None) -> int | None:
    if text is None:
        return None
    count, unit = _count(text[:-1]), _SECONDS.get(text[-1:])
    if count is None or unit is None:
        raise Unsure  # a date
    import time

    return int((time.time() - count * unit) * 1000)


def _count(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal()) or len(text) > 6 or text.startswith("0"):
        raise Unsure
    return int(text)


# The service


def _usual_status(path: str) -> "dict[str, Any]":
    """A service of this version, and a lam.yaml without problems."""
    status = _status_of(path)
    if status.get("problems", []) != []:
        raise Unsure
    return status


def _status_of(path: str) -> "dict[str, Any]":
    connection = _connected(path)
    try:
        answer = _Answer(connection, _get("/status"), _STATUS_SECONDS)
    finally:
        connection.close()
    try:
        status = parse(answer.body.decode())
    except ValueError as error:
        raise Unsure from error
    if answer.status != 200 or not isinstance(status, dict) or status.get("version") != __version__:
        raise Unsure
    return status


def _get(route: str) -> bytes:
    return f"GET /_lam/v1{route} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()


def _connected(path: str) -> socket:
    connection = socket(AF_UNIX, SOCK_STREAM)
    try:
        connection.settimeout(_CONNECT_SECONDS)
        connection.connect(path)
    except OSError as error:
        connection.close()
        raise Unsure from error
    return connection


def _send(connection: socket, message: bytes) -> None:
    try:
        connection.sendall(message)
    except TimeoutError:
        raise
    except OSError:
        return  # a service that refuses answers first and then closes: what it said is worth reading


class _Builds:
    """What is told of the function's build, where its answer is long in coming."""

    def __init__(self, path: str, function: str) -> None:
        self._path = path
        self._function = function
        self._watch: BuildWatch | None = None

    def look(self) -> float:
        from lambdacli.cli.build_watch import LOOK_SECONDS, BuildWatch

        if self._watch is None:
            self._watch = BuildWatch(self._asked)
        self._watch.look()
        return LOOK_SECONDS

    def end(self) -> None:
        if self._watch is not None:
            self._watch.end()

    def _asked(self) -> "list[dict[str, Any]]":
        """What is wrong is told by the answer that is waited for."""
        try:
            connection = _connected(self._path)
        except Unsure:
            return []
        try:
            answer = _Answer(connection, _get(f"/builds?function={self._function}"), _STATUS_SECONDS)
            return parse(answer.body.decode())["builds"] if answer.status == 200 else []  # type: ignore[index]
        except ValueError:
            return []
        finally:
            connection.close()


class _Answer:
    """What came back; `status` is 0 as long as that is not one whole, common answer."""

    def __init__(
        self,
        connection: socket,
        message: bytes,
        timeout_seconds: float | None,
        in_silence: "Callable[[], float] | None" = None,
    ) -> None:
        """`in_silence` is called whenever nothing came for a while; it says how long to wait next."""
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.body = b""
        self.received = bytearray()
        self.failure: OSError | None = None
        connection.settimeout(timeout_seconds)
        try:
            _send(connection, message)
            if in_silence is not None:
                connection.settimeout(_SILENCE_SECONDS)
            while not self._is_whole():
                try:
                    piece = connection.recv(_PIECE_BYTES)
                except TimeoutError:
                    if in_silence is None:
                        raise
                    connection.settimeout(in_silence())
                    continue
                if not piece:
                    return
                self.received += piece
        except OSError as error:
            self.failure = error

    def _is_whole(self) -> bool:
        if not self.headers and not self._read_head():
            return False
        begin = self._body_begin
        if b"content-length" in self.headers:
            end = begin + int(self.headers[b"content-length"])
            if len(self.received) < end:
                return False
            self.body = bytes(self.received[begin:end])
        elif not self._read_chunks(begin):
            return False
        self.status = self._told_status
        return True

    def _read_head(self) -> bool:
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return False
        first, *lines = bytes(self.received[:end]).split(b"\r\n")
        self._told_status = (
            int(first[9:12]) if first.startswith(b"HTTP/1.1 ") and first[9:12].isdigit() else 0
        )
        self._body_begin = end + 4
        for line in lines:
            name, _, value = line.partition(b":")
            self.headers[name.strip().lower()] = value.strip()
        if self._told_status < 200 or not self.headers.get(b"content-length", b"0").isdigit():
            self._told_status = 0
        return True

    def _read_chunks(self, position: int) -> bool:
        """Tried when something that looks like the end has come, not at every piece."""
        if b"chunked" not in self.headers.get(b"transfer-encoding", b""):
            return False
        if not self.received.endswith(b"0\r\n\r\n"):
            return False
        pieces: list[bytes] = []
        while (line_end := self.received.find(b"\r\n", position)) >= 0:
            digits = bytes(self.received[position:line_end])
            size = int(digits, 16) if digits.isalnum() else -1
            position = line_end + 2
            if size == 0:
                self.body = b"".join(pieces)
                return True
            if size < 0 or position + size + 2 > len(self.received):
                return False
            pieces.append(bytes(self.received[position : position + size]))
            position += size + 2
        return False


def _leave_to_ordinary(
    arguments: list[str],
    path: str,
    status: "dict[str, Any]",
    message: bytes,
    connection: socket,
    answer: _Answer,
) -> int:
    """The ordinary verb, which reads what has come already instead of sending the message again."""
    from pathlib import Path

    from lambdacli.cli.app import run as run_ordinary
    from lambdacli.client import control, http

    control.take_over(control.Running(Path(path), status))
    http.take_over(message, connection.detach(), bytes(answer.received), answer.failure)
    return run_ordinary(arguments)


# What came back, and how it is shown


def _usual_log(answer: _Answer) -> str | None:
    """The log of a plain success; None where the ordinary verb has more to do."""
    headers = answer.headers
    if answer.status != 200 or b"x-amz-function-error" in headers:
        return None
    if not headers.get(b"x-lam-notice", b"").isascii():
        return None
    if b"x-amz-log-result" not in headers:
        return ""
    from binascii import Error, a2b_base64

    try:
        tail = a2b_base64(headers[b"x-amz-log-result"])
    except Error:
        return None
    if not tail.startswith(TAIL_BEGINNINGS):
        return None  # its beginning was cut off
    return tail.decode(errors="replace")


def _show(answer: _Answer, log: str) -> None:
    notices = answer.headers.get(b"x-lam-notice")
    if notices:
        for notice in notices.decode().split(" | "):
            _note(notice)
    if log:
        from lambdacli.cli.log_text import log_text

        sys.stderr.write("".join(f"{log_text(line, sys.stderr)}\n" for line in log.splitlines()))
        sys.stderr.flush()
    _write_payload(answer.body)


def _log_lines(answer: _Answer) -> "list[dict[str, Any]] | None":
    if answer.status != 200:
        return None
    try:
        lines = [parse(line) for line in answer.body.decode().split("\n") if line.strip()]
    except ValueError:
        return None
    return lines if all(isinstance(line, dict) for line in lines) else None  # type: ignore[return-value]


def _write_payload(payload: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(payload)
    if sys.stdout.isatty() and payload and not payload.endswith(b"\n"):
        sys.stdout.buffer.write(b"\n")
    sys.stdout.buffer.flush()


def _note(text: str) -> None:
    sys.stderr.write(f"{paint('note:', 'cyan', sys.stderr)} {text}\n")
    sys.stderr.flush()
