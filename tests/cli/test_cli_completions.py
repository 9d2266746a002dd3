"""The completion scripts are what the verbs are, and bash believes them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lambdacli.cli.complete import names_in
from lambdacli.cli.completion_scripts import scripts
from lambdacli.cli.completions import install_path

FOLDER = Path(__file__).parents[2] / "completions"


def test_the_scripts_are_up_to_date():
    """Renew them with `python -m lambdacli.cli.completion_scripts completions`."""
    assert {file.name: file.read_text() for file in FOLDER.iterdir()} == scripts()


@pytest.mark.real
@pytest.mark.parametrize(("shell", "check"), [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")])
def test_the_shell_accepts_its_script(shell, check):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    subprocess.run([shell, check, FOLDER / f"lam.{shell}"], check=True)


@pytest.fixture
def bash(project, tmp_path):
    """Completes a line of words as bash would, with this checkout as `lam`."""
    program = tmp_path / "bin" / "lam"
    program.parent.mkdir()
    root = Path(__file__).parents[2]
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{root}" exec "{sys.executable}" -m lambdacli "$@"\n')
    program.chmod(0o755)

    def complete(*words: str) -> set[str]:
        quoted = " ".join(f"'{word}'" for word in words)
        script = (
            f"source {FOLDER}/lam.bash; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _lam; "
            "printf '%s\\n' \"${COMPREPLY[@]}\""
        )
        environment = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"}
        out = subprocess.run(
            ["bash", "-c", script], capture_output=True, text=True, check=True, env=environment
        )
        assert out.stderr == ""
        return set(out.stdout.split())

    return complete


@pytest.mark.real
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["lam", "st"], {"start", "stop", "status"}),
        (["lam", "--v"], {"--version"}),
        (["lam", "invoke", "--inv"], {"--invocation-type"}),
        (["lam", "invoke", "--invocation-type", ""], {"RequestResponse", "Event", "DryRun"}),
        (["lam", "invoke", "--payload", ""], set()),
        (["lam", "invoke", "--region", "us-east-1", "de"], {"demo-lambda"}),
        (["lam", "invoke", "--function-name", ""], {"demo-lambda"}),
        (["lam", "invoke", "demo-lambda", "la"], {"lam.yaml"}),
        (["lam", "invoke", "demo-lambda", "-e", "la"], {"lam.yaml"}),
        (["lam", "show", ""], {"demo-lambda"}),
        (["lam", "completions", ""], {"bash", "zsh", "fish"}),
        (["lam", "layer", ""], {"publish", "list", "show", "delete", "permit", "forbid"}),
        (["lam", "layer", "pub"], {"publish"}),
        (["lam", "layer", "permit", "--pri"], {"--principal"}),
        (["lam", "layer", "publish", "tools", "la"], {"lam.yaml"}),
        (["lam", "event", ""], {"list", "generate"}),
        (["lam", "event", "generate", "app"], {"appsync"}),
        (["lam", "event", "generate", "cod"], {"codecommit", "codedeploy", "codepipeline"}),
        (["lam", "event", "generate", "--seed", "1", "sqs", ""], {"message", "fifo"}),
        (["lam", "event", "list", "lex"], {"lex"}),
        (["lam", "event", "generate", "s3", "put", ""], set()),
        (["lam", "event", "generate", "s3", "put", "--bu"], {"--bucket"}),
        (["lam", "event", "generate", "s3", "put", "--via", "sqs", "--que"], {"--queue"}),
        (["lam", "event", "generate", "s3", "put", "--send", ""], {"demo-lambda"}),
        (["lam", "stop", "--"], {"--now", "--project", "--template-file", "--help"}),
    ],
)
def test_bash_offers(bash, words, offered):
    assert bash(*words) == offered


@pytest.mark.real
def test_function_names_come_from_a_running_service(bash, service):
    service.function("uploaded")
    assert bash("lam", "invoke", "") == {"uploaded"}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("functions:\n  a:\n    runtime: x\n  'b-c': {}\n\n# x\n  d: {}\nport: 1\n", ["a", "b-c", "d"]),
        ("defaults:\n  memory: 1\nfunctions:\n    a:\n        env:\n            B: 1\n", ["a"]),
        ("port: 1\n", []),
        ("functions: [broken", []),
    ],
)
def test_names_are_read_without_a_yaml_parser(text, names):
    assert names_in(text.splitlines()) == names


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_is_printed_or_installed(lam, project, shell):
    text = (FOLDER / f"lam.{shell}").read_text()
    assert lam("completions", shell).out == text
    result = lam("completions", shell, "--install")
    home = Path(os.environ["HOME"])
    file = install_path(shell, os.environ, home)
    assert file.is_relative_to(home)
    assert file.read_text() == text
    assert result.err.startswith(f"wrote {file}\n")


def test_the_shell_is_taken_from_the_environment(lam, monkeypatch):
    monkeypatch.setenv("SHELL", "/usr/bin/fish")
    assert lam("completions").out == (FOLDER / "lam.fish").read_text()
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    result = lam("completions")
    assert (result.exit_code, result.err) == (
        1,
        "error: $SHELL names no shell that lam completes\n\nhint: name it: bash, zsh or fish\n",
    )
