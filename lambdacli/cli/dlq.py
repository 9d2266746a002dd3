"""`lam dlq`: what a function's dead-letter queue holds, and its events sent to the function again."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import typer

from lambdacli.cli import connect, render
from lambdacli.cli.action import Action
from lambdacli.cli.dead_letters import DEAD_LETTERS, DESTINATION, Leave, Letter, name_in, read, why_left
from lambdacli.cli.errors import FAILURE, INTERRUPTED, SUCCESS, CommandError
from lambdacli.cli.interrupt import first_interrupt
from lambdacli.cli.options import JsonOption, ProjectOption, QualifierOption
from lambdacli.client import http, local
from lambdacli.client.local import Endpoint, InvokeInput
from lambdacli.client.sqs import BATCH, Queue, QueueError, QueueMessage, address_of

EXAMPLES = """
lam dlq show demo                                    how much is in it, and its first messages
lam dlq redrive demo --dry-run                       what would be sent again
lam dlq redrive demo                                 each message's event once more
lam dlq redrive demo --from destination --max 10     the OnFailure destination's instead, ten of them
"""

NameArgument = Annotated[str, typer.Argument(metavar="FUNCTION", help="The function.", show_default=False)]
FromOption = Annotated[
    Literal["dlq", "destination"],
    typer.Option("--from", help="Its dead-letter queue, or its OnFailure destination."),
]
SHOWN_AT_MOST = 10
_HEADINGS = ("REQUEST ID", "SENT", "ERROR", "EVENT")
_KINDS = {"sns": "a topic of SNS", "lambda": "a function", "events": "an event bus", "s3": "a bucket of S3"}
_REFUSED_FOR_GOOD = (400, 413)
"""Of one event: the next one may be accepted."""


def show(
    name: NameArgument,
    qualifier: QualifierOption = None,
    source: FromOption = "dlq",
    maximum: Annotated[
        int, typer.Option("--max", metavar="N", min=0, max=1000, help="Show at most so many messages.")
    ] = SHOWN_AT_MOST,
    json: JsonOption = False,
    project: ProjectOption = None,
) -> int:
    with _opened(project, name, qualifier, source) as work:
        depth = work.queue.depth()
        batches = _batches(work, lambda: maximum - len(work.left))
        looked_at = [message for batch in batches for message in batch]
        rows = [(message, read(message, source)) for message in looked_at]
        owners = _owners(work, [letter for _, letter in rows])
    if json:
        told = {"queue": work.arn, "waiting": depth.waiting, "hidden": depth.hidden}
        messages = [{**_as_json(*row), "function": owner} for row, owner in zip(rows, owners, strict=True)]
        render.output_json({**told, "messages": messages})
        return SUCCESS
    render.output_fields(
        [("queue", work.arn), ("waiting", str(depth.waiting)), ("with others", str(depth.hidden))]
    )
    if rows:
        render.output()
        render.output_table(*_with_owners([_row(*row) for row in rows], owners, _own(work)))
    return SUCCESS


def redrive(
    name: NameArgument,
    qualifier: QualifierOption = None,
    source: FromOption = "dlq",
    maximum: Annotated[
        int | None, typer.Option("--max", metavar="N", min=1, help="Send at most so many.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be sent; the queue stays as it is.")
    ] = False,
    shared: Annotated[
        bool,
        typer.Option("--shared", help="Send what may be of another function with the same queue, too."),
    ] = False,
    json: JsonOption = False,
    project: ProjectOption = None,
) -> int:
    with _opened(project, name, qualifier, source) as work:
        sharing = [] if shared or source == DESTINATION else _sharing(work)
        tally = _Tally()
        waiting = work.queue.depth().waiting
        with first_interrupt(tally.interrupt), render.progress("redriving", _least(waiting, maximum)) as told:
            _redrive(work, tally, maximum, sharing, is_dry=dry_run, advance=told)
    if json:
        render.output_json(_summary(work, tally, is_dry=dry_run))
    else:
        _show(work, tally, sharing, is_dry=dry_run)
    if tally.is_interrupted:
        return INTERRUPTED
    return FAILURE if tally.refused or tally.undeleted or tally.why_stopped else SUCCESS


ACTIONS = {
    "show": Action(show, "Show what a function's dead-letter queue holds.", "lam dlq show demo --max 50"),
    "redrive": Action(
        redrive,
        "Send the events of a dead-letter queue to their function again.",
        "lam dlq redrive demo --dry-run\n"
        "lam dlq redrive demo --max 100\n"
        "lam dlq redrive demo --from destination --qualifier live",
    ),
}


# From a function to its queue


@dataclass(slots=True)
class _Work:
    """One function, and the queue in which its failures are."""

    endpoint: Endpoint
    name: str
    qualifier: str | None
    function_arn: str
    """As records call it: with a qualifier, always."""
    source: str
    arn: str
    queue: Queue
    left: dict[str, QueueMessage] = field(default_factory=dict)
    """Looked at, and to be put back, by their ids."""


@contextlib.contextmanager
def _opened(project: str | None, name: str, qualifier: str | None, source: str) -> Iterator[_Work]:
    """What was looked at and not deleted is put back at the end."""
    running = connect.running_service(connect.place_of(project))
    endpoint = running.endpoint
    with connect.named(endpoint, name):
        configuration = local.get_function(endpoint, name, qualifier)["Configuration"]
    arn = _queue_of(endpoint, name, qualifier, source, configuration)
    plain = ":".join(str(configuration["FunctionArn"]).split(":")[:7])
    queue = Queue(address_of(arn, local.status(endpoint)))
    work = _Work(endpoint, name, qualifier, f"{plain}:{qualifier or '$LATEST'}", source, arn, queue)
    try:
        yield work
    except QueueError as error:
        raise CommandError(str(error), error.hint) from error
    finally:
        with contextlib.suppress(QueueError):  # they come back by themselves
            queue.put_back(list(work.left.values()))
        queue.close()


def _queue_of(
    endpoint: Endpoint, name: str, qualifier: str | None, source: str, configuration: dict[str, Any]
) -> str:
    dead_letters = str(configuration.get("DeadLetterConfig", {}).get("TargetArn", ""))
    destination = _failure_destination(endpoint, name, qualifier)
    arn = dead_letters if source == DEAD_LETTERS else destination
    what = "dead-letter queue" if source == DEAD_LETTERS else "OnFailure destination"
    if not arn:
        other, flag = (destination, "destination") if source == DEAD_LETTERS else (dead_letters, "dlq")
        raise CommandError(
            f"{name} has no {what}" + (f" at {qualifier}" if qualifier else ""),
            f"it has {other}: `--from {flag}` reads that"
            if _service_of(other) == "sqs"
            else _HOW_TO_SET[source],
            *((_OF_LAM_YAML,) if source == DEAD_LETTERS and not destination else ()),
        )
    service = _service_of(arn)
    if service != "sqs":
        kind = _KINDS.get(service, "no queue")
        raise CommandError(
            f"the {what} of {name} is {kind} ({arn}): what it was sent cannot be read back",
            "for what comes from now on: subscribe a queue of SQS to it" if service == "sns" else None,
            "events that ended lately are in the history: `lam queue retry REQUEST_ID` sends one again",
        )
    return arn


_HOW_TO_SET = {
    DEAD_LETTERS: "`aws lambda update-function-configuration --dead-letter-config TargetArn=…` sets one, "
    "if the function was made over the API",
    DESTINATION: "`aws lambda put-function-event-invoke-config --destination-config …` sets one",
}
_OF_LAM_YAML = (
    "a function of lam.yaml can have an OnFailure destination instead, by `aws lambda "
    "put-function-event-invoke-config`; `--from destination` reads it"
)


def _failure_destination(endpoint: Endpoint, name: str, qualifier: str | None) -> str:
    path = f"/2019-09-25/functions/{http.escape(name)}/event-invoke-config"
    try:
        config = local.api_call(endpoint, "GET", path + http.query_of({"Qualifier": qualifier}))
    except local.ApiError as error:
        if error.status != 404:
            raise
        return ""
    return str(config.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", ""))


def _service_of(arn: str) -> str:
    return arn.split(":")[2] if arn.startswith("arn:") else ""


def _sharing(work: _Work) -> list[str]:
    """Other functions with the same dead-letter queue: a dead letter does not tell whose it is."""
    functions = local.list_functions(work.endpoint)["Functions"]
    return sorted(
        str(each["FunctionName"])
        for each in functions
        if each.get("DeadLetterConfig", {}).get("TargetArn") == work.arn and each["FunctionName"] != work.name
    )


def _own(work: _Work) -> str:
    """A dead letter does not tell of versions and aliases."""
    return work.name if work.source == DEAD_LETTERS else name_in(work.function_arn)


def _owners(work: _Work, letters: Sequence[Letter | Leave]) -> list[str | None]:
    """Whose each is, as far as it is known."""
    sharing = [] if work.source == DESTINATION else _sharing(work)

    def owner(letter: Letter | Leave) -> str | None:
        if isinstance(letter, Leave):
            return None
        if letter.function_arn is not None:
            return name_in(letter.function_arn)
        return _owner_of(work.endpoint, letter.request_id) if sharing else _own(work)

    return [owner(letter) for letter in letters]


# Redriving


@dataclass(slots=True)
class _Tally:
    sent: dict[str, str] = field(default_factory=dict)
    """By the request id of the new event, that of the old one."""
    would_send: list[tuple[QueueMessage, Letter]] = field(default_factory=list)
    left: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    undeleted: list[str] = field(default_factory=list)
    why_stopped: str | None = None
    is_interrupted: bool = False

    @property
    def count(self) -> int:
        return len(self.sent) + len(self.would_send)

    def interrupt(self) -> None:
        self.is_interrupted = True


def _redrive(
    work: _Work,
    tally: _Tally,
    maximum: int | None,
    sharing: list[str],
    *,
    is_dry: bool,
    advance: Callable[[int], None],
) -> None:
    def room() -> int:
        if tally.is_interrupted or tally.why_stopped:
            return 0
        return BATCH if maximum is None else maximum - tally.count

    for batch in _batches(work, room):
        done: list[QueueMessage] = []
        try:
            for message in batch:
                letter = read(message, work.source)
                why = letter.why if isinstance(letter, Leave) else _why_left(work, letter, tally, sharing)
                if isinstance(letter, Leave) or why is not None:
                    tally.left[str(why)] += 1
                elif is_dry:
                    tally.would_send.append((message, letter))
                    advance(1)
                elif _is_sent(work, letter, tally):
                    done.append(message)
                    advance(1)
                if tally.why_stopped or tally.is_interrupted:
                    break
        finally:
            # Its 202 says that the event is on disk: now, and not before, the message may go.
            tally.undeleted += work.queue.delete(done)
            for message in done:
                work.left.pop(message.id, None)


def _batches(work: _Work, room: Callable[[], int]) -> Iterator[list[QueueMessage]]:
    """Each message once: one that was left comes again when it was hidden for long enough."""
    while (count := room()) > 0:
        messages = work.queue.receive(count)
        new = [each for each in messages if each.id not in work.left]
        work.left.update({each.id: each for each in messages})
        if not new:
            return
        yield new


def _why_left(work: _Work, letter: Letter, tally: _Tally, sharing: list[str]) -> str | None:
    why = why_left(letter, work.function_arn, tally.sent)
    if why is not None or not sharing:
        return why
    owner = _owner_of(work.endpoint, letter.request_id)
    if owner is None:
        return f"whose it is is not known: the queue is that of {', '.join(sharing)}, too"
    return None if owner == work.name else f"it is of {owner}"


def _owner_of(endpoint: Endpoint, request_id: str | None) -> str | None:
    """As far as the history knows."""
    if request_id is None:
        return None
    try:
        return str(local.queued_event(endpoint, request_id)["function"])
    except local.ApiError:
        return None


def _is_sent(work: _Work, letter: Letter, tally: _Tally) -> bool:
    wanted = InvokeInput(work.name, letter.payload or b"", "Event", qualifier=work.qualifier)
    try:
        answer = local.invoke(work.endpoint, wanted)
    except local.ApiError as error:
        if error.status in _REFUSED_FOR_GOOD:
            tally.left[str(error)] += 1
            tally.refused += 1
        else:
            tally.why_stopped = str(error)
        return False
    except http.HttpError as error:
        tally.why_stopped = str(error)
        return False
    tally.sent[answer.request_id or f"number {tally.count}"] = letter.request_id or ""
    return True


def _least(waiting: int, maximum: int | None) -> int:
    return waiting if maximum is None else min(waiting, maximum)


# What is shown


def _show(work: _Work, tally: _Tally, sharing: list[str], *, is_dry: bool) -> None:
    if tally.would_send:
        render.output_table(_HEADINGS, [_row(message, letter) for message, letter in tally.would_send])
    left = sum(tally.left.values())
    done = "would be sent again" if is_dry else "sent again as new events"
    render.say(f"{work.name}: {tally.count} {done}, {left} left in the queue")
    for why, count in tally.left.most_common():
        render.say_styled(f"  {count} × {why}", "yellow")
    if any("is not known" in why for why in tally.left):
        render.note(f"--shared sends them to {work.name}")
    for why in tally.undeleted:
        render.say_styled(f"  1 × sent, but not deleted, so it comes again: {why}", "red")
    if tally.why_stopped:
        render.error(f"stopped: {tally.why_stopped}", ("what was not sent is in the queue again",))
    if tally.sent:
        render.note(f"`lam queue` shows what waits, `lam logs {work.name}` what they write")


def _summary(work: _Work, tally: _Tally, *, is_dry: bool) -> dict[str, Any]:
    return {
        "function": work.name,
        "queue": work.arn,
        "is_dry_run": is_dry,
        "sent": [{"request_id": new, "was": old or None} for new, old in tally.sent.items()],
        "would_send": [_as_json(message, letter) for message, letter in tally.would_send],
        "left": dict(tally.left),
        "not_deleted": tally.undeleted,
        "why_stopped": tally.why_stopped,
        "is_interrupted": tally.is_interrupted,
    }


def _with_owners(
    rows: Sequence[tuple[str, ...]], owners: Sequence[str | None], own: str
) -> tuple[tuple[str, ...], Sequence[tuple[str, ...]]]:
    """Headings and rows, with a column for them where some are another function's."""
    if all(owner in (None, own) for owner in owners):
        return _HEADINGS, rows
    named = [(row[0], owner or "-", *row[1:]) for row, owner in zip(rows, owners, strict=True)]
    return (_HEADINGS[0], "FUNCTION", *_HEADINGS[1:]), named


def _row(message: QueueMessage, letter: Letter | Leave) -> tuple[str, ...]:
    if isinstance(letter, Leave):
        return "-", _moment(message), letter.why, _short(message.body)
    return letter.request_id or "-", _moment(message), letter.error, _short(letter.payload or b"")


def _as_json(message: QueueMessage, letter: Letter | Leave) -> dict[str, Any]:
    is_letter = isinstance(letter, Letter)
    payload = letter.payload if isinstance(letter, Letter) else message.body
    return {
        "message_id": message.id,
        "request_id": letter.request_id if isinstance(letter, Letter) else None,
        "sent_at": _moment(message),
        "error": letter.error if isinstance(letter, Letter) else letter.why,
        "is_letter": is_letter,
        "payload": None if payload is None else payload.decode(errors="replace"),
    }


def _moment(message: QueueMessage) -> str:
    if message.sent_at_ms is None:
        return "-"
    return datetime.fromtimestamp(message.sent_at_ms / 1000, UTC).isoformat(timespec="seconds")


def _short(payload: bytes) -> str:
    text = " ".join(payload.decode(errors="replace").split())
    return text if len(text) <= 60 else f"{text[:60]}…"
