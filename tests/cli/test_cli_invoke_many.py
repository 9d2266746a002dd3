"""`lam invoke --events`: what is refused before anything is sent, what is sent, and what is told of it."""

from __future__ import annotations

import io
import json
import os
import threading

import pytest
from fake_service import Scripted, refusal

from lambdacli.cli import events_file
from lambdacli.cli.errors import CommandError
from lambdacli.cli.events_file import Line
from lambdacli.cli.invoke_many import answer_line
from lambdacli.client.load import Exchange

PATH = "/2015-03-31/functions/demo/invocations"


@pytest.fixture
def demo(service):
    service.function("demo")
    service.invocation("demo", b"", 202, Connection="close")
    return service


def sent(service) -> list[bytes]:
    """The look whether it could be invoked at all is none of them."""
    calls = service.calls(PATH)
    assert calls[0].headers["x-amz-invocation-type"] == "DryRun"
    assert calls[0].body == b""
    return sorted(call.body for call in calls[1:])


def by_body(service, answers: dict[bytes, Scripted]) -> None:
    """Another answer to some events."""
    usual = service.answer
    service.answer = lambda seen: (answers.get(seen.body) if seen.method == "POST" else None) or usual(seen)


def test_each_line_is_an_event_and_blank_ones_are_none(lam, demo, project):
    (project / "events.jsonl").write_bytes(b'{"n": 1}\n\n  [2] \r\n\t\n"3"')
    result = lam("invoke", "demo", "--events", "events.jsonl", "--invocation-type", "Event")
    assert (result.exit_code, result.out) == (0, "")
    assert result.err.startswith("demo: 3 events, 3 accepted, 0 refused, ")
    assert sent(demo) == [b'"3"', b"[2]", b'{"n": 1}']
    assert {call.headers["x-amz-invocation-type"] for call in demo.calls(PATH)[1:]} == {"Event"}


def test_events_come_through_stdin_too(lam, demo):
    result = lam("invoke", "demo", "--events", "-", "--invocation-type", "Event", stdin=b"1\n2\n")
    assert result.exit_code == 0
    assert sent(demo) == [b"1", b"2"]


def test_events_come_through_a_pipe_too(lam, demo, project):
    os.mkfifo(project / "pipe")
    writer = threading.Thread(target=(project / "pipe").write_bytes, args=(b"1\n2\n",))
    writer.start()
    assert lam("invoke", "demo", "--events", "pipe", "--invocation-type", "Event").exit_code == 0
    writer.join()
    assert sent(demo) == [b"1", b"2"]


def test_bad_lines_are_told_with_their_numbers_and_nothing_is_sent(lam, demo, project):
    (project / "events.jsonl").write_bytes(b'{"n": 1}\n{"n": \n\n\xff\n{} {}\n')
    result = lam("invoke", "demo", "--events", "events.jsonl")
    assert result.exit_code == 1
    assert "events.jsonl is not one JSON document per line; nothing was sent" in result.err
    assert "line 2: not JSON: Expecting value: column 6 (char 5)" in result.err
    assert "line 4: byte 1 is not UTF-8" in result.err
    assert "line 5: not JSON: Extra data: column 4 (char 3)" in result.err
    assert demo.calls(PATH) == []


def test_a_file_of_another_kind_is_told_shortly_and_what_mends_it(lam, demo, project):
    (project / "events.json").write_text("[\n" + "x,\n" * 50 + "]\n")
    result = lam("invoke", "demo", "--events", "events.json")
    assert "… and 42 more" in result.err
    assert "jq -c" in result.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--events", "none.jsonl"], "--events: cannot read none.jsonl: No such file or directory"),
        (["--events", "empty.jsonl"], "there is no event in empty.jsonl"),
        (["--parallel", "3"], "--parallel, --unsent and --json belong to --events"),
        (["--unsent", "f"], "--parallel, --unsent and --json belong to --events"),
        (["--events", "e.jsonl", "--payload", "{}"], "--events holds all there is to send"),
        (["--events", "e.jsonl", "-e", "e.json"], "--events holds all there is to send"),
        (["--events", "e.jsonl", "--endpoint-url", "http://x"], "sent to the project's own service"),
        (["o", "--events", "e.jsonl", "--invocation-type", "Event"], "OUTFILE is for answers"),
        (["-", "--events", "e.jsonl", "--json"], "only one of OUTFILE, --unsent and --json can go to stdout"),
        (["--events", "e.jsonl", "--wait"], "--wait follows an event"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_does_not_go_together_is_refused_and_nothing_is_sent(lam, demo, project, words, told):
    (project / "empty.jsonl").write_text("\n\n")
    (project / "e.jsonl").write_text("1\n")
    result = lam("invoke", "demo", *words)
    assert result.exit_code in (1, 2)
    assert told in result.err
    assert demo.calls(PATH) == []


def test_a_function_that_is_not_there_is_told_once(lam, service, project):
    service.function("demo")
    (project / "events.jsonl").write_text("1\n2\n")
    result = lam("invoke", "dmeo", "--events", "events.jsonl")
    assert result.exit_code == 1
    assert "did you mean demo?" in result.err
    assert len(service.calls()) == 1


def test_what_was_refused_is_told_by_error_and_can_be_sent_again(lam, demo, project):
    throttled = refusal(429, "TooManyRequestsException", "Rate Exceeded.")
    by_body(demo, {b"2": throttled, b"3": throttled, b"5": refusal(500, "ServiceException", "full")})
    (project / "events.jsonl").write_text("1\n2\n3\n4\n5\n")
    words = ["invoke", "demo", "--events", "events.jsonl", "--invocation-type", "Event"]
    result = lam(*words, "--unsent", "again.jsonl")
    assert result.exit_code == 1
    assert "demo: 5 events, 2 accepted, 3 refused" in result.err
    assert "  2 × TooManyRequestsException\n  1 × ServiceException\n" in result.err
    assert "the 3 that were not accepted are in again.jsonl: send them again" in result.err
    assert sorted((project / "again.jsonl").read_text().split()) == ["2", "3", "5"]
    assert "--unsent FILE keeps what was not accepted" in lam(*words).err


def test_the_file_of_events_itself_can_keep_what_is_left(lam, demo, project):
    by_body(demo, {b"2": refusal(429, "TooManyRequestsException", "Rate Exceeded.")})
    file = project / "todo.jsonl"
    file.write_text("1\n2\n3\n")
    words = ("--events", "todo.jsonl", "--unsent", "todo.jsonl", "--invocation-type", "Event")
    assert lam("invoke", "demo", *words).exit_code == 1
    assert file.read_text() == "2\n"


def test_an_answer_that_is_lost_is_kept_too_for_the_event_may_not_have_been_accepted(lam, demo, project):
    usual = demo.answer

    def break_off(seen):
        if seen.body == b"2":
            raise ConnectionError
        return usual(seen)

    demo.answer = break_off
    (project / "events.jsonl").write_text("1\n2\n3\n")
    words = ("--events", "events.jsonl", "--unsent", "again.jsonl", "--invocation-type", "Event")
    result = lam("invoke", "demo", *words)
    assert result.exit_code == 1
    assert "  1 × the answer is lost: they may have been accepted" in result.err
    assert (project / "again.jsonl").read_text() == "2\n"


def test_answers_of_functions_are_written_with_the_lines_they_belong_to(lam, demo, project):
    failed = Scripted(200, b'{"errorType":"E"}', {"X-Amz-Function-Error": "Unhandled"})
    by_body(demo, {b"1": Scripted(200, b'{\n"a": 1\n}'), b"2": failed, b"": Scripted(204)})
    (project / "events.jsonl").write_text("1\n\n2\n")
    result = lam("invoke", "demo", "out.jsonl", "--events", "events.jsonl", "--parallel", "1")
    assert result.exit_code == 1
    assert "demo: 2 events, 1 answered, 1 function error, 0 refused" in result.err
    told = [json.loads(line) for line in (project / "out.jsonl").read_text().splitlines()]
    assert [(each["line"], each["answer"]) for each in told] == [(1, {"a": 1}), (3, {"errorType": "E"})]
    assert [each.get("functionError") for each in told] == [None, "Unhandled"]
    assert lam("invoke", "demo", "-", "--events", "events.jsonl", "--exit-zero").exit_code == 0


def test_summary_as_json(lam, demo, project):
    by_body(demo, {b"2": refusal(429, "TooManyRequestsException", "Rate Exceeded.")})
    (project / "events.jsonl").write_text("1\n2\n3\n")
    words = ["--events", "events.jsonl", "--invocation-type", "DryRun", "--parallel", "2", "--json"]
    told = json.loads(lam("invoke", "demo", *words).out)
    assert (told["events"], told["sent"], told["accepted"], told["parallel"]) == (3, 3, 2, 2)
    assert (told["refused"], told["lost"], told["unsent"]) == ({"TooManyRequestsException": 1}, 0, 0)


def test_options_of_one_invocation_hold_for_all(lam, demo, project):
    (project / "events.jsonl").write_text("1\n")
    lam("invoke", "demo", "--events", "events.jsonl", "--qualifier", "blue", "--cold")
    call = demo.calls(PATH)[1]
    assert call.target == f"{PATH}?Qualifier=blue"
    assert call.headers["x-lam-cold"] == "1"
    assert "x-amz-log-type" not in call.headers


# Lines and answers


def test_a_line_that_is_too_long_is_read_in_pieces_and_the_next_one_is_whole():
    file = io.BytesIO(b"1234567\n123\n12345678901234567890\n12345\n")
    assert [line.number for line in events_file.lines(file, 5)] == [1, 2, 3, 4]
    with pytest.raises(CommandError) as caught:
        events_file.check(file, "f", 5)
    assert "line 1: it is longer than the 5 bytes" in str(caught.value)
    assert "line 3: it is longer than the 5 bytes" in str(caught.value)
    assert "line 4" not in str(caught.value)
    assert list(events_file.lines(io.BytesIO(b"12345\r\n1"), 5)) == [Line(1, b"12345"), Line(2, b"1")]


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        (b"{}", None),
        (b"NaN", None),
        (b"", "not JSON: Expecting value: column 1 (char 0)"),
        (b"\xef\xbb\xbf{}", "not JSON: Unexpected UTF-8 BOM (decode using utf-8-sig): column 1 (char 0)"),
        (b"[" * 100_000, "it is nested too deeply"),
        (b"0" * 101, "it is longer than the 100000 bytes that Lambda takes"),
    ],
    ids=["object", "what only the service can judge", "nothing", "byte order mark", "nested", "long"],
)
def test_what_keeps_a_line_from_being_an_event(document, fault):
    longest = 100 if document == b"0" * 101 else 100_000
    expected = None if fault is None else fault.replace("100000", str(longest))
    assert events_file.fault_of(document, longest) == expected


@pytest.mark.parametrize(
    ("body", "answer"),
    [(b"1", 1), (b'{\r\n "a": "b"}\n', {"a": "b"}), (b"no json\n", "no json\n"), (b"", "")],
    ids=["number", "several lines", "text", "nothing"],
)
def test_an_answer_is_one_line_whatever_the_function_says(body, answer):
    told = answer_line(Line(7, b"{}"), Exchange(0.1, 200, "r", body=body))
    assert b"\n" not in told
    assert json.loads(told) == {"line": 7, "status": 200, "requestId": "r", "answer": answer}
