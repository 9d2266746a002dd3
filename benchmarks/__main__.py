"""Measures a project of its own through the real command line and the real API, beside floors of the same
run."""

from __future__ import annotations

import http.client
import json
import os
import socketserver
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

LAM = str(Path(sys.executable).parent / "lam")
PATH = "/2015-03-31/functions/bench/invocations"
SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=lam/20260101/us-east-1/lambda/aws4_request"}


def main() -> int:
    rows: list[tuple[str, float, float, str]] = []
    with project() as (folder, port), echo_server() as echo_port:
        echo_connection, lam_connection = connect(echo_port), connect(port)
        floor = median_ms(lambda: post(echo_connection, "/"), 300)
        warm = median_ms(lambda: post(lam_connection, PATH), 300)
        rows.append(("warm invoke, 1 caller, p50", warm, floor, "a bare echo on a thread"))
        lam_connection.close()
        echo_connection.close()
        rate, echo_rate = requests_per_second(port, PATH), requests_per_second(echo_port, "/")
        rows.append(("8 callers at once, mean", 1000 / rate, 1000 / echo_rate, "the same echo"))
        bare = median_ms(lambda: command([sys.executable, "-c", "pass"], folder), 9)
        cold = cold_init_ms(folder)
        rows.append(("cold start of an empty function (Init Duration)", cold, bare, "python -c pass"))
        one_shot = median_ms(lambda: command([LAM, "invoke", "bench", "--payload", "{}"], folder), 9)
        rows.append(("lam invoke, whole process", one_shot, bare, "python -c pass"))
        help_text = median_ms(lambda: command([LAM, "--help"], folder), 9)
        rows.append(("lam --help, whole process", help_text, bare, "python -c pass"))
    print(f"{'what':<48} {'ms':>9} {'floor ms':>9} {'ratio':>6}  floor")
    for name, value, base, what in rows:
        print(f"{name:<48} {value:>9.3f} {base:>9.3f} {value / base:>5.1f}x  {what}")
    return 0


@contextmanager
def project() -> Iterator[tuple[Path, int]]:
    with tempfile.TemporaryDirectory(prefix="lam-bench-") as name:
        folder = Path(name)
        (folder / "bench.py").write_text("def handler(event, context):\n    return event\n")
        runtime = f"python{sys.version_info.major}.{sys.version_info.minor}"
        (folder / "lam.yaml").write_text(
            f"functions:\n  bench: {{runtime: {runtime}, handler: bench.handler, timeout: 30}}\n"
        )
        command([LAM, "start", "--detach"], folder)
        try:
            status = subprocess.run([LAM, "status", "--json"], cwd=folder, capture_output=True, check=True)
            yield folder, int(json.loads(status.stdout)["endpoint"].rpartition(":")[2])
        finally:
            command([LAM, "stop"], folder)


@contextmanager
def echo_server() -> Iterator[int]:
    """The least that can answer: reads one request, writes one response, on threads."""

    class Echo(socketserver.StreamRequestHandler):
        disable_nagle_algorithm = True

        def handle(self) -> None:
            while self.rfile.readline():
                length = 0
                while (line := self.rfile.readline().lower()) not in (b"\r\n", b""):
                    if line.startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                body = self.rfile.read(length)
                self.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (length, body))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def connect(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port)


def post(connection: http.client.HTTPConnection, path: str) -> None:
    connection.request("POST", path, body=b'{"a": 1}', headers=SIGNED)
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200 and json.loads(body) == {"a": 1}, body


def median_ms(work: Callable[[], object], times: int) -> float:
    work()
    figures = []
    for _round in range(times):
        began = time.perf_counter()
        work()
        figures.append((time.perf_counter() - began) * 1000)
    return statistics.median(figures)


def requests_per_second(port: int, path: str, callers: int = 8, each: int = 100) -> float:
    def caller() -> None:
        connection = connect(port)
        for _ in range(each):
            post(connection, path)
        connection.close()

    with ThreadPoolExecutor(callers) as pool:
        list(pool.map(lambda _: caller(), range(callers)))  # warms the environments
        began = time.perf_counter()
        list(pool.map(lambda _: caller(), range(callers)))
        return callers * each / (time.perf_counter() - began)


def cold_init_ms(folder: Path, times: int = 7) -> float:
    """A change of the code makes the next invocation a cold one; its REPORT line tells how long the init
    took."""
    figures = []
    source = (folder / "bench.py").read_text()
    for round_number in range(times):
        (folder / "bench.py").write_text(f"{source}# {round_number}\n")
        done = subprocess.run(
            [LAM, "invoke", "bench", "--payload", "{}"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        )
        _, found, rest = done.stderr.partition("Init Duration: ")
        if found:
            figures.append(float(rest.split()[0]))
    return statistics.median(figures)


def command(arguments: list[str], folder: Path) -> None:
    subprocess.run(arguments, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    os.environ.pop("LAM_PROJECT", None)
    sys.exit(main())
