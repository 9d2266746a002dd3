"""The fast path does what the ordinary verb does, byte for byte, or leaves it alone."""

from __future__ import annotations

import base64
import json
import os
import re
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
from fake_service import Scripted, refusal

from lambdacli.cli import app, fast
from lambdacli.client import http
from lambdacli.client.nearby import Unsure, recorded_socket
from lambdacli.model.location import locate, prepare

pytestmark = pytest.mark.real

LOG = (
    "START RequestId: r-1 Version: $LATEST\nhello ü\n[ERROR] no\nEND RequestId: r-1\nREPORT RequestId: r-1\n"
)
INVOCATIONS = "/2015-03-31/functions/demo/invocations"


@dataclass(frozen=True)
class Done:
    exit_code: int | None
    out: str
    err: str
    sent: tuple[object, ...]


@pytest.fixture
def both(project, place, service, capfd, monkeypatch):
    """Runs words twice, fast and ordinary, and tells what each wrote and sent."""
    place.state_dir.mkdir(mode=0o700)
    record = {"pid": os.getpid(), "endpoint": "", "socket": str(place.socket_path), "version": ""}
    place.service_file.write_text(json.dumps(record))
    ordinary = app.run

    def call(run, words) -> Done:
        service.seen.clear()
        capfd.readouterr()
        exit_code = run(list(words))
        out, err = capfd.readouterr()
        now = re.compile(r"since_ms=\d+|, for \d+ \w+")
        sent = [
            (seen.method, now.sub("NOW", seen.target), tuple(seen.headers.items()), seen.body)
            for seen in service.seen
        ]
        return Done(exit_code, now.sub("NOW", out), err, tuple(sent))

    def run_both(*words: str) -> tuple[Done, Done]:
        return call(fast.run, words), call(ordinary, words)

    return run_both


def tail_of(log: str) -> str:
    return base64.b64encode(log.encode()).decode()


def log_lines(*messages: str) -> Scripted:
    lines = [
        {"timestamp": 1_795_000_000_007 + number, "function": "demo", "stream": "s", "message": message}
        for number, message in enumerate(messages)
    ]
    return Scripted(body=[json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines])


@pytest.fixture
def usual(service):
    service.function("demo")
    service.invocation("demo", b'{"a": 1}', X_Amz_Log_Result=tail_of(LOG), x_amzn_RequestId="r-1")
    service.answers["GET", "/_lam/v1/logs"] = log_lines(
        "INIT_START\n", "hello ü\r\n", "\n", 'a "quoted" one\n'
    )
    return service


COMMON = [
    ["invoke", "demo"],
    ["invoke", "demo", "--payload", '{"key": "value ü"}'],
    ["invoke", "demo", '--payload={"key": "=a=b"}'],
    ["invoke", "--payload", "{}", "demo"],
    ["invoke", "--function-name", "demo", "--payload", "{}"],
    ["invoke", "demo", "-e", "event.json"],
    ["invoke", "demo", "--event", "event.json"],
    ["invoke", "demo", "--payload", "file://event.json"],
    ["invoke", "demo", "--payload", "fileb://event.json"],
    ["invoke", "demo", "--payload", "@event.json"],
    ["invoke", "demo", "--cli-binary-format", "raw-in-base64-out", "--payload", "{}"],
    ["invoke", "demo", "--payload", "{}", "--exit-zero"],
    ["invoke", "demo", "--payload", ""],
    ["invoke", "demo", "--cold", "--payload", "{}"],
    ["invoke", "demo", "--project", "."],
    ["invoke", "demo", "--project", "lam.yaml"],
    ["logs"],
    ["logs", "demo"],
    ["logs", "/aws/lambda/demo"],
    ["logs", "demo", "-n", "5"],
    ["logs", "demo", "--lines=5", "--filter", "two words & ü"],
    ["logs", "--since", "10m"],
    ["logs", "demo", "--since", "2d", "--lines", "7"],
    ["status"],
    ["status", "--project", "."],
]

LEFT = [
    [],
    ["--help"],
    ["invoke"],
    ["invoke", "--help"],
    ["invoke", "demo", "out.json"],
    ["invoke", "demo", "out.json", "--payload", "{}"],
    ["invoke", "demo", "--payload", "-"],
    ["invoke", "demo", "--payload"],
    ["invoke", "demo", "--payload", "--event"],
    ["invoke", "demo", "--payload", "{}", "--payload", "{}"],
    ["invoke", "demo", "--payload", "{}", "-e", "event.json"],
    ["invoke", "demo", "-eevent.json"],
    ["invoke", "demo", "-e", "missing.json"],
    ["invoke", "demo", "-e", "~/event.json"],
    ["invoke", "demo", "-e", "-"],
    ["invoke", ""],
    ["invoke", "demo", "--function-name", "demo"],
    ["invoke", "arn:aws:lambda:us-east-1:000000000000:function:demo"],
    ["invoke", "demo:1"],
    ["invoke", "demo", "--invocation-type", "Event"],
    ["invoke", "demo", "--cli-binary-format", "base64", "--payload", "e30="],
    ["invoke", "demo", "--playload", "{}"],
    ["invoke", "demo", "--exit-zero=1"],
    ["invoke", "demo", "--region", "eu-west-1"],
    ["invoke", "demo", "--project", "nowhere"],
    ["invoke", "demo", "--project", ""],
    ["logs", "--follow"],
    ["logs", "demo", "--json"],
    ["logs", "demo", "-n", "0"],
    ["logs", "demo", "-n5"],
    ["logs", "demo", "--since", "yesterday"],
    ["logs", "demo", "--since", "2026-11-21T09:00"],
    ["status", "--json"],
    ["status", "more"],
    ["list"],
]


@pytest.mark.parametrize("words", COMMON, ids=" ".join)
def test_a_common_form_is_done_as_the_ordinary_verb_does_it(both, usual, words):
    Path("event.json").write_text('{"from": "a file"}')
    quick, ordinary = both(*words)
    assert quick == ordinary
    assert quick.exit_code == 0
    assert len(quick.sent) == (1 if words[0] == "status" else 2)


@pytest.mark.parametrize("words", LEFT, ids=" ".join)
def test_what_is_not_common_is_left_alone_before_anything_is_sent(both, usual, words):
    Path("event.json").write_text("{}")
    quick, _ = both(*words)
    assert quick == Done(None, "", "", ())


PLAIN = {"X_Amz_Log_Result": tail_of(LOG), "x_amzn_RequestId": "r-1"}
CUT = {"X_Amz_Log_Result": tail_of("cut off\n" + LOG), "x_amzn_RequestId": "r-1"}

ANSWERS = {
    "null": Scripted(200, b"null"),
    "nothing": Scripted(200, b""),
    "no UTF-8": Scripted(200, b"\xff\x00", {"X-Amz-Log-Result": tail_of(LOG)}),
    "a log that is no UTF-8": Scripted(
        200, b"1", {"X-Amz-Log-Result": base64.b64encode(b"START \xff\n").decode()}
    ),
    "an empty log": Scripted(200, b"1", {"X-Amz-Log-Result": ""}),
    "a tail without its beginning": Scripted(
        200, b"1", {"X-Amz-Log-Result": tail_of("cut\n"), "x-amzn-RequestId": "r-1"}
    ),
    "a tail that is not base64": Scripted(200, b"1", {"X-Amz-Log-Result": "!"}),
    "notices": Scripted(200, b"1", {"X-Lam-Notice": "ran on python3.11 | second"}),
    "a notice in Latin": Scripted(200, b"1", {"X-Lam-Notice": "é"}),
    "chunks": Scripted(200, [b"1", b"23", b"0\r\n\r\n"]),
    "a failure": Scripted(
        200, b'{"errorType": "E", "errorMessage": "m"}', {"X-Amz-Function-Error": "Unhandled"}
    ),
    "a failure with a log": Scripted(
        200, b"[]", {"X-Amz-Function-Error": "Unhandled", "X-Amz-Log-Result": tail_of(LOG)}
    ),
    "an unknown function": refusal(404, "ResourceNotFoundException", "Function not found: demo"),
    "a throttle": refusal(429, "TooManyRequestsException", "Rate Exceeded."),
    "bad JSON": refusal(400, "InvalidRequestContentException", "Could not parse request body into json"),
    "a bug": Scripted(500, b"boom"),
    "202": Scripted(202, b""),
    "204": Scripted(204),
    "megabytes": Scripted(200, b"[" + b"1," * 3_000_000 + b"1]"),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_whatever_is_answered_is_told_as_the_ordinary_verb_tells_it(both, usual, answer):
    usual.answers["POST", INVOCATIONS] = ANSWERS[answer]
    quick, ordinary = both("invoke", "demo", "--payload", "{}")
    assert (quick.exit_code, quick.out, quick.err) == (ordinary.exit_code, ordinary.out, ordinary.err)
    assert [sent[0] for sent in quick.sent].count("POST") == 1, "nothing is sent twice"
    assert [sent for sent in quick.sent if sent[0] == "POST"] == [
        sent for sent in ordinary.sent if sent[0] == "POST"
    ]


LOG_ANSWERS = {
    "no lines": log_lines(),
    "no JSON": Scripted(body=[b"{\n"]),
    "no object": Scripted(body=[b"[]\n"]),
    "counted": Scripted(body=b'{"timestamp": 1, "function": "demo", "stream": "s", "message": "x"}\n'),
    "a refusal": refusal(404, "ResourceNotFoundException", "no such function"),
    "a line split in two": Scripted(
        body=[b'{"timestamp": 5, "function": "demo", "stream": "s", "mess', b'age": "0\\r\\n\\r\\n"}\n']
    ),
}


@pytest.mark.parametrize("name", ["demo", "dmo"])
@pytest.mark.parametrize("answer", LOG_ANSWERS)
def test_whatever_comes_as_log_is_told_as_the_ordinary_verb_tells_it(both, usual, answer, name):
    usual.answers["GET", "/_lam/v1/logs"] = LOG_ANSWERS[answer]
    quick, ordinary = both("logs", name)
    assert (quick.exit_code, quick.out, quick.err) == (ordinary.exit_code, ordinary.out, ordinary.err)


@pytest.mark.parametrize("colour", ["1", "0"])
@pytest.mark.parametrize("words", [["invoke", "demo"], ["logs"], ["status"]], ids=" ".join)
def test_colours_are_the_same(both, usual, words, colour, monkeypatch):
    usual.status["problems"] = [] if words != ["status"] else ["lam.yaml:1: bad"]
    monkeypatch.setattr("lambdacli.cli.colour._choice", "on" if colour == "1" else "off")
    quick, ordinary = both(*words)
    assert quick == ordinary
    assert ("\x1b[" in quick.out + quick.err) is (colour == "1")


@pytest.mark.parametrize(
    "status",
    [
        {"version": "0.0.1"},
        {"problems": ["lam.yaml:3:1: unknown key handlr"]},
    ],
)
def test_a_service_that_the_ordinary_verb_has_more_to_say_of_is_left_to_it(both, usual, status):
    usual.status |= status
    for words in (["invoke", "demo"], ["logs"]):
        quick, _ = both(*words)
        assert (quick.exit_code, quick.out, quick.err) == (None, "", "")
        assert [sent[1] for sent in quick.sent] == ["/_lam/v1/status"]


def test_a_service_that_does_not_run_is_left_to_the_ordinary_verb(project, place):
    assert fast.run(["invoke", "demo"]) is None
    prepare(place)
    place.service_file.write_text(json.dumps({"socket": str(place.socket_path)}))
    assert fast.run(["invoke", "demo"]) is None
    for text in ("", "{", "[]", '{"socket": 5}', '{"socket": "relative"}', "\xff"):
        place.service_file.write_text(text)
        assert fast.run(["status"]) is None


def test_what_waits_on_stdin_is_left_to_the_ordinary_verb(both, usual):
    reader, writer = os.pipe()
    kept = os.dup(0)
    try:
        os.dup2(reader, 0)
        quick, _ = both("invoke", "demo")
        assert quick == Done(None, "", "", ())
    finally:
        os.dup2(kept, 0)
        for descriptor in (reader, writer, kept):
            os.close(descriptor)


def test_an_event_from_a_pipe_is_not_taken_away(both, usual, tmp_path):
    os.mkfifo(tmp_path / "event")
    assert fast.run(["invoke", "demo", "-e", str(tmp_path / "event")]) is None


@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize(
    "said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", b"nonsense\r\n\r\n"]
)
def test_an_answer_that_is_lost_is_not_asked_for_again_nor_starts_a_service(
    both, usual, place, said, ends, monkeypatch, capfd
):
    asked = []
    other = place.socket_path.with_name("other.sock")

    def start(*_, **__):
        raise AssertionError("a service was started")

    def serve(listener: socket.socket) -> None:
        for _ in range(2):
            connection, _ = listener.accept()
            with connection:
                request = connection.recv(65536)
                asked.append(request.split()[0])
                if request.startswith(b"GET /_lam/v1/status"):
                    body = json.dumps(usual.status).encode()
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
                    continue
                if ends:
                    listener.close()
                    place.socket_path.unlink(missing_ok=True)
                connection.sendall(said)

    monkeypatch.setattr("lambdacli.client.control._start", start)
    place.service_file.write_text(json.dumps({"socket": str(other)}))
    told = []
    for run in (fast.run, app.run):
        asked.clear()
        other.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(other))
            listener.listen()
            server = threading.Thread(target=serve, args=(listener,))
            server.start()
            exit_code = run(["invoke", "demo", "--payload", "{}"])
            server.join()
        told.append((exit_code, *capfd.readouterr(), asked.count(b"POST")))
    assert told[0] == told[1]
    assert told[0][0] == 1
    assert "the function may have run" in told[0][2]
    assert told[0][3] == 1


def test_a_taken_over_answer_belongs_to_its_own_request_only(service, place):
    one, other = socket.socketpair()
    http.take_over(b"POST /x", one.detach(), b"", None)
    try:
        with pytest.raises(AssertionError, match="not sent again"):
            http.send(http.UnixAddress(place.socket_path), http.Request("POST", "/y"))
    finally:
        http._begun.popitem()[1].connection.close()
        other.close()


def test_an_interrupt_while_waiting_says_that_the_function_goes_on(both, usual, monkeypatch, capfd):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(fast._Answer, "_read_chunks", interrupted)
    usual.answers["POST", INVOCATIONS] = Scripted(body=[b"1"])
    capfd.readouterr()
    assert fast.run(["invoke", "demo"]) == 130
    assert capfd.readouterr().err == (
        "note: not waiting any longer; the function goes on to its end or timeout, see `lam logs`\n"
    )


def through_a_pipe_that_closes(words: list[str], *, is_fast: bool) -> tuple[int, str]:
    program = (
        "import sys; from lambdacli.cli.main import main; sys.exit(main())"
        if is_fast
        else "import sys; from lambdacli.cli.app import run; sys.exit(run(sys.argv[1:]))"
    )
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-c", program, *words], stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)
    return done.returncode, done.stderr


@pytest.mark.parametrize("words", [["invoke", "demo"], ["logs"], ["status"]], ids=" ".join)
def test_a_reader_that_left_is_no_error(both, usual, words):
    quick = through_a_pipe_that_closes(words, is_fast=True)
    assert quick == through_a_pipe_that_closes(words, is_fast=False)
    assert quick[0] == 141


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk_is_told_in_the_same_way(both, usual):
    told = []
    for program in (
        "import sys; from lambdacli.cli.main import main; sys.exit(main())",
        "import sys; from lambdacli.cli.app import run; sys.exit(run(sys.argv[1:]))",
    ):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [sys.executable, "-c", program, "invoke", "demo"],
                stdout=full,
                stderr=subprocess.PIPE,
                check=False,
            )
        told.append((done.returncode, done.stderr))
    assert told[0] == told[1]
    assert b"No space left" in told[0][1]


def test_it_imports_nothing_heavy(both, usual):
    program = (
        "import os, sys\n"
        "before = set(sys.modules)\n"
        "from lambdacli.cli.main import main\n"
        "def told(code):\n"
        "    print(*sorted(set(sys.modules) - before), file=sys.stderr)\n"
        "os._exit = told\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "invoke", "demo"], capture_output=True, text=True, check=True
    )
    assert set(done.stderr.splitlines()[-1].split()) == {
        "_json",
        "_socket",
        "binascii",
        "lambdacli",
        "lambdacli.cli",
        "lambdacli.cli.colour",
        "lambdacli.cli.fast",
        "lambdacli.cli.log_text",
        "lambdacli.cli.main",
        "lambdacli.client",
        "lambdacli.client.escaping",
        "lambdacli.client.nearby",
        "lambdacli.client.quick_json",
        "lambdacli.model",
        "lambdacli.model.mounts",
        "lambdacli.model.project_files",
    } | ({"time"} if "time" not in sys.builtin_module_names else set())


# Where it looks


@pytest.mark.parametrize("cwd", [".", "deep/er", "..", "linked"])
@pytest.mark.parametrize(
    "named", [None, "project", "project/lam.yaml", "linked", "nowhere", "~", "other", ""]
)
@pytest.mark.parametrize("by", ["option", "variable"])
def test_it_looks_where_the_ordinary_search_looks(project, tmp_path, monkeypatch, cwd, named, by):
    (project / "deep/er").mkdir(parents=True)
    (tmp_path / "linked").symlink_to(project)
    (tmp_path / "other").mkdir()
    (tmp_path / "other/lam.yml").write_text("")
    monkeypatch.chdir(tmp_path / "linked" if cwd == "linked" else project / cwd)
    chosen = None if named is None else named if named in ("~", "") else str(tmp_path / named)
    option = chosen if by == "option" else None
    if by == "variable" and chosen is not None:
        monkeypatch.setenv("LAM_PROJECT", chosen)
    try:
        expected = locate(Path.cwd(), os.environ, option)
    except Exception:
        expected = None
    places = [] if expected is None else [expected]
    for place in places:
        prepare(place)
        place.service_file.write_text(json.dumps({"socket": str(place.socket_path)}))
    try:
        found = recorded_socket(option)
    except Unsure:
        assert expected is None or chosen in ("~", "")
        return
    assert expected is not None
    assert found == str(expected.socket_path)


def test_without_a_project_it_finds_the_place_of_the_api_only(project, tmp_path, monkeypatch):
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    for state_home in (None, str(tmp_path / "state"), "relative"):
        if state_home is not None:
            monkeypatch.setenv("XDG_STATE_HOME", state_home)
        place = locate(empty, os.environ)
        prepare(place)
        place.service_file.write_text(json.dumps({"socket": str(place.socket_path)}))
        assert recorded_socket(None) == str(place.socket_path)


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o711])
def test_a_socket_in_a_folder_that_others_may_enter_is_not_asked(both, usual, place, mode):
    place.socket_path.parent.chmod(mode)
    with pytest.raises(Unsure):
        recorded_socket(None)
    place.socket_path.parent.chmod(0o700)
    assert recorded_socket(None) == str(place.socket_path)


def test_a_state_that_lies_elsewhere_is_left_to_the_ordinary_search(both, usual, place, project, monkeypatch):
    table = f"36 35 0:5 / / rw - ext4 / rw\n37 35 0:6 / {project} rw - 9p drvfs rw\n"
    monkeypatch.setattr("lambdacli.client.nearby.mount_table", lambda: table)
    with pytest.raises(Unsure):
        recorded_socket(None)
