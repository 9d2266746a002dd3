"""Real debuggers, spoken to as editors speak: a breakpoint stops the clock, not the work."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Protocol

import pytest
from debug_clients import AdapterClient, InspectorClient
from house import PYTHON_RUNTIME, Project, opened, wait_until
from toolchains import missing, need

from lambdacli.client import local
from lambdacli.model.runtime_names import RuntimeName
from lambdacli.runtimes import debuggers
from lambdacli.runtimes.base import NotInstalled

pytestmark = [pytest.mark.real, pytest.mark.slow]

TIMEOUT_SECONDS = 1
HELD_SECONDS = 2.5


class Editor(Protocol):
    def __enter__(self) -> Editor: ...

    def __exit__(self, *_: object) -> None: ...

    # Breakpoints at the marked lines, and all else that comes before the function may run.
    def begin(self, file: str, line: int) -> None: ...

    def wait_for_stop(self) -> None: ...

    def go_on(self) -> None: ...

    # The session has ended, and the editor was told so.
    def wait_for_end(self) -> None: ...


class AdapterEditor(AdapterClient):
    def begin(self, file: str, line: int) -> None:
        self.attach({file: [line]}, restart=True)

    def wait_for_stop(self) -> None:
        self.thread = self.event("stopped")["threadId"]

    def go_on(self) -> None:
        self.request("continue", threadId=self.thread)

    def wait_for_end(self) -> None:
        assert self.event("terminated") == {"restart": True}
        self.request("disconnect")
        assert self.is_at_end()


class RubyEditor(AdapterEditor):
    def begin(self, file: str, line: int) -> None:
        """rdbg pauses whatever it is attached to, and says so twice."""
        super().begin(file, line)
        for _ in range(2):
            super().wait_for_stop()
        self.go_on()

    def wait_for_stop(self) -> None:
        while (stop := self.event("stopped"))["reason"] == "pause":
            self.request("continue", threadId=stop["threadId"])
        self.thread = stop["threadId"]


class InspectorEditor(InspectorClient):
    def begin(self, file: str, line: int) -> None:
        self.request("Runtime.enable")
        self.request("Debugger.enable")
        self.request("Debugger.setBreakpointByUrl", lineNumber=line - 1, urlRegex=f".*{re.escape(file)}$")
        self.request("Runtime.runIfWaitingForDebugger")

    def wait_for_stop(self) -> None:
        self.event("Debugger.paused")

    def go_on(self) -> None:
        self.request("Debugger.resume")

    def wait_for_end(self) -> None:
        assert self.close_code() == 1001


@dataclass(frozen=True)
class Language:
    name: str
    runtime: str
    handler: str
    file: str
    code: str
    line: int
    editor: type[AdapterEditor] | type[InspectorEditor]

    def write(self, project: Project, *settings: str) -> None:
        project.write(f"code/{self.file}", self.code)
        lines = [f"runtime: {self.runtime}", f"handler: {self.handler}", "code: code"]
        lines += [f"timeout: {TIMEOUT_SECONDS}", *settings]
        project.write("lam.yaml", "functions:\n  greet:\n" + "".join(f"    {line}\n" for line in lines))

    def seen(self, project: Project) -> str:
        is_walled = project.status()["walls"] == "linux"
        return f"/var/task/{self.file}" if is_walled else str(project.folder / "code" / self.file)


PYTHON = Language(
    "python",
    PYTHON_RUNTIME,
    "app.handler",
    "app.py",
    """def handler(event, context):
    number = event["number"]
    return {"twice": number * 2}
""",
    3,
    AdapterEditor,
)
NODE = Language(
    "nodejs",
    "nodejs22.x",
    "app.handler",
    "app.js",
    """exports.handler = async (event) => {
  const number = event.number;
  return { twice: number * 2 };
};
""",
    3,
    InspectorEditor,
)
RUBY = Language(
    "ruby",
    "ruby3.4",
    "app.handler",
    "app.rb",
    """def handler(event:, context:)
  number = event['number']
  { twice: number * 2 }
end
""",
    3,
    RubyEditor,
)


@pytest.fixture(params=[PYTHON, NODE, RUBY], ids=lambda language: language.name)
def language(request: pytest.FixtureRequest) -> Language:
    language: Language = request.param
    need_debugger(language)
    return language


def need_debugger(language: Language) -> None:
    programs = {"nodejs": ["node"], "ruby": ["ruby"]}
    need(*programs.get(language.name, []))
    runtime = RuntimeName(language.runtime)
    debugger = debuggers.debugger_of(runtime)
    assert debugger is not None
    try:
        debugger.folders(runtime)
    except NotInstalled as error:
        missing(str(error))


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with opened(tmp_path) as project:
        yield project


@pytest.fixture
def callers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as callers:
        yield callers


def port_of(project: Project) -> int:
    """Opened by asking, if it was not."""
    return int(local.open_debugger(project.endpoint, "greet")["port"])


def hold(seconds: float) -> None:
    """A developer looks at a variable."""
    began = time.monotonic()
    wait_until(lambda: time.monotonic() - began >= seconds, "the end of the look", seconds + 5)


def report_of(project: Project) -> tuple[float, str]:
    """The last one's duration, and what stands before its END."""
    found = wait_until(
        lambda: [each for each in project.log_messages() if each.startswith("REPORT")], "the REPORT"
    )
    lines = project.log_messages()
    duration = re.search(r"\tDuration: ([\d.]+) ms", found[-1])
    assert duration is not None
    return float(duration[1]), lines[lines.index(found[-1]) - 2]


def test_a_breakpoint_is_held_longer_than_the_timeout_and_the_work_is_finished(
    project: Project, callers: ThreadPoolExecutor, language: Language
) -> None:
    language.write(project, "debug: {wait: true}")
    project.start()
    answer = callers.submit(project.invoke, "greet", {"number": 21})
    with language.editor(port_of(project)) as editor:
        editor.begin(language.seen(project), language.line)
        editor.wait_for_stop()
        hold(HELD_SECONDS)
        assert not answer.done()
        editor.go_on()
        assert answer.result(20) == {"twice": 42}
    duration, before = report_of(project)
    assert duration < TIMEOUT_SECONDS * 1000
    held = re.fullmatch(r"lam: ([\d.]+) s held by the debugger, not counted\n", before)
    assert held is not None and float(held[1]) >= HELD_SECONDS


def test_who_came_by_an_api_or_takes_a_stream_waits_for_the_breakpoint_too(
    project: Project, callers: ThreadPoolExecutor
) -> None:
    need_debugger(PYTHON)
    PYTHON.write(project, "debug: {wait: true}", "http: {route: POST /, api: slow}")
    written = (project.folder / "lam.yaml").read_text()
    project.write("lam.yaml", f"apis: {{slow: {{payload: '2.0', timeout: 1}}}}\n{written}")
    project.write("code/app.py", PYTHON.code.replace('event["number"]', 'event.get("number", 4)'))
    project.start()
    by_api = callers.submit(http_post, project, "/_api/slow/")
    with PYTHON.editor(port_of(project)) as editor:
        editor.begin(PYTHON.seen(project), PYTHON.line)
        editor.wait_for_stop()
        hold(HELD_SECONDS)
        editor.go_on()
        assert by_api.result(20) == (200, b'{"twice": 8}')
        streamed = callers.submit(project.lam, "invoke", "greet", "--stream")
        editor.wait_for_stop()
        hold(HELD_SECONDS)
        editor.go_on()
        assert streamed.result(20).stdout == '{"twice": 8}'


def http_post(project: Project, path: str) -> tuple[int, bytes]:
    with closing(HTTPConnection("127.0.0.1", project.port, timeout=30)) as connection:
        connection.request("POST", path, b"{}")
        answer = connection.getresponse()
        return answer.status, answer.read()


def test_after_a_change_the_editor_attaches_again_at_the_same_port(
    project: Project, callers: ThreadPoolExecutor, language: Language
) -> None:
    language.write(project, "debug: true", "memory: 256")
    project.start()
    port = port_of(project)
    assert project.invoke("greet", {"number": 1}) == {"twice": 2}
    with language.editor(port) as editor:
        editor.begin(language.seen(project), language.line)
        language_after = language.code.replace("twice", "doubled")
        project.write(f"code/{language.file}", language_after)
        editor.wait_for_end()
    answer = callers.submit(project.invoke, "greet", {"number": 3})
    assert answer.result(20) == {"doubled": 6}
    with language.editor(port) as editor:
        editor.begin(language.seen(project), language.line)
        answer = callers.submit(project.invoke, "greet", {"number": 4})
        editor.wait_for_stop()
        editor.go_on()
        assert answer.result(20) == {"doubled": 8}
    project.lam("stop")
    project.start()
    assert port_of(project) == port


def test_whoever_lets_go_of_the_editor_lets_the_function_go_on(
    project: Project, callers: ThreadPoolExecutor, language: Language
) -> None:
    language.write(project, "debug: {wait: true}")
    project.start()
    answer = callers.submit(project.invoke, "greet", {"number": 5})
    with language.editor(port_of(project)) as editor:
        editor.begin(language.seen(project), language.line)
        editor.wait_for_stop()
    assert answer.result(20) == {"twice": 10}


def test_a_second_invocation_waits_for_the_one_environment(
    project: Project, callers: ThreadPoolExecutor
) -> None:
    need_debugger(PYTHON)
    PYTHON.write(project, "debug: {wait: true}")
    project.start()
    answers = [callers.submit(project.invoke, "greet", {"number": number}) for number in (1, 2, 3)]
    with AdapterEditor(port_of(project)) as editor:
        editor.begin(PYTHON.seen(project), PYTHON.line)
        for _ in answers:
            editor.wait_for_stop()
            assert len(json.loads(project.lam("envs", "--json").stdout)) == 1
            editor.go_on()
        assert sorted(answer.result(20)["twice"] for answer in answers) == [2, 4, 6]


@pytest.mark.skipif(sys.platform != "linux", reason="a network of its own is Linux's")
def test_a_function_with_a_network_of_its_own_is_debugged_too(
    project: Project, callers: ThreadPoolExecutor, language: Language
) -> None:
    language.write(project, "debug: {wait: true}", "network: isolated")
    project.start()
    if project.status()["walls"] != "linux":
        pytest.skip("the portable walls make no networks")
    answer = callers.submit(project.invoke, "greet", {"number": 6})
    with language.editor(port_of(project)) as editor:
        editor.begin(language.seen(project), language.line)
        editor.wait_for_stop()
        editor.go_on()
        assert answer.result(20) == {"twice": 12}


def test_the_command_says_where_to_attach_and_waits(project: Project) -> None:
    need_debugger(PYTHON)
    PYTHON.write(project)
    project.start()
    event = json.dumps({"number": 8})
    assert json.loads(project.lam("invoke", "greet", "--payload", event).stdout) == {"twice": 16}
    with closing(Begun(project, "invoke", "greet", "--payload", event, "--debug-wait")) as invoking:
        port = invoking.port()
        with AdapterEditor(port) as editor:
            editor.begin(PYTHON.seen(project), PYTHON.line)
            editor.wait_for_stop()
            editor.go_on()
            assert json.loads(invoking.answer()) == {"twice": 16}
            assert f'"port": {port}' in invoking.said
        told = project.log_messages().count(f"lam: waiting for a debugger at 127.0.0.1:{port}\n")
        # It is warm now, and nobody is attached any more: the next one waits all the same.
        with closing(Begun(project, "invoke", "greet", "--payload", event, "--debug-wait")) as again:
            assert again.port() == port
            waiting = f"lam: waiting for a debugger at 127.0.0.1:{port}\n"
            wait_until(lambda: project.log_messages().count(waiting) > told, "the waiting")
            with AdapterEditor(port) as editor:
                editor.begin(PYTHON.seen(project), PYTHON.line)
                editor.wait_for_stop()
                editor.go_on()
                assert json.loads(again.answer()) == {"twice": 16}


class Begun:
    """A command while it runs."""

    def __init__(self, project: Project, *words: str) -> None:
        self.process = project.begin(*words, apart=True)
        self.said = ""

    def port(self) -> int:
        assert self.process.stderr is not None
        while line := self.process.stderr.readline():
            self.said += line
            found = re.search(r"attach a debugger to greet at 127\.0\.0\.1:(\d+)", line)
            if found is not None:
                return int(found[1])
        raise AssertionError(self.said)

    def answer(self) -> str:
        assert self.process.stdout is not None and self.process.stderr is not None
        self.said += self.process.stderr.read()
        assert self.process.wait(20) == 0, self.said
        return self.process.stdout.read()

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


def test_a_stop_lets_go_of_what_a_breakpoint_holds(project: Project, callers: ThreadPoolExecutor) -> None:
    need_debugger(PYTHON)
    PYTHON.write(project, "debug: {wait: true}")
    project.start()
    answer: Future[Any] = callers.submit(project.invoke, "greet", {"number": 9})
    with AdapterEditor(port_of(project)) as editor:
        editor.begin(PYTHON.seen(project), PYTHON.line)
        editor.wait_for_stop()
        project.lam("stop")
        assert answer.result(20) == {"twice": 18}


def test_init_writes_the_launch_file_with_the_port_that_is_then_open(project: Project) -> None:
    need_debugger(PYTHON)
    PYTHON.write(project)
    project.write(".vscode/launch.json", '{\n    // mine\n    "configurations": []\n}\n')
    project.lam("init", "--vscode")
    text = (project.folder / ".vscode" / "launch.json").read_text()
    assert "// mine" in text and f'"port": {port_of(project)}' in text
    project.lam("init", "--vscode")
    assert (project.folder / ".vscode" / "launch.json").read_text() == text
