"""`lam invoke --events`: one invocation per line of a file, several at once, and what became of them all."""

from __future__ import annotations

import contextlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from lambdacli.cli import outfile, render
from lambdacli.cli.ends import Ends
from lambdacli.cli.errors import FAILURE, INTERRUPTED, SUCCESS
from lambdacli.cli.events_file import Line, lines
from lambdacli.cli.interrupt import first_interrupt
from lambdacli.client import http, load, local
from lambdacli.client.local import Endpoint, InvokeInput

PARALLEL = {"Event": 32, "DryRun": 32}
PARALLEL_RUNS = 8
"""Each of those is an environment."""
_LOOK_SECONDS = 1.0
"""So often is asked for ends while events are sent: the history does not keep them for ever."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What is to be sent, and what with the answers."""

    wanted: InvokeInput
    """Of every one; its payload is each line's."""
    file: IO[bytes]
    """Checked, see `events_file`."""
    count: int
    longest: int
    parallel: int
    answers: str | None = None
    """Name of the file for them."""
    left: str | None = None
    """Name of the file for what was not accepted."""
    is_followed: bool = False
    exits_zero: bool = False

    @property
    def kind(self) -> str:
        return self.wanted.invocation_type or "RequestResponse"


@dataclass(slots=True)
class Tally:
    accepted: int = 0
    """Of invocations whose caller waits: those whose function answered."""
    function_errors: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    """Without an answer: it may have been accepted."""
    unsent: int = 0
    seconds: float = 0.0
    why_stopped: str | None = None
    is_interrupted: bool = False

    @property
    def sent(self) -> int:
        return self.accepted + self.function_errors + sum(self.refused.values()) + self.lost

    @property
    def rate(self) -> float:
        return self.sent / self.seconds if self.seconds else 0.0

    @property
    def not_accepted(self) -> int:
        return sum(self.refused.values()) + self.lost + self.unsent


def run(endpoint: Endpoint, batch: Batch, *, as_json: bool) -> int:
    ends = Ends(endpoint, batch.wanted.function_name) if batch.is_followed else None
    tally = _send(endpoint, batch, ends)
    if ends is not None and not tally.is_interrupted:
        _follow(ends, tally)
    if as_json:
        render.output_json(_as_json(batch, tally, ends))
    else:
        _show(batch, tally, ends)
    return exit_code(batch, tally, ends)


def exit_code(batch: Batch, tally: Tally, ends: Ends | None) -> int:
    if tally.is_interrupted:
        return INTERRUPTED
    if tally.not_accepted or tally.why_stopped:
        return FAILURE
    failed = tally.function_errors or (ends is not None and ends.without_success)
    return FAILURE if failed and not batch.exits_zero else SUCCESS


# Sending


class _Sender:
    """Lines become messages when a connection is free for one; each is kept until its answer is there."""

    def __init__(self, endpoint: Endpoint, batch: Batch) -> None:
        self._target, self._headers = local.invoke_target(endpoint, batch.wanted)
        self._lines = lines(batch.file, batch.longest)
        self._sent: dict[int, Line] = {}
        self.is_stopped = False

    def messages(self) -> Iterator[bytes]:
        number = 0
        while not self.is_stopped and (line := next(self._lines, None)) is not None:
            self._sent[number] = line
            number += 1
            yield load.message_of(self._target, self._headers, line.document)

    def line_of(self, exchange: load.Exchange) -> Line:
        return self._sent.pop(exchange.number)

    def under_way(self) -> list[Line]:
        return list(self._sent.values())

    def unsent(self) -> Iterator[Line]:
        return self._lines


def _send(endpoint: Endpoint, batch: Batch, ends: Ends | None) -> Tally:
    tally, sender = Tally(), _Sender(endpoint, batch)
    assert isinstance(endpoint.address, http.UnixAddress)

    def stop() -> None:
        sender.is_stopped = tally.is_interrupted = True
        render.say_at_once("\nstopping: answers that are under way are awaited; ^C again leaves them")

    with _written(batch.left) as keep, _written(batch.answers) as answer:
        began = time.monotonic()
        try:
            with render.progress("sending", batch.count) as advance, first_interrupt(stop):
                looked = began
                for exchange in load.exchanges(endpoint.address.path, sender.messages(), batch.parallel):
                    line = sender.line_of(exchange)
                    advance(1)
                    if not _counted(tally, exchange, ends):
                        keep(line.document)
                    elif batch.answers is not None:
                        answer(answer_line(line, exchange))
                    if ends is not None and time.monotonic() - looked > _LOOK_SECONDS:
                        ends.look()
                        looked = time.monotonic()
        except KeyboardInterrupt:
            tally.is_interrupted = True
        except (http.HttpError, local.ApiError) as error:
            tally.why_stopped = str(error)
        tally.seconds = time.monotonic() - began
        for line in sender.under_way():
            tally.lost += 1
            keep(line.document)
        for line in sender.unsent():
            tally.unsent += 1
            keep(line.document)
    return tally


def _counted(tally: Tally, exchange: load.Exchange, ends: Ends | None) -> bool:
    """Whether it needs not be sent again."""
    if not exchange.was_sent:
        tally.unsent += 1
        return False
    if exchange.status == 0:
        tally.lost += 1
        return False
    if exchange.status >= 300:
        tally.refused[exchange.error_type or f"HTTP {exchange.status}"] += 1
        return False
    if exchange.function_error is not None:
        tally.function_errors += 1
        return True
    tally.accepted += 1
    if ends is not None and exchange.request_id is not None:
        ends.expect(exchange.request_id)
    return True


def answer_line(line: Line, exchange: load.Exchange) -> bytes:
    """The function's answer is put in as the bytes that it is. Pure."""
    told = {"line": line.number, "status": exchange.status, "requestId": exchange.request_id}
    if exchange.function_error is not None:
        told["functionError"] = exchange.function_error
    try:
        json.loads(exchange.body)
        # Line breaks of a JSON document lie between its parts only.
        answer = exchange.body.replace(b"\r", b" ").replace(b"\n", b" ")
    except ValueError:
        answer = json.dumps(exchange.body.decode(errors="replace")).encode()
    return json.dumps(told).encode()[:-1] + b', "answer": ' + answer + b"}"


@contextlib.contextmanager
def _written(name: str | None) -> Iterator[Callable[[bytes], None]]:
    """Takes lines for a file, which is there when all are written; None takes them for nothing."""
    if name is None:
        yield lambda line: None
    elif outfile.is_stdout(name):
        yield render.output_line
    else:
        with outfile.replaced_file(name) as file:
            yield lambda line: (file.write(line + b"\n"), None)[1]


# Following


def _follow(ends: Ends, tally: Tally) -> None:
    try:
        with render.progress("following", ends.expected) as advance:
            advance(ends.ended)
            while ends.pending:
                before = ends.ended
                if not ends.look(wait=True):
                    break
                advance(ends.ended - before)
    except KeyboardInterrupt:
        tally.is_interrupted = True
    except (http.HttpError, local.ApiError) as error:
        tally.why_stopped = str(error)


# What is shown

_DONE = {"Event": "accepted", "DryRun": "could be invoked", "RequestResponse": "answered"}


def _show(batch: Batch, tally: Tally, ends: Ends | None) -> None:
    failed = sum(tally.refused.values())
    parts = [
        f"{tally.sent} of {_events(batch.count)} sent" if tally.sent < batch.count else _events(batch.count),
        f"{tally.accepted} {_DONE[batch.kind]}",
        *([_function_errors(tally.function_errors)] if batch.kind == "RequestResponse" else []),
        f"{failed} refused",
        f"{tally.seconds:.2f} s",
        f"{tally.rate:.0f} events/s",
    ]
    render.say(f"{batch.wanted.function_name}: {', '.join(parts)}")
    for error, count in tally.refused.most_common():
        render.say_styled(f"  {count} × {error}", "red")
    if tally.lost:
        render.say_styled(f"  {tally.lost} × the answer is lost: they may have been accepted", "red")
    if tally.unsent:
        why = tally.why_stopped or "interrupted"
        render.say_styled(f"  {tally.unsent} × not sent: {why}", "red")
    elif tally.why_stopped:
        render.say_styled(f"  {tally.why_stopped}", "red")
    if ends is not None:
        _show_ends(ends)
    if batch.left is not None and tally.not_accepted:
        render.say(f"the {tally.not_accepted} that were not accepted are in {batch.left}: send them again")
    elif tally.not_accepted:
        render.note("--unsent FILE keeps what was not accepted, so that it can be sent again")


def _events(count: int) -> str:
    return "1 event" if count == 1 else f"{count} events"


def _function_errors(count: int) -> str:
    return "1 function error" if count == 1 else f"{count} function errors"


def _show_ends(ends: Ends) -> None:
    for condition, count in ends.conditions.most_common():
        render.say_styled(f"  {count} × {condition}", "green" if condition == "Success" else "red")
    if ends.gone:
        render.say_styled(f"  {ends.gone} × purged, or not in the history any more", "red")
    elif ends.pending:
        render.say(f"  {len(ends.pending)} have not come to their end: they go on, see `lam queue`")


def _as_json(batch: Batch, tally: Tally, ends: Ends | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "function": batch.wanted.function_name,
        "invocation_type": batch.kind,
        "events": batch.count,
        "parallel": batch.parallel,
        "sent": tally.sent,
        "accepted": tally.accepted,
        "function_errors": tally.function_errors,
        "refused": dict(tally.refused),
        "lost": tally.lost,
        "unsent": tally.unsent,
        "seconds": round(tally.seconds, 3),
        "events_per_second": round(tally.rate, 1),
        "is_interrupted": tally.is_interrupted,
        "why_stopped": tally.why_stopped,
        "unsent_file": batch.left,
    }
    if ends is not None:
        told |= {
            "ends": dict(ends.conditions),
            "gone": ends.gone,
            "waiting": 0 if ends.gone else len(ends.pending),
        }
    return told
