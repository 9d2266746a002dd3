"""What a relay understands of the Debug Adapter Protocol and of Node.js's inspector."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest

from lambdacli.environments.debugging.dap import AdapterWatch, Messages, encoded
from lambdacli.environments.debugging.inspector import InspectorWatch, MessageBeginnings

STOPPED = {"seq": 9, "type": "event", "event": "stopped", "body": {"threadId": 1}}


def answer(command: str, number: int = 1, *, success: bool = True) -> dict[str, Any]:
    return {"seq": 10, "type": "response", "command": command, "request_seq": number, "success": success}


def request(command: str, number: int = 1, **arguments: Any) -> dict[str, Any]:
    return {"seq": number, "type": "request", "command": command, "arguments": arguments}


def event(name: str) -> dict[str, Any]:
    return {"seq": 11, "type": "event", "event": name}


Step = tuple[str, dict[str, Any]]


@pytest.mark.parametrize(
    ("story", "is_held"),
    [
        ([("said", STOPPED)], True),
        ([("said", STOPPED), ("said", event("continued"))], False),
        ([("said", STOPPED), ("asked", request("continue"))], False),
        ([("said", STOPPED), ("asked", request("next")), ("said", answer("next"))], False),
        ([("said", STOPPED), ("asked", request("next")), ("said", answer("next", success=False))], True),
        (
            [
                ("said", STOPPED),
                ("asked", request("continue")),
                ("said", STOPPED),
                ("said", answer("continue")),
            ],
            True,
        ),
        ([("said", STOPPED), ("asked", request("variables")), ("said", answer("variables"))], True),
        ([("asked", request("continue")), ("said", answer("continue", success=False))], False),
        ([("said", STOPPED), ("asked", request("disconnect"))], False),
        ([("said", STOPPED), ("said", event("terminated"))], False),
        ([("said", event("output"))], False),
    ],
)
def test_an_adapter_is_held_from_a_stop_until_it_is_told_to_go_on(story: list[Step], is_held: bool) -> None:
    watch = AdapterWatch()
    for who, message in story:
        (watch.heard_from_debugger if who == "said" else watch.heard_from_editor)(encoded(message))
    assert watch.is_held is is_held


def test_an_editor_is_attached_when_it_is_done_with_its_breakpoints() -> None:
    watch = AdapterWatch()
    watch.heard_from_debugger(encoded(answer("initialize")) + encoded(answer("setBreakpoints")))
    assert not watch.is_attached
    watch.heard_from_debugger(encoded(answer("configurationDone")))
    assert watch.is_attached


def test_messages_are_found_however_they_are_cut() -> None:
    stream = encoded(STOPPED) + b"X-Other: 1\r\n" + encoded(event("continued"))
    messages = Messages()
    found = [each for index in range(len(stream)) for each in messages.feed(stream[index : index + 1])]
    assert found == [STOPPED, event("continued")]


@pytest.mark.parametrize(
    "noise",
    [b"GET / HTTP/1.1\r\n\r\n", b"Content-Length: x\r\n\r\n{}", b"Content-Length: 99999999999\r\n\r\n"],
)
def test_what_is_no_such_stream_is_left_alone(noise: bytes) -> None:
    messages = Messages()
    assert list(messages.feed(noise)) == []
    assert list(messages.feed(encoded(STOPPED))) == []


def test_what_never_becomes_a_message_is_not_kept() -> None:
    messages = Messages()
    tracemalloc.start()
    try:
        for _ in range(64):
            assert list(messages.feed(bytes(64 * 1024))) == []
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 256 * 1024


def test_a_message_nested_too_deep_is_none_and_the_next_one_is_read() -> None:
    deep = b"[" * 100_000
    stream = b"Content-Length: %d\r\n\r\n%b" % (len(deep), deep) + encoded(STOPPED)
    assert list(Messages().feed(stream)) == [STOPPED]


@pytest.mark.parametrize(("restart", "body"), [(True, {"restart": True}), (False, {}), (None, {})])
def test_an_editor_hears_of_the_end_and_whether_to_come_again(restart: object, body: object) -> None:
    watch = AdapterWatch()
    watch.heard_from_editor(encoded(request("attach", 3, restart=restart)))
    watch.heard_from_debugger(encoded({"seq": 41, "type": "event", "event": "output"}))
    assert list(Messages().feed(watch.farewell())) == [
        {"seq": 42, "type": "event", "event": "terminated", "body": body}
    ]
    assert watch.farewell() == b""
    (left,) = Messages().feed(watch.answer(encoded(request("disconnect", 7))))
    assert (left["request_seq"], left["command"], left["success"]) == (7, "disconnect", True)
    (refused,) = Messages().feed(watch.answer(encoded(request("threads", 8))))
    assert not refused["success"]


def test_an_adapter_that_said_itself_that_it_ends_is_not_repeated() -> None:
    watch = AdapterWatch()
    watch.heard_from_debugger(encoded(event("terminated")))
    assert watch.farewell() == b""


def test_an_adapter_hears_that_its_editor_has_gone_unless_it_was_told() -> None:
    rude, polite, silent = AdapterWatch(), AdapterWatch(), AdapterWatch()
    rude.heard_from_editor(encoded(request("initialize", 5)))
    (said,) = Messages().feed(rude.parting())
    assert (said["seq"], said["command"], said["arguments"]["terminateDebuggee"]) == (6, "disconnect", False)
    assert not rude.is_parted
    rude.heard_from_debugger(encoded(answer("disconnect", 6)))
    assert rude.is_parted
    polite.heard_from_editor(encoded(request("disconnect", 5)))
    assert (polite.parting(), silent.parting()) == (b"", b"")


# The inspector

UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
TARGETS = b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\n[{}]"
PAUSED = b'{"method":"Debugger.paused","params":{"callFrames":[]}}'
RESUMED = b'{"method":"Debugger.resumed","params":{}}'


def frame(payload: bytes, *, first: int = 0x81, mask: bytes = b"") -> bytes:
    size = len(payload)
    flag = 0x80 if mask else 0
    if size < 126:
        length = bytes([flag | size])
    elif size < 65536:
        length = bytes([flag | 126]) + size.to_bytes(2, "big")
    else:
        length = bytes([flag | 127]) + size.to_bytes(8, "big")
    masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload)) if mask else payload
    return bytes([first]) + length + mask + masked


def of_worker(session: str, message: bytes) -> bytes:
    parameters = {"sessionId": session, "message": message.decode()}
    document = {"method": "NodeWorker.receivedMessageFromWorker", "params": parameters}
    return json.dumps(document, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    ("story", "is_held"),
    [
        ([PAUSED], True),
        ([PAUSED, RESUMED], False),
        ([b'{"id":1,"result":{"method":"Debugger.paused"}}'], False),
        ([of_worker("1", PAUSED)], True),
        ([of_worker("1", PAUSED), RESUMED], True),
        ([of_worker("1", PAUSED), of_worker("1", RESUMED)], False),
        (
            [
                of_worker("1", PAUSED),
                b'{"method":"NodeWorker.detachedFromWorker","params":{"sessionId":"1"}}',
            ],
            False,
        ),
    ],
)
def test_an_inspector_is_held_from_paused_to_resumed(story: list[bytes], is_held: bool) -> None:
    watch = InspectorWatch()
    watch.heard_from_debugger(TARGETS + UPGRADED + b"".join(frame(each) for each in story))
    assert watch.is_held is is_held


def test_an_inspectors_messages_are_found_however_they_are_cut() -> None:
    stream = TARGETS + UPGRADED + frame(b"x" * 70_000) + frame(b"", first=0x89) + frame(PAUSED)
    watch = InspectorWatch()
    for begin in range(0, len(stream), 7):
        assert not watch.is_held
        watch.heard_from_debugger(stream[begin : begin + 7])
    assert watch.is_held


def test_the_pieces_of_a_message_are_one() -> None:
    beginnings = MessageBeginnings()
    assert beginnings.feed(frame(PAUSED[:9], first=0x01) + frame(b"", first=0x8A)) == []
    assert beginnings.feed(frame(PAUSED[9:], first=0x80)) == [PAUSED]


def test_an_inspectors_editor_is_attached_when_it_lets_the_program_run() -> None:
    watch = InspectorWatch()
    watch.heard_from_editor(b"GET /id HTTP/1.1\r\n\r\n")
    watch.heard_from_debugger(UPGRADED)
    watch.heard_from_editor(frame(b'{"id":1,"method":"Debugger.enable"}', mask=b"abcd"))
    assert not watch.is_attached
    message = b'{"id":2,"method":"Runtime.runIfWaitingForDebugger","params":{}}'
    watch.heard_from_editor(frame(message, mask=b"\x01\x02\x03\x04"))
    assert watch.is_attached


@pytest.mark.parametrize(
    ("said", "farewell"),
    [
        (UPGRADED + frame(PAUSED), b"\x88\x02\x03\xe9"),
        (UPGRADED + frame(PAUSED)[:-1], b""),
        (TARGETS, b""),
    ],
)
def test_a_websocket_is_closed_between_two_messages(said: bytes, farewell: bytes) -> None:
    watch = InspectorWatch()
    watch.heard_from_debugger(said)
    assert watch.farewell() == farewell
