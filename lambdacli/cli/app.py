"""The verbs of `lam`: a table, and a Typer group that imports a verb's module only when it is used."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from lambdacli import __version__
from lambdacli.cli import errors, render
from lambdacli.cli.action import Action
from lambdacli.model.nearest import nearest


@dataclass(frozen=True, slots=True)
class Verb:
    """`module` offers `EXAMPLES` for its help and `run`, the verb itself; or ACTIONS, verbs below a noun, and
    perhaps DEFAULT_ACTION, which the noun alone means."""

    module: str
    summary: str


VERBS = {
    "init": Verb("lambdacli.cli.init", "Make a function, and the project around it."),
    "validate": Verb("lambdacli.cli.validate", "Check lam.yaml."),
    "build": Verb("lambdacli.cli.build", "Make what AWS would be sent, and tell its hash and size."),
    "start": Verb("lambdacli.cli.start", "Start the service and follow its live lines."),
    "stop": Verb("lambdacli.cli.stop", "Stop the service when its invocations are finished."),
    "status": Verb("lambdacli.cli.status", "Show the service, and how to point other tools at it."),
    "invoke": Verb("lambdacli.cli.invoke", "Run a function."),
    "logs": Verb("lambdacli.cli.logs", "Show what functions wrote."),
    "list": Verb("lambdacli.cli.list", "List the functions."),
    "show": Verb("lambdacli.cli.show", "Show one function with all its settings."),
    "queue": Verb("lambdacli.cli.queue", "Show the asynchronous events that wait, and act on them."),
    "events": Verb("lambdacli.cli.events", "Show the last real events of functions, and send one again."),
    "schedules": Verb("lambdacli.cli.schedules", "Show when which function is invoked, and do it now."),
    "dlq": Verb("lambdacli.cli.dlq", "Show a function's dead-letter queue, and send its events again."),
    "event": Verb("lambdacli.cli.event", "Make events as AWS's services send them, and send them."),
    "chaos": Verb("lambdacli.cli.chaos", "Make the service do what AWS may do on a bad day."),
    "envs": Verb("lambdacli.cli.envs", "Show the execution environments as they are now."),
    "sources": Verb("lambdacli.cli.sources", "Show the queues and streams that functions read."),
    "bench": Verb("lambdacli.cli.bench", "Invoke a function many times, and tell how long it took."),
    "doctor": Verb(
        "lambdacli.cli.doctor", "Tell what this machine grants, what is missing, and how to get it."
    ),
    "delete": Verb("lambdacli.cli.delete", "Delete a function that was made over the API."),
    "pull": Verb("lambdacli.cli.pull", "Bring a deployed function, code and settings, into the project."),
    "publish": Verb("lambdacli.cli.publish", "Publish a function's code and settings as a version."),
    "versions": Verb("lambdacli.cli.versions", "List a function's versions."),
    "deploy": Verb(
        "lambdacli.cli.deploy", "Show what a deployment would change, and change it: here or on AWS."
    ),
    "drift": Verb("lambdacli.cli.drift", "Tell what is otherwise where the project is deployed."),
    "rollback": Verb("lambdacli.cli.rollback", "Move aliases back to the versions before."),
    "alias": Verb("lambdacli.cli.alias", "Name versions, and shift invocations between them."),
    "layer": Verb("lambdacli.cli.layer", "Publish, list, show, share and delete layers."),
    "permission": Verb("lambdacli.cli.permission", "Say who may invoke a function, and see why or why not."),
    "metrics": Verb("lambdacli.cli.metrics", "Show what was counted of a function, minute by minute."),
    "clock": Verb("lambdacli.cli.clock", "Show the service's clock, move it on, set it back."),
    "completions": Verb("lambdacli.cli.completions", "Print or install the completion of a shell."),
}

_OTHER_WORDS = {
    "ls": "list",
    "tail": "logs",
    "rm": "delete",
    "remove": "delete",
    "new": "init",
    "run": "invoke",
}
"""What people coming from elsewhere type."""

_DESCRIPTION = "lam runs AWS Lambda functions on your own machine, without Docker."
_EXAMPLES = """
lam init demo && cd demo              make a Python function in a new folder
lam invoke demo -e events/event.json  run it: answer to stdout, log to stderr
lam logs demo --follow                watch what it writes
lam status                            what to export for boto3 and the AWS CLI
"""


def run(arguments: Sequence[str]) -> int:
    """One command from its words to its exit code. Nothing above it catches anything."""
    arguments = [*arguments[1:], "--help"] if arguments and arguments[0] == "help" else list(arguments)
    try:
        result = command().main(list(arguments) or ["--help"], prog_name="lam", standalone_mode=False)
        return result if isinstance(result, int) else errors.SUCCESS
    except KeyboardInterrupt:
        return errors.INTERRUPTED
    except typer.Abort:
        return errors.INTERRUPTED
    except Exception as error:
        return report(error, arguments)


def report(error: Exception, arguments: Sequence[str]) -> int:
    explanation = errors.explain(error)
    if explanation is not None:
        render.error(explanation.message, explanation.hints)
        return explanation.exit_code
    file = errors.write_bug_report(error, arguments)
    place = "" if file is None else f"; the report is in {file}"
    render.error(f"a bug in lam: {type(error).__name__}: {error}{place}")
    return errors.BUG


def command() -> TyperGroup:
    """The whole command line; verbs are still unloaded."""
    app = typer.Typer(
        cls=VerbGroup,
        name="lam",
        help=_DESCRIPTION,
        add_completion=False,
        rich_markup_mode=None,
        context_settings=_CONTEXT_SETTINGS,
    )

    @app.callback()
    def options(
        version: Annotated[
            bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
        ] = False,
    ) -> None: ...

    group = get_command(app)
    assert isinstance(group, VerbGroup)
    return group


def _version(is_wanted: bool) -> None:
    if is_wanted:
        render.output(f"lam {__version__}")
        raise typer.Exit


_CONTEXT_SETTINGS: dict[str, Any] = {"help_option_names": ["--help", "-h"], "max_content_width": 110}


class VerbCommand(TyperCommand):
    """A verb whose help begins with its examples."""

    examples = ""
    further_options: Callable[[Sequence[str]], Sequence[Any]] | None = None

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if self.further_options is not None:
            self.params = [*self.params, *self.further_options(args)]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # The reader of our output left (`| head`), which is no error.
            render.give_up_stdout()
            return errors.READER_LEFT

    def format_help(self, ctx: Any, formatter: Any) -> None:
        _write_opening(formatter, self.help or "", self.examples)
        parameters: list[Any] = self.get_params(ctx)
        arguments = [each for each in parameters if each.param_type_name == "argument"]
        formatter.write_usage(
            ctx.command_path, " ".join(["[OPTIONS]", *(each.metavar for each in arguments)])
        )
        sections: dict[str, list[tuple[str, str]]] = {
            "Arguments": [(each.metavar, each.help or "") for each in arguments],
            "Options": [],
        }
        for parameter in parameters:
            record = parameter.get_help_record(ctx)
            if record is not None and parameter not in arguments:
                section = getattr(parameter, "rich_help_panel", None) or "Options"
                sections.setdefault(section, []).append(record)
        for title, records in sections.items():
            _write_section(formatter, title, records)


class NounGroup(TyperGroup):
    """A noun such as `layer`, whose help shows what can be done with it."""

    examples = ""
    default: str | None = None
    """What the noun alone, or with options only, means; otherwise its help."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if self.default is None:
            return super().parse_args(ctx, args or ["--help"])
        is_default = not args or (args[0].startswith("-") and args[0] not in ("--help", "-h"))
        return super().parse_args(ctx, [self.default, *args] if is_default else args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, actions = args[0], self.list_commands(ctx)
        if name in actions or name.startswith("-"):
            return super().resolve_command(ctx, args)
        raise _no_such_verb(f"{ctx.info_name} {name}", name, actions, ctx.command_path)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        _write_opening(formatter, self.help or "", self.examples)
        formatter.write_usage(ctx.command_path, "[OPTIONS] VERB ...")
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        _write_section(formatter, "Verbs", [(name, each.help or "") for name, each in commands if each])
        records = [parameter.get_help_record(ctx) for parameter in self.get_params(ctx)]
        _write_section(formatter, "Options", [record for record in records if record])
        formatter.write_paragraph()
        formatter.write_text(f"`{ctx.command_path} VERB --help` shows a verb's examples and options.")


class VerbGroup(TyperGroup):
    def list_commands(self, ctx: Any) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return load_verb(cmd_name) if cmd_name in VERBS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name = args[0]
        if name in VERBS:
            return name, load_verb(name), args[1:]
        raise _no_such_verb(name, name, VERBS, "lam")

    def format_help(self, ctx: Any, formatter: Any) -> None:
        _write_opening(formatter, _DESCRIPTION, _EXAMPLES)
        formatter.write_usage("lam", "VERB ...")
        _write_section(formatter, "Verbs", [(name, verb.summary) for name, verb in VERBS.items()])
        records = [parameter.get_help_record(ctx) for parameter in self.get_params(ctx)]
        _write_section(formatter, "Options", [record for record in records if record])
        formatter.write_paragraph()
        formatter.write_text("`lam VERB --help` shows a verb's examples and options.")


def _no_such_verb(shown: str, name: str, known: Iterable[str], command: str) -> errors.WrongUsage:
    words = list(known)
    other = _OTHER_WORDS.get(name)
    meant = other if other in words else nearest(name, words)
    return errors.WrongUsage(
        f"no such verb: {shown}",
        f"did you mean {meant}?" if meant else None,
        f"`{command} --help` shows what there is",
    )


def load_verb(name: str) -> VerbCommand | NounGroup:
    module = importlib.import_module(VERBS[name].module)
    if hasattr(module, "ACTIONS"):
        return _noun(name, module.ACTIONS, module.EXAMPLES, getattr(module, "DEFAULT_ACTION", None))
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(name, cls=VerbCommand, help=VERBS[name].summary, context_settings=_CONTEXT_SETTINGS)(
        module.run
    )
    verb = get_command(app)
    assert isinstance(verb, VerbCommand)
    verb.examples = module.EXAMPLES
    return verb


def _noun(name: str, actions: Mapping[str, Action], examples: str, default: str | None) -> NounGroup:
    app = typer.Typer(
        cls=NounGroup,
        name=name,
        help=VERBS[name].summary,
        add_completion=False,
        rich_markup_mode=None,
        context_settings=_CONTEXT_SETTINGS,
    )
    # Even a noun with a single action is a group.
    app.callback()(lambda: None)
    for word, action in actions.items():
        app.command(word, cls=VerbCommand, help=action.summary, context_settings=_CONTEXT_SETTINGS)(
            action.run
        )
    noun = get_command(app)
    assert isinstance(noun, NounGroup)
    noun.examples, noun.default = examples, default
    for word, action in actions.items():
        command = noun.commands[word]
        assert isinstance(command, VerbCommand)
        command.examples, command.further_options = action.examples, action.further_options
    return noun


def _write_opening(formatter: Any, description: str, examples: str) -> None:
    formatter.write_text(description)
    formatter.write_paragraph()
    formatter.write("Examples:\n")
    for line in examples.strip().splitlines():
        formatter.write(f"  {line}\n")
    formatter.write_paragraph()


def _write_section(formatter: Any, title: str, records: list[tuple[str, str]]) -> None:
    if records:
        with formatter.section(title):
            formatter.write_dl(records)
