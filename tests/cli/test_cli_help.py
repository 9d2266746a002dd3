"""Help, versions, typing errors, start-up time."""

from __future__ import annotations

import importlib
import subprocess
import sys
import time

import pytest

from lambdacli import __version__
from lambdacli.cli.app import VERBS

LAM = [sys.executable, "-m", "lambdacli"]
HELP = """\
lam runs AWS Lambda functions on your own machine, without Docker.

Examples:
  lam init demo && cd demo              make a Python function in a new folder
  lam invoke demo -e events/event.json  run it: answer to stdout, log to stderr
  lam logs demo --follow                watch what it writes
  lam status                            what to export for boto3 and the AWS CLI

Usage: lam VERB ...

Verbs:
  init         Make a function, and the project around it.
  validate     Check lam.yaml.
  build        Make what AWS would be sent, and tell its hash and size.
  start        Start the service and follow its live lines.
  stop         Stop the service when its invocations are finished.
  status       Show the service, and how to point other tools at it.
  invoke       Run a function.
  logs         Show what functions wrote.
  list         List the functions.
  show         Show one function with all its settings.
  queue        Show the asynchronous events that wait, and act on them.
  events       Show the last real events of functions, and send one again.
  schedules    Show when which function is invoked, and do it now.
  dlq          Show a function's dead-letter queue, and send its events again.
  event        Make events as AWS's services send them, and send them.
  chaos        Make the service do what AWS may do on a bad day.
  envs         Show the execution environments as they are now.
  sources      Show the queues and streams that functions read.
  bench        Invoke a function many times, and tell how long it took.
  doctor       Tell what this machine grants, what is missing, and how to get it.
  delete       Delete a function that was made over the API.
  pull         Bring a deployed function, code and settings, into the project.
  publish      Publish a function's code and settings as a version.
  versions     List a function's versions.
  deploy       Show what a deployment would change, and change it: here or on AWS.
  drift        Tell what is otherwise where the project is deployed.
  rollback     Move aliases back to the versions before.
  alias        Name versions, and shift invocations between them.
  layer        Publish, list, show, share and delete layers.
  permission   Say who may invoke a function, and see why or why not.
  metrics      Show what was counted of a function, minute by minute.
  clock        Show the service's clock, move it on, set it back.
  completions  Print or install the completion of a shell.

Options:
  --version   Print the version.
  -h, --help  Show this message and exit.

`lam VERB --help` shows a verb's examples and options.
"""


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_shows_examples_first(lam, arguments):
    result = lam(*arguments)
    assert (result.exit_code, result.out, result.err) == (0, HELP, "")


@pytest.mark.parametrize("words", [[], ["invoke"], ["logs"]])
def test_help_is_understood_as_a_verb(lam, words):
    assert lam("help", *words) == lam(*words, "--help")
    assert lam("help", *words).exit_code == 0


def test_help_for_what_is_no_verb_suggests_one(lam):
    result = lam("help", "inovke")
    assert (result.exit_code, result.out) == (2, "")
    assert "hint: did you mean invoke?" in result.err


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_a_verb_begins_with_its_examples(lam, verb):
    result = lam(verb, "--help")
    assert (result.exit_code, result.err) == (0, "")
    summary, empty, heading, example, *_ = result.out.splitlines()
    assert (summary, empty, heading) == (VERBS[verb].summary, "", "Examples:")
    assert f"lam {verb}" in example or "lam status" in example
    assert f"Usage: lam {verb} [OPTIONS]" in result.out


@pytest.mark.parametrize("verb", VERBS)
def test_every_example_is_a_command_that_parses(verb):
    from lambdacli.cli.app import load_verb

    for line in importlib.import_module(VERBS[verb].module).EXAMPLES.strip().splitlines():
        words = _first_command(line)
        if words[:2] == ["lam", verb]:
            load_verb(verb).make_context(verb, words[2:])


NOUNS = [name for name, verb in VERBS.items() if hasattr(importlib.import_module(verb.module), "ACTIONS")]
ACTIONS = [(noun, word) for noun in NOUNS for word in importlib.import_module(VERBS[noun].module).ACTIONS]


@pytest.mark.parametrize("noun", NOUNS)
def test_a_noun_alone_shows_what_can_be_done_with_it(lam, noun):
    module = importlib.import_module(VERBS[noun].module)
    result = lam(noun, "--help")
    assert (result.exit_code, result.err) == (0, "")
    assert result == lam("help", noun)
    if not hasattr(module, "DEFAULT_ACTION"):
        assert result == lam(noun)
    for word, action in module.ACTIONS.items():
        assert f"{word}  " in result.out and action.summary in result.out


@pytest.mark.parametrize(("noun", "word"), ACTIONS)
def test_the_help_below_a_noun_begins_with_examples_that_parse(lam, noun, word):
    from lambdacli.cli.app import load_verb

    result = lam(noun, word, "--help")
    assert (result.exit_code, result.err) == (0, "")
    action = importlib.import_module(VERBS[noun].module).ACTIONS[word]
    assert result.out.splitlines()[:3] == [action.summary, "", "Examples:"]
    assert f"Usage: lam {noun} {word} [OPTIONS]" in result.out
    for line in action.examples.strip().splitlines():
        words = _first_command(line)
        assert words[:3] == ["lam", noun, word]
        load_verb(noun).commands[word].make_context(word, words[3:])


def _first_command(line: str) -> list[str]:
    import shlex

    words: list[str] = []
    for word in shlex.split(line.split("    ")[0]):
        if word in ("|", "<", ">"):
            break
        words.append(word)
    return words


def test_help_of_invoke_separates_the_aws_clis_options(lam):
    out = lam("invoke", "--help").out
    assert "Usage: lam invoke [OPTIONS] [NAME] [OUTFILE]\n" in out
    own, aws = out.split("Global options of the AWS CLI:")
    assert "--payload" in own
    assert "--query" in aws


def test_version(lam):
    assert lam("--version").out == f"lam {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "err"),
    [
        (
            ["inovke"],
            "error: no such verb: inovke\n\nhint: did you mean invoke?\n"
            "hint: `lam --help` shows what there is\n",
        ),
        (
            ["ls"],
            "error: no such verb: ls\n\nhint: did you mean list?\nhint: `lam --help` shows what there is\n",
        ),
        (["xyzzy"], "error: no such verb: xyzzy\n\nhint: `lam --help` shows what there is\n"),
        (
            ["invoke", "--playload", "{}"],
            "error: no such option: --playload\n\nhint: did you mean --payload?\n"
            "hint: `lam invoke --help` shows what there is\n",
        ),
        (
            ["--verson"],
            "error: no such option: --verson\n\nhint: did you mean --version?\n"
            "hint: `lam --help` shows what there is\n",
        ),
        (
            ["layer", "ls"],
            "error: no such verb: layer ls\n\nhint: did you mean list?\n"
            "hint: `lam layer --help` shows what there is\n",
        ),
        (
            ["layer", "pub"],
            "error: no such verb: layer pub\n\nhint: did you mean publish?\n"
            "hint: `lam layer --help` shows what there is\n",
        ),
        (
            ["show"],
            "error: missing argument 'NAME'\n\nhint: `lam show --help` shows what there is\n",
        ),
        (
            ["chaos", "duplicates"],
            "error: missing argument 'on|off'. Choose from: on, off\n\n"
            "hint: `lam chaos duplicates --help` shows what there is\n",
        ),
    ],
)
def test_a_typing_error_gets_a_suggestion(lam, arguments, err):
    result = lam(*arguments)
    assert (result.exit_code, result.out, result.err) == (2, "", err)


def test_a_wrong_choice_names_the_right_ones(lam):
    result = lam("invoke", "demo", "--invocation-type", "Evnt")
    assert result.exit_code == 2
    assert "RequestResponse" in result.err


def test_native_windows_is_told_what_to_do(monkeypatch):
    from lambdacli.cli.main import main

    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(SystemExit, match="WSL2"):
        main()


@pytest.mark.real
def test_python_dash_m_is_lam():
    out = subprocess.run([*LAM, "--version"], capture_output=True, text=True, check=True).stdout
    assert out == f"lam {__version__}\n"


@pytest.mark.real
@pytest.mark.parametrize("arguments", [["--help"], ["invoke", "--help"], ["__complete", "functions"]])
def test_help_imports_nothing_heavy(arguments, tmp_path):
    program = (
        "import sys; sys.argv[0] = 'lam'\n"
        "from lambdacli.cli.main import main\n"
        "code = main()\n"
        "heavy = set('rich boto3 botocore yaml jmespath ssl asyncio http.client watchdog'.split())\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
        "print([each for each in sys.modules if each.startswith('lambdacli.cli.')], file=sys.stderr)\n"
        "sys.exit(code)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
    )
    heavy, modules = result.stderr.splitlines()
    assert heavy == "[]"
    if arguments == ["--help"]:
        assert not any(verb.module in modules for verb in VERBS.values())


@pytest.mark.real
@pytest.mark.parametrize("arguments", [["--help"], *([verb, "--help"] for verb in VERBS)], ids=" ".join)
def test_help_answers_within_a_quarter_of_a_second(arguments):
    """The best of some runs is what the program itself costs; the others tell what else the machine does. The
    bar is for a machine that does nothing else, and the benchmarks hold it; beside other tests bare Python is
    the measure."""
    bare = min(_seconds([sys.executable, "-c", "pass"]) for _ in range(5))
    assert any(_seconds([*LAM, *arguments]) < max(0.25, 40 * bare) for _ in range(10))


def _seconds(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun
