"""Who may come in over TCP, byte by byte against the running service; whoever may not harms nobody."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from house import Project, opened

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc"),
]

ECHO = "def handler(event, context):\n    return event\n"
INVOKE = "/2015-03-31/functions/echo/invocations"
SCOPE = "lam/20260101/us-east-1/lambda/aws4_request"
SIGNED = f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature=0"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with opened(tmp_path_factory.mktemp("door")) as project:
        project.function("echo", ECHO)
        project.start()
        yield project


def exchange(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        return answer


def post(port: int, path: str = INVOKE, body: bytes = b'"in"', **headers: str | None) -> tuple[int, str, str]:
    """Status, error type and body. A header of None is left out."""
    wanted = {"Host": "127.0.0.1", "Authorization": SIGNED, "Connection": "close"}
    wanted.update({name.replace("_", "-"): value for name, value in headers.items()})
    lines = [f"POST {path} HTTP/1.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in wanted.items() if value is not None]
    head, _, content = exchange(port, "\r\n".join([*lines, "", ""]).encode() + body).partition(b"\r\n\r\n")
    fields = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:])
    return int(head.split(b" ")[1]), fields.get("x-amzn-errortype", ""), content.decode()


def assert_lives(project: Project, pid: int) -> None:
    assert post(project.port) == (200, "", '"in"')
    assert project.service_pid == pid


def runs(project: Project) -> int:
    return sum(message.startswith("START ") for message in project.log_messages())


@pytest.mark.parametrize(
    ("headers", "status", "error"),
    [
        pytest.param({"Origin": "https://evil.example"}, 403, "accessdeniedexception", id="foreign origin"),
        pytest.param({"Origin": "null"}, 403, "accessdeniedexception", id="hidden origin"),
        pytest.param({"Sec_Fetch_Site": "cross-site"}, 403, "accessdeniedexception", id="cross-site"),
        pytest.param({"Sec_Fetch_Site": "same-site"}, 403, "accessdeniedexception", id="same-site"),
        pytest.param({"Sec_Fetch_Site": "same-origin"}, 403, "accessdeniedexception", id="same-origin"),
        pytest.param({"Host": "evil.example"}, 403, "accessdeniedexception", id="foreign host"),
        pytest.param({"Host": "127.0.0.1.evil.example:4566"}, 403, "accessdeniedexception", id="rebinding"),
        pytest.param({"Host": None}, 400, "invalidrequestexception", id="no host"),
        pytest.param(
            {"Authorization": None}, 403, "missingauthenticationtokenexception", id="no authorization"
        ),
    ],
)
def test_stranger_is_refused_and_runs_nothing(
    project: Project, headers: dict[str, str | None], status: int, error: str
) -> None:
    pid, before = project.service_pid, runs(project)
    found_status, found_error, body = post(project.port, **headers)
    assert (found_status, found_error) == (status, error)
    assert json.loads(body)["message"]
    assert runs(project) == before
    assert_lives(project, pid)


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1:1", "[::1]:4566", "lambda.localhost", "LOCALHOST:80"]
)
def test_names_of_loopback_are_let_in(project: Project, host: str) -> None:
    assert post(project.port, Host=host)[0] == 200


@pytest.mark.parametrize("path", ["/_lam/v1/status", "/_lam/v1/stop", "/_lam/", "/_lam/v1/../v1/stop"])
def test_own_routes_are_not_on_tcp(project: Project, path: str) -> None:
    pid = project.service_pid
    assert post(project.port, path)[0] == 404
    assert_lives(project, pid)


def test_anonymous_calls_on_wish(tmp_path: Path) -> None:
    with opened(tmp_path) as project:
        project.function("echo", ECHO)
        assert project.start("--port", "0", "--anonymous")["anonymous"] is True
        assert post(project.port, Authorization=None)[0] == 200
        assert post(project.port, Authorization=None, Origin="https://evil.example")[0] == 403


TLS_HELLO = bytes.fromhex("1603010200010001fc0303") + bytes(range(256)) * 2


@pytest.mark.parametrize(
    "garbage",
    [
        pytest.param(TLS_HELLO, id="TLS hello"),
        pytest.param(bytes(range(256)) * 64, id="binary"),
        pytest.param(b"\0" * 100_000, id="zeros"),
        pytest.param(b"GET / HTTP/9.9\r\n\r\n", id="strange version"),
        pytest.param(b"SSH-2.0-OpenSSH_9.9\r\n", id="SSH"),
    ],
)
def test_garbage_on_the_port_harms_nobody(project: Project, garbage: bytes) -> None:
    pid = project.service_pid
    answer = exchange(project.port, garbage)
    assert answer.startswith(b"HTTP/1.1 400 ") or answer.startswith(b"HTTP/1.1 505 "), answer[:80]
    assert_lives(project, pid)


def test_connections_that_break_off_harm_nobody(project: Project) -> None:
    pid = project.service_pid
    for said in (b"", b"POST", f"POST {INVOKE} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{{".encode()):
        for _ in range(20):
            connection = socket.create_connection(("127.0.0.1", project.port), 10)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(said)
            connection.close()  # with a reset
    assert_lives(project, pid)


NEIGHBOUR = """
import encodings.idna, os, socket, sys  # first: afterwards the library may be out of reach
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
host, port = sys.argv[1].split(":")
with socket.create_connection((host, int(port)), 10) as connection:
    connection.sendall(sys.stdin.buffer.read())
    while piece := connection.recv(65536):
        sys.stdout.buffer.write(piece)
"""


def as_neighbour(project: Project) -> bytes:
    request = (
        f"POST {INVOKE} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {SIGNED}\r\n"
        'Connection: close\r\nContent-Length: 4\r\n\r\n"in"'
    )
    return answer_to_neighbour(f"127.0.0.1:{project.port}", request)


def answer_to_neighbour(address: str, request: str) -> bytes:
    if os.getuid() != 0:
        if os.environ.get("LAM_TEST_COMPLETE"):
            pytest.fail("the full suite runs as root: only root can play another user")
        pytest.skip("only root can play another user")
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", NEIGHBOUR, address],
        input=request.encode(),
        capture_output=True,
        timeout=20,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def test_other_users_are_refused(project: Project) -> None:
    pid = project.service_pid
    answer = as_neighbour(project)
    assert answer.startswith(b"HTTP/1.1 403 ") and b"belongs to another user" in answer
    assert b'"in"' not in answer
    assert_lives(project, pid)


def test_other_users_are_refused_by_a_functions_runtime_api(project: Project) -> None:
    project.function(
        "where",
        "import os\n\ndef handler(event, context):\n    return os.environ['AWS_LAMBDA_RUNTIME_API']\n",
    )
    address = project.invoke("where")
    request = f"GET /2018-06-01/ping HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), 10) as connection:
        connection.sendall(request.encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
    answer = answer_to_neighbour(address, request)
    assert answer.startswith(b"HTTP/1.1 403 ") and b"belongs to another user" in answer
    assert project.invoke("where") == address, "the same environment goes on"


def test_other_users_on_wish(tmp_path: Path) -> None:
    with opened(tmp_path) as project:
        project.function("echo", ECHO)
        project.start("--port", "0", "--allow-other-users")
        assert as_neighbour(project).endswith(b'\r\n\r\n"in"')


def test_other_users_cannot_reach_the_socket(project: Project) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can play another user")
    code = (
        "import os, socket, sys\nos.setgroups([])\nos.setgid(65534)\nos.setuid(65534)\n"
        "socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, project.record["socket"]],
        capture_output=True,
        text=True,
        cwd="/",
        timeout=20,
    )
    assert "PermissionError" in done.stderr
