"""From an exception to an exit code; nothing ends in a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer

from lambdacli.cli import app, colour


@pytest.fixture
def verb(monkeypatch):
    """A verb `list` that does what the test says."""

    def does(action) -> None:
        def run() -> int:
            return action()

        module = SimpleNamespace(run=run, EXAMPLES="lam list")
        monkeypatch.setitem(sys.modules, "scripted_verb", module)
        monkeypatch.setitem(app.VERBS, "list", app.Verb("scripted_verb", "Does what the test says."))

    return does


def test_a_bug_leaves_a_report_and_one_line(lam, verb, project):
    def broken() -> int:
        raise RuntimeError("out of cheese")

    verb(broken)
    result = lam("list")
    report = project / ".lam" / "bug-report.log"
    assert result.exit_code == 3
    assert result.err == f"error: a bug in lam: RuntimeError: out of cheese; the report is in {report}\n"
    text = report.read_text()
    assert "arguments  ['list']" in text
    assert "RuntimeError: out of cheese" in text
    assert report.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("error", [KeyboardInterrupt, typer.Abort])
def test_an_interrupt_exits_with_130(lam, verb, error):
    def interrupted() -> int:
        raise error

    verb(interrupted)
    result = lam("list")
    assert (result.exit_code, result.out, result.err) == (130, "", "")


def test_a_file_error_is_no_bug(lam, verb):
    verb(lambda: len(Path("/nowhere/at/all").read_bytes()))
    result = lam("list")
    assert (result.exit_code, result.err) == (1, "error: /nowhere/at/all: No such file or directory\n")


def test_an_unusable_project_is_a_clear_error(lam):
    result = lam("status", "--project", "nowhere")
    assert result.exit_code == 1
    assert result.err.startswith("error: ")
    assert "nowhere" in result.err


@pytest.mark.real
def test_a_reader_that_leaves_is_no_error(project):
    program = (
        "import sys\nfrom lambdacli.cli import app, render\n"
        "class Module:\n"
        "    EXAMPLES = ''\n"
        "    @staticmethod\n"
        "    def run() -> int:\n"
        "        while True: render.output('x' * 1000)\n"
        "sys.modules['scripted_verb'] = Module\n"
        "app.VERBS['list'] = app.Verb('scripted_verb', '')\n"
        "sys.exit(app.run(['list']))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(10) == 141


@pytest.mark.parametrize(
    ("choice", "variables", "is_terminal", "has_colour"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"TERM": "dumb"}, True, False),
        ("on", {"NO_COLOR": "1"}, False, True),
        ("off", {}, True, False),
    ],
)
def test_colour_is_for_terminals(monkeypatch, choice, variables, is_terminal, has_colour):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(colour, "_choice", choice)
    stream = SimpleNamespace(isatty=lambda: is_terminal)
    assert (colour.paint("x", "red", stream) != "x") is has_colour
