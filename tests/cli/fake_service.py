"""A service that speaks lam's contract with scripted answers, in a thread or as a program of its own.

As a program it takes the real service's options; `LAM_FAKE_*` variables make it misbehave."""

from __future__ import annotations

import argparse
import json
import os
import signal
import socketserver
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from lambdacli import __version__


@dataclass
class Seen:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Scripted:
    status: int = 200
    body: bytes | Iterable[bytes] = b""
    headers: dict[str, str] = field(default_factory=dict)


class FakeService:
    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.answers: dict[tuple[str, str], Scripted] = {}
        self.functions: list[dict] = []
        self.status: dict = {}

    def function(self, name: str, **members) -> None:
        self.functions.append(
            {
                "name": name,
                "runtime": "python3.13",
                "handler": "lambda_function.lambda_handler",
                "memory_mb": 128,
                "timeout_seconds": 3,
                "origin": "lam.yaml",
                "code": f"/project/{name}",
                "arn": f"arn:aws:lambda:us-east-1:000000000000:function:{name}",
                "last_modified": "2026-11-21T09:00:00.000+0000",
                "state": "Active",
                **members,
            }
        )

    def invocation(self, name: str, body: bytes = b"null", status: int = 200, **headers: str) -> None:
        path = f"/2015-03-31/functions/{name}/invocations"
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        self.answers["POST", path] = Scripted(status, body, named)

    def calls(self, prefix: str = "/2015-03-31/") -> list[Seen]:
        return [seen for seen in self.seen if seen.target.startswith(prefix)]

    def answer(self, seen: Seen) -> Scripted:
        path = seen.target.split("?")[0]
        if (seen.method, path) in self.answers:
            return self.answers[seen.method, path]
        if path == "/_lam/v1/status":
            return _json(self.status)
        if path == "/_lam/v1/functions":
            return _json({"functions": self.functions})
        if path.startswith("/_lam/v1/functions/"):
            found = [each for each in self.functions if each["name"] == path.rsplit("/", 1)[1]]
            return _json(found[0]) if found else _json({"message": "no such function"}, 404)
        if path.endswith("/invocations"):
            name = path.split("/")[3]
            arn = f"arn:aws:lambda:us-east-1:000000000000:function:{name}:$LATEST"
            return refusal(404, "ResourceNotFoundException", f"Function not found: {arn}")
        return _json({"message": f"nothing scripted for {seen.method} {path}"}, 501)


def refusal(status: int, code: str, message: str) -> Scripted:
    answer = _json({"Type": "User", "message": message}, status)
    answer.headers["x-amzn-ErrorType"] = code
    return answer


def _json(value: object, status: int = 200) -> Scripted:
    return Scripted(status, json.dumps(value).encode())


class _Threads(socketserver.ThreadingMixIn):
    daemon_threads = True

    # A client that leaves early, or a scripted break, is no news.
    def handle_error(self, *_: object) -> None: ...


class _UnixServer(_Threads, socketserver.UnixStreamServer): ...


class _TcpServer(_Threads, HTTPServer): ...


def serve(fake: FakeService, where: str | tuple[str, int]) -> socketserver.BaseServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            self.close_connection = True
            if not self.raw_requestline or not self.parse_request():
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen = Seen(self.command, self.path, headers, body)
            fake.seen.append(seen)
            self._send(fake.answer(seen))

        def _send(self, answer: Scripted) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                for line in value.split("\n"):
                    self.send_header(name, line)
            if isinstance(answer.body, bytes):
                if answer.status != 204:
                    self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)
                return
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in answer.body:
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")

        def log_message(self, *_: object) -> None: ...

    server: socketserver.BaseServer
    if isinstance(where, str):
        Path(where).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        server = _UnixServer(where, Handler)
    else:
        server = _TcpServer(where, Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    return server


def status_of(pid: int, socket_path: str, state_dir: str, **members) -> dict:
    return {
        "pid": pid,
        "version": __version__,
        "endpoint": "http://127.0.0.1:4566",
        "socket": socket_path,
        "project": None,
        "state_dir": state_dir,
        "started_at": "2026-11-21T09:00:00+00:00",
        "account": "000000000000",
        "region": "us-east-1",
        "functions": 0,
        "environments": {"idle": 0, "running": 0},
        "running_invocations": 0,
        "problems": [],
        "notices": [],
        "anonymous": False,
        **members,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in (
        "--state-dir",
        "--socket",
        "--cache-dir",
        "--project",
        "--port",
        "--idle-exit",
        "--keys",
        "--time-scale",
    ):
        parser.add_argument(name)
    for name in ("--anonymous", "--allow-other-users", "--strict", "--auth"):
        parser.add_argument(name, action="store_true")
    options = parser.parse_args(sys.argv[2:])
    state_dir = Path(options.state_dir)
    with (state_dir / "starts").open("a") as starts:
        starts.write(" ".join(sys.argv[2:]) + "\n")
    if text := os.environ.get("LAM_FAKE_FAILURE"):
        sys.exit(text)
    stopping = threading.Event()
    fake = FakeService()
    fake.status = status_of(
        os.getpid(),
        options.socket,
        options.state_dir,
        version=os.environ.get("LAM_FAKE_VERSION", __version__),
        running_invocations=int(os.environ.get("LAM_FAKE_INVOCATIONS", "0")),
    )

    followers: list[threading.Thread] = []

    def events() -> Iterable[bytes]:
        line = {
            "time": "2026-11-21T09:00:00+00:00",
            "level": "info",
            "text": "cold start",
            "function": "demo",
        }
        yield json.dumps(line).encode() + b"\n"
        followers.append(threading.current_thread())
        stopping.wait()
        yield json.dumps({**line, "level": "warning", "text": "draining"}).encode() + b"\n"

    fake.answers["GET", "/_lam/v1/events"] = Scripted(body=events())
    fake.answers["POST", "/_lam/v1/stop"] = Scripted(202)
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    Path(options.socket).unlink(missing_ok=True)
    # The record first, as the real service does it: who can connect can also read who answers.
    record = {"pid": os.getpid(), "socket": options.socket, "version": __version__, "endpoint": ""}
    (state_dir / "service.json").write_text(json.dumps(record))
    server = serve(fake, options.socket)
    drain_seconds = float(os.environ.get("LAM_FAKE_DRAIN_SECONDS", "0"))
    while not stopping.wait(0.01):
        if stops := [seen for seen in fake.seen if seen.target == "/_lam/v1/stop"]:
            if json.loads(stops[-1].body)["now"]:
                drain_seconds = 0
            stopping.set()
    time.sleep(drain_seconds)
    server.shutdown()
    for follower in followers:
        follower.join(10)  # or its last line would die with this process
    Path(options.socket).unlink(missing_ok=True)
    (state_dir / "service.json").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
