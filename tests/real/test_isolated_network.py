"""`network: isolated`: a network of the environment's own, with the Runtime API, the Lambda API and the local
services inside, and nothing else of this machine."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import sys
import threading
from collections.abc import Callable, Iterator

import psutil
import pytest
from functions_house import House, open_house, wait_until
from toolchains import missing, need

from lambdacli.environments.sandbox import outbound

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(sys.platform != "linux", reason="a network of its own is Linux's"),
]

CODE = """
import os, signal, socket, time, urllib.request
runs = 0

def count(event, context):
    global runs
    runs += 1
    return {"runs": runs, "api": os.environ["AWS_LAMBDA_RUNTIME_API"], "hosts": open("/etc/hosts").read()}

def connect(event, context):
    with socket.socket() as there:
        there.settimeout(event.get("seconds", 5))
        try:
            there.connect((event["host"], event["port"]))
            return there.recv(100).decode()
        except OSError as error:
            return error.strerror or str(error)

def bind(event, context):
    with socket.create_server(("127.0.0.1", event["port"])):
        time.sleep(event["seconds"])
    return "bound"

def interfaces(event, context):
    return sorted(name for _, name in socket.if_nameindex())

def call(event, context):
    import boto3
    answer = boto3.client("lambda").invoke(FunctionName="count", Payload=b"{}")
    return answer["Payload"].read().decode()

def raw(event, context):
    host, port = os.environ["AWS_ENDPOINT_URL_LAMBDA"].removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 5) as there:
        there.sendall(event["request"].encode())
        return there.recv(65536).decode()

def fetch(event, context):
    with urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL_SQS"], timeout=5) as answer:
        return answer.read().decode()

def die(event, context):
    if event.get("die"):
        os.kill(os.getpid(), signal.SIGKILL)
    return socket.gethostbyname("localhost")

def configure(event, context):
    import ctypes
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        try:
            import fcntl, struct
            fcntl.ioctl(own, 0x8914, struct.pack("16sh14x", b"lo", 0))  # SIOCSIFFLAGS: lo goes down
        except OSError as error:
            return error.strerror
    return "done"
"""
SHELL = """#!/bin/sh
set -e
while true; do
  headers=$(mktemp)
  event=$(curl -sS -D "$headers" "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next")
  id=$(grep -i '^lambda-runtime-aws-request-id:' "$headers" | tr -d '[:space:]' | cut -d: -f2)
  curl -sS -o /dev/null -d "[\\"$AWS_LAMBDA_RUNTIME_API\\", $event]" \
    "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$id/response"
done
"""
NAMES = ("count", "connect", "bind", "interfaces", "call", "raw", "fetch", "die", "configure")


def served(host: str, answer: bytes) -> tuple[socket.socket, int]:
    """A listener of this machine that says one thing to whoever connects, until it is closed."""
    listener = socket.create_server((host, 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.settimeout(5)
                    if answer.startswith(b"HTTP"):
                        connection.recv(4096)
                    connection.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    return listener, listener.getsockname()[1]


def end(listener: socket.socket) -> None:
    with contextlib.suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()


FUNCTIONS: dict[str, dict[str, object]] = {
    **{name: {"handler": f"app.{name}", "network": "isolated", "timeout": 30} for name in NAMES},
    "shell": {
        "runtime": "provided.al2023",
        "code": "shell",
        "network": "isolated",
        "timeout": 30,
        "cpu_share": False,  # its many small programs take long with a fourteenth of a processor
    },
    "hosted": {"handler": "app.connect"},
}
FILES = {"code/app.py": CODE, "shell/bootstrap": SHELL}


def need_linux_walls(house: House) -> None:
    if json.loads(house.lam("status", "--json").stdout)["walls"] != "linux":
        missing("what Linux's walls are made of")


@pytest.fixture(scope="module")
def queue() -> Iterator[int]:
    listener, port = served("127.0.0.1", b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nqueue")
    yield port
    end(listener)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, queue: int) -> Iterator[House]:
    settings = {"services": {"sqs": f"http://127.0.0.1:{queue}"}}
    with open_house(tmp_path_factory.mktemp("isolated") / "house", FUNCTIONS, FILES, settings) as house:
        need_linux_walls(house)
        yield house


def test_a_function_finds_its_runtime_api_where_code_expects_it(house: House) -> None:
    first = house.invoke("count").json
    assert (first["runs"], first["api"]) == (1, "127.0.0.1:9001")
    assert "127.0.0.1 sandbox.localdomain sandbox" in first["hosts"]
    assert house.invoke("count").json["runs"] == 2  # it was frozen and thawed
    need("curl")
    assert house.invoke("shell", {"a": 1}).json == ["127.0.0.1:9001", {"a": 1}]


def test_nothing_on_this_machines_loopback_is_reached(house: House) -> None:
    listener, port = served("127.0.0.1", b"secret")
    try:
        asked = {"host": "127.0.0.1", "port": port}
        assert house.invoke("hosted", asked).json == "secret"
        assert house.invoke("connect", asked).json == "Connection refused"
        # Whatever address stands for a gateway, it does not stand for this machine.
        seconds = {"host": outbound.GATEWAY, "port": port, "seconds": 1}
        assert house.invoke("connect", seconds).json != "secret"
    finally:
        end(listener)


def test_another_environments_runtime_api_is_not_reached(house: House) -> None:
    assert house.invoke("hosted", {"host": "127.0.0.1", "port": 1}).json == "Connection refused"
    addresses = {
        connection.laddr[:2]
        for connection in psutil.Process(house.service.pid).net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == 9001
    }
    assert addresses, "a function with this machine's network has a listener there"
    for host, port in addresses:
        assert house.invoke("connect", {"host": host, "port": port}).json == "Connection refused"


def test_the_lambda_api_is_there_with_the_rules_of_its_door(house: House) -> None:
    assert json.loads(house.invoke("call").json)["runs"] >= 1
    begin = "GET /2015-03-31/functions HTTP/1.1\r\nConnection: close\r\nHost: "
    signed = "Authorization: anything\r\n"
    for request, status in (
        (f"{begin}localhost\r\n{signed}\r\n", "200"),
        (f"{begin}localhost\r\n\r\n", "403"),
        (f"{begin}elsewhere.example\r\n{signed}\r\n", "403"),
        (f"{begin}localhost\r\n{signed}Origin: http://a.example\r\n\r\n", "403"),
        ("GET /_lam/v1/status HTTP/1.1\r\nConnection: close\r\nHost: localhost\r\n\r\n", "404"),
    ):
        assert house.invoke("raw", {"request": request}).json.split()[1] == status, request


def test_a_local_service_of_the_project_is_there(house: House) -> None:
    assert house.invoke("fetch").json == "queue"


def test_two_environments_bind_the_same_port(house: House) -> None:
    answers = []
    asked = {"port": 8000, "seconds": 1}

    def invoke() -> None:
        answers.append(house.invoke("bind", asked).json)

    callers = [threading.Thread(target=invoke) for _ in range(2)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert answers == ["bound", "bound"]
    found = json.loads(house.lam("envs", "bind", "--json").stdout)["environments"]
    assert len(found) == 2


def test_new_processes_after_a_failure_have_the_same_network(house: House) -> None:
    assert house.invoke("die").json == "127.0.0.1"
    assert house.invoke("die", {"die": True}).function_error == "Unhandled"
    assert house.invoke("die").json == "127.0.0.1"


def test_a_function_cannot_change_its_network(house: House) -> None:
    assert house.invoke("configure").json == "Operation not permitted"
    assert house.invoke("interfaces").json in (["lo"], [outbound.INTERFACE, "lo"])


def test_nothing_is_left_of_environments_that_are_closed(tmp_path) -> None:
    functions = {"count": {"handler": "app.count", "network": "isolated"}}
    with open_house(tmp_path / "house", functions, {"code/app.py": CODE}) as house:
        need_linux_walls(house)

        def held_without_environments() -> tuple[int, int]:
            """A change of its code ends all that a function has."""
            with (house.folder / "code" / "app.py").open("a") as file:
                file.write("# changed\n")
            wait_until(lambda: len(house.processes()) == 1, "only the keeper is left")
            return at_rest(lambda: (house.descriptors(), len(house.processes())))

        assert house.lam("invoke", "count", "--payload", "{}").returncode == 0
        before = held_without_environments()
        for _ in range(20):
            done = house.lam("invoke", "count", "--cold", "--payload", "{}")
            assert done.returncode == 0, done.stderr
        assert held_without_environments() == before


def at_rest(held: Callable[[], tuple[int, int]]) -> tuple[int, int]:
    """When it has not changed over many looks."""
    seen: list[tuple[int, int]] = []

    def is_same() -> bool:
        seen.append(held())
        return len(seen) > 15 and len(set(seen[-15:])) == 1

    wait_until(is_same, "nothing changes any more", 20)
    return seen[-1]


def outer_address() -> str | None:
    """Of this machine, as others would reach it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        try:
            any_socket.connect(("198.51.100.1", 9))
        except OSError:
            return None
        address: str = any_socket.getsockname()[0]
        return address


@pytest.mark.parametrize("program", outbound.PROGRAMS)
def test_other_machines_are_reached_through_a_program_and_this_ones_loopback_is_not(
    tmp_path, program: str
) -> None:
    need(program)
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        missing("/dev/net/tun for this user")
    address = outer_address()
    if address is None:
        missing("a network beyond loopback")
    functions = {"connect": {"handler": "app.connect", "network": "isolated", "timeout": 30}}
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / program).symlink_to(str(shutil.which(program)))
    outer, port = served(str(address), b"outside")
    inner, inner_port = served("127.0.0.1", b"inside")
    try:
        variables = {"PATH": str(tmp_path / "bin")}  # only this one is found
        with open_house(tmp_path / "house", functions, {"code/app.py": CODE}, variables=variables) as house:
            need_linux_walls(house)
            assert house.invoke("connect", {"host": address, "port": port}).json == "outside"
            for host in (outbound.GATEWAY, outbound.RESOLVER, address):
                asked = {"host": host, "port": inner_port, "seconds": 1}
                assert house.invoke("connect", asked).json != "inside"
            assert "nothing outside" not in house.journal()
            commands = [process.cmdline()[:1] for process in house.processes()]
            assert [str(tmp_path / "bin" / program)] in commands
    finally:
        end(outer)
        end(inner)


def test_without_such_a_program_it_says_so_and_runs(tmp_path) -> None:
    functions = {"count": {"handler": "app.count", "network": "isolated"}}
    empty = tmp_path / "bin"
    empty.mkdir()
    house_of = open_house(
        tmp_path / "house", functions, {"code/app.py": CODE}, variables={"PATH": str(empty)}
    )
    with house_of as house:
        need_linux_walls(house)
        done = house.lam("invoke", "count", "--payload", "{}")
        assert json.loads(done.stdout)["runs"] == 1
        assert "neither pasta nor slirp4netns is installed" in done.stderr
        assert "neither pasta nor slirp4netns" in house.journal()
        assert any(
            "pasta" in note for note in json.loads(house.lam("show", "count", "--json").stdout)["notes"]
        )


def test_portable_walls_cannot_keep_it_and_say_so(tmp_path) -> None:
    functions = {"count": {"handler": "app.count", "network": "isolated"}}
    variables = {"LAM_WALLS": "portable"}
    with open_house(tmp_path / "house", functions, {"code/app.py": CODE}, variables=variables) as house:
        done = house.lam("invoke", "count", "--payload", "{}")
        assert json.loads(done.stdout)["api"] != "127.0.0.1:9001"
        assert "network: isolated cannot be kept" in done.stderr
        assert house.journal().count("network: isolated cannot be kept") == 1
        notes = json.loads(house.lam("show", "count", "--json").stdout)["notes"]
        assert any("network: isolated cannot be kept" in note for note in notes)
