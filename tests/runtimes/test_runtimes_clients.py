"""Our clients of the Runtime API in Node.js and Ruby, met by a server that answers in every legal way."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lambdacli.runtimes import nodejs, ruby
from tests.real.toolchains import need
from tests.runtimes.scripted_api import SECONDS, ScriptedApi, event, running, scripted_api

pytestmark = pytest.mark.real

CODE = {
    "app.js": "exports.handler = async (event) => { console.log('ran'); return event; };",
    "app.rb": "def handler(event:, context:)\n  puts 'ran'\n  event\nend\n",
}
LANGUAGES = ("nodejs22.x", "nodejs24.x", "ruby3.4")


@pytest.fixture
def api() -> Iterator[ScriptedApi]:
    with scripted_api() as api:
        yield api


def command(language: str, runtime_root: Path) -> list[str]:
    family = language[:4]
    need(family)
    if family == "node":
        nodejs.prepare(runtime_root)
        return [str(shutil.which("node")), str(runtime_root / "index.mjs")]
    ruby.prepare(runtime_root)
    return [str(shutil.which("ruby")), str(runtime_root / "lib" / "bootstrap.rb")]


def started(language: str, api: ScriptedApi, folder: Path, *, direct: bool):  # type: ignore[no-untyped-def]
    code = folder / "code"
    code.mkdir()
    for name, text in CODE.items():
        (code / name).write_text(text)
    places = {
        "task_root": str(code),
        "opt_root": str(folder / "opt"),
        "runtime_root": str(folder / "runtime"),
        "dependencies": [],
        "direct": direct,
    }
    variables = {
        "_HANDLER": "app.handler",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{language}",
        "RUBYLIB": str(code),
    }
    return running(command(language, folder / "runtime"), api, code, places, variables)


@pytest.mark.parametrize("frame", ["length", "chunks", "end"])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("direct", [True, False])
def test_any_correct_answer_is_understood(
    api: ScriptedApi, tmp_path: Path, language: str, frame: str, direct: bool
) -> None:
    large = json.dumps({"text": "é" * 300_000, "n": [1, None]}, ensure_ascii=False).encode()
    bodies = [b'{"a": 1}', large, b"[]"]
    for number, body in enumerate(bodies):
        api.answers.put(event(body, request_id=f"id-{number}", frame=frame))
    with started(language, api, tmp_path, direct=direct):
        for number, body in enumerate(bodies):
            call = api.post()
            assert (call.path, json.loads(call.body)) == (
                f"invocation/id-{number}/response",
                json.loads(body),
            )
            assert call.headers["content-type"] == "application/json"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("direct", [True, False])
def test_answer_and_question_are_one_write_straight_to_the_platform_only(
    api: ScriptedApi, tmp_path: Path, language: str, direct: bool
) -> None:
    for number in range(3):
        api.answers.put(event(b"{}", request_id=f"id-{number}"))
    with started(language, api, tmp_path, direct=direct):
        for _ in range(3):
            api.post()
        api.asked()
    together = [piece for piece in api.reads if piece.count(b" HTTP/1.1\r\n") == 2]
    assert len(together) == (3 if direct else 0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_connection_that_is_given_up_between_answers_is_made_again(
    api: ScriptedApi, tmp_path: Path, language: str
) -> None:
    closing = event(b"1").replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    api.answers.put(closing)
    api.answers.put(event(b"2", request_id="id-2"))
    with started(language, api, tmp_path, direct=True):
        first, second = api.post(), api.post()
    assert (first.body, second.body) == (b"1", b"2")
    assert first.connection == second.connection == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_interim_answers_are_passed_over(api: ScriptedApi, tmp_path: Path, language: str) -> None:
    api.answers.put(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + event(b"3"))
    with started(language, api, tmp_path, direct=True):
        assert api.post().body == b"3"


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_its_platform_a_runtime_ends_in_silence(
    api: ScriptedApi, tmp_path: Path, language: str
) -> None:
    api.answers.put(event(b"{}"))
    with started(language, api, tmp_path, direct=True) as process:
        api.post()
        api.answers.put(b"")
        output, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert output.decode().split()[-1] == "ran"
