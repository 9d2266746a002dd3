"""What is said of a build to whoever waits for an invocation."""

from __future__ import annotations

import io
import json
import sys
import threading
from collections.abc import Iterator

import pytest
from fake_service import Scripted

from lambdacli.cli import app, build_watch, fast
from lambdacli.cli.build_watch import BuildWatch


def build(seconds: float, *, runs: bool, tool: str | None = "npm") -> dict[str, object]:
    return {"function": "demo", "tool": tool, "seconds": seconds, "is_running": runs}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("case", "looks", "at_a_terminal", "in_a_pipe"),
    [
        ("nothing is built", [[], []], "", ""),
        ("it was built before", [[build(9.0, runs=False)]], "", ""),
        (
            "it is built meanwhile",
            [[build(1.0, runs=True)], [build(2.0, runs=True)], [build(2.4, runs=False)]],
            "\r\x1b[Kbuilding demo with npm … 1 s\r\x1b[Kbuilding demo with npm … 2 s"
            "\r\x1b[Kbuilt demo with npm in 2.4 s\n",
            "built demo with npm in 2.4 s\n",
        ),
        (
            "it fails",
            [[build(1.0, runs=True, tool=None)], []],
            "\r\x1b[Kbuilding demo … 1 s\r\x1b[K",
            "",
        ),
    ],
)
def test_a_build_is_shown_while_it_lasts_and_told_at_its_end(
    case: str,
    looks: list[list[dict[str, object]]],
    at_a_terminal: str,
    in_a_pipe: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    for stream, told in ((Terminal(), at_a_terminal), (io.StringIO(), in_a_pipe)):
        monkeypatch.setattr(sys, "stderr", stream)
        answers = iter(looks)
        watch = BuildWatch(lambda answers=answers: next(answers))  # type: ignore[misc]
        for _ in looks[1:]:
            watch.look()
        watch.look() if len(looks) == 1 else watch.end()
        assert stream.getvalue() == told


@pytest.mark.real
@pytest.mark.parametrize("run", [fast.run, app.run], ids=["fast", "ordinary"])
def test_a_build_is_told_by_both_ways_to_invoke(run, service, place, capfd, monkeypatch):
    """Without a sleep: the function answers when its build was asked about for the second time."""
    monkeypatch.setattr(build_watch, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr("lambdacli.cli.callees.LOOK_SECONDS", 0.01)
    monkeypatch.setattr(fast, "_SILENCE_SECONDS", 0.01)
    place.state_dir.mkdir(mode=0o700)
    place.service_file.write_text(json.dumps({"socket": str(place.socket_path)}))
    service.function("demo")
    asked: list[object] = []
    is_built = threading.Event()

    class Builds:
        def __iter__(self) -> Iterator[bytes]:
            asked.append(self)
            runs = len(asked) == 1
            yield json.dumps({"builds": [build(1.5, runs=runs)]}).encode()
            if not runs:
                is_built.set()

    class Answer:
        def __iter__(self) -> Iterator[bytes]:
            is_built.wait(10)
            yield b"1"

    service.answers["GET", "/_lam/v1/builds"] = Scripted(body=Builds())
    service.answers["POST", "/2015-03-31/functions/demo/invocations"] = Scripted(body=Answer())
    assert run(["invoke", "demo"]) == 0
    out, err = capfd.readouterr()
    assert (out, err) == ("1", "built demo with npm in 1.5 s\n")
    assert service.seen[-1].target == "/_lam/v1/builds?function=demo"
