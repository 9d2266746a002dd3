"""Each function's port: the same for ever, unless somebody has taken it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lambdacli.service.debug_ports import FIRST_PORT, PORTS, DebugPorts, PortTaken, derived_port

pytestmark = pytest.mark.real


@pytest.fixture
def sockets() -> Iterator[ExitStack]:
    with ExitStack() as sockets:
        yield sockets


def claimed(ports: DebugPorts, function: str, sockets: ExitStack, chosen: int | None = None) -> int:
    found = ports.claim(function, chosen)
    sockets.enter_context(found.bound)
    port: int = found.bound.getsockname()[1]
    return port


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.mark.parametrize("name", ["greet", "orders", "x" * 64])
def test_a_port_follows_from_the_project_and_the_name(name: str) -> None:
    assert derived_port("/a", name) == derived_port("/a", name)
    assert derived_port("/a", name) != derived_port("/b", name)
    assert FIRST_PORT <= derived_port("/a", name) < FIRST_PORT + PORTS


def test_a_service_that_starts_again_finds_the_port_it_had(tmp_path: Path, sockets: ExitStack) -> None:
    first = claimed(DebugPorts(tmp_path / "ports.json"), "greet", sockets)
    sockets.close()
    assert claimed(DebugPorts(tmp_path / "ports.json"), "greet", sockets) == first
    assert DebugPorts(tmp_path / "ports.json").of("greet") == first


def test_another_program_at_the_port_is_told_and_the_next_one_is_taken_for_this_time(
    tmp_path: Path, sockets: ExitStack
) -> None:
    ports = DebugPorts(tmp_path / "ports.json")
    usual = claimed(ports, "greet", sockets)
    found = DebugPorts(tmp_path / "ports.json").claim("greet", None)
    with found.bound:
        assert found.bound.getsockname()[1] != usual
        assert found.note is not None and f"port {usual} is taken by another program" in found.note
    sockets.close()
    assert claimed(DebugPorts(tmp_path / "ports.json"), "greet", sockets) == usual


def test_two_functions_never_have_the_same_port(tmp_path: Path, sockets: ExitStack) -> None:
    (tmp_path / "ports.json").write_text(f'{{"other": {derived_port(str(tmp_path), "greet")}}}')
    ports = DebugPorts(tmp_path / "ports.json")
    assert ports.of("greet") != ports.of("other")


def test_a_port_that_was_chosen_must_be_free(tmp_path: Path, sockets: ExitStack) -> None:
    ports = DebugPorts(tmp_path / "ports.json")
    port = free_port()
    assert claimed(ports, "greet", sockets, port) == port
    with pytest.raises(PortTaken, match=f"port {port} cannot be used for the debugger of orders"):
        ports.claim("orders", port)


@pytest.mark.parametrize("text", ["", "[]", "{broken", '{"greet": "x"}', '{"greet": 80}'])
def test_a_file_that_cannot_be_read_is_made_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / "ports.json").write_text(text)
    assert FIRST_PORT <= DebugPorts(tmp_path / "ports.json").of("greet") < FIRST_PORT + PORTS
