"""What deploy, drift and rollback share: the options, where to deploy, and what is said of a plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lambdacli.cli import connect, render
from lambdacli.cli.errors import CommandError, WrongUsage
from lambdacli.cli.options import AwsFlags
from lambdacli.cli.remote import aws_of
from lambdacli.client.aws import Aws
from lambdacli.client.deploy.rest import RestTarget
from lambdacli.client.deploy.target import Refused, Target
from lambdacli.model.nearest import nearest

if TYPE_CHECKING:
    from lambdacli.model.deployment import Actual, Change, Package, Step, Wanted, WantedFunction
    from lambdacli.project.deployment import Destination
    from lambdacli.project.packing import Packages
    from lambdacli.project.policy_templates import Here
    from lambdacli.project.records import FunctionSettings, Project

NamesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME...]", help="The functions; otherwise all of lam.yaml.")
]
ToOption = Annotated[
    Literal["local", "aws"],
    typer.Option("--to", help="The local service (or the one of --endpoint-url), or AWS."),
]
AliasOption = Annotated[
    str | None,
    typer.Option("--alias", metavar="NAME", help="The alias to move; else lam.yaml's, or live."),
]

_OTHER_TOOLS = {
    "template": "`sam deploy` (or `aws cloudformation deploy`)",
    "cdk": "`cdk deploy`",
    "manifest": "`cdk deploy`",
    "serverless": "`serverless deploy`",
}


@dataclass(frozen=True, slots=True)
class Deploying:
    """A project, some of its functions, and where they go."""

    project: Project
    functions: Sequence[FunctionSettings]
    target: Target
    destination: Destination
    to: str
    cache: Path
    """Where what was built is kept."""

    @property
    def again(self) -> str:
        """The options that lead there, for commands to try next."""
        if self.to == "aws":
            return " --to aws"
        return "" if self.destination.reads_project else f" --endpoint-url {self.target.name}"

    def invocation(self, function: FunctionSettings) -> str:
        """A command that runs what was deployed."""
        from lambdacli.project.deployment import ALIAS

        if self.to == "aws":
            return f"lam invoke {function.name} --remote"
        where = "" if self.destination.reads_project else self.again
        return f"lam invoke {function.name}:{self.destination.alias or function.alias or ALIAS}{where}"

    def wanted(self, packages: Packages) -> Wanted:
        """Builds what the target does not read by itself."""
        from lambdacli.project.builders.workshop import Workshop
        from lambdacli.project.deployment import wanted_of
        from lambdacli.project.making import BuildError

        try:
            if not self.destination.reads_project:
                with render.progress("building", len(self.functions)) as advance:
                    packages.build(self.functions, Workshop(self.cache, _quiet), lambda each: advance(1))
            return wanted_of(
                self.project, self.functions, self.destination, packages.of_function, packages.of_layer
            )
        except BuildError as error:
            raise CommandError(str(error), "`lam build --verbose` shows what the tools say") from error

    def actual(self, wanted: Wanted) -> Actual:
        from lambdacli.client.deploy.patience import Patient
        from lambdacli.client.deploy.reading import read
        from lambdacli.project.plan import object_key

        large = [
            object_key(package)
            for function in wanted.functions
            for package in _packages_of(function)
            if package.size_bytes > wanted.direct_bytes
        ]
        try:
            actual = read(Patient(self.target), wanted, large)
        except Refused as error:
            raise self.explained(error) from error
        unread = [each.name for each in wanted.functions if each.name not in actual.functions]
        if self.destination.reads_project and unread:
            hint = "`lam validate` and `lam status` tell why"
            raise CommandError(f"the service has not taken in {', '.join(unread)}", hint)
        return actual

    def explained(self, error: Refused, what: str = "") -> CommandError:
        message, *hints = explanation(error, self.target.name)
        return CommandError(f"{what}{self.without_secrets(message)}", *hints)

    def without_secrets(self, text: str) -> str:
        """A refusal may repeat what it was sent."""
        from lambdacli.model.masking import without_secrets

        for function in self.functions:
            text = without_secrets(text, dict(function.variables or {}))
        return text


def _quiet(line: str) -> None:
    """What tools say is `lam build`'s."""


def _packages_of(function: WantedFunction) -> list[Package]:
    from lambdacli.model.deployment import WantedLayer

    own = [] if function.package is None else [function.package]
    return [*own, *(layer.package for layer in function.layers if isinstance(layer, WantedLayer))]


def deploying(
    project: str | None,
    names: Iterable[str],
    to: Literal["local", "aws"],
    aws: AwsFlags,
    alias: str | None,
    *,
    is_code_only: bool = False,
) -> Deploying:
    from lambdacli.project.deployment import Destination
    from lambdacli.project.policy_templates import Here

    if to == "aws" and aws.endpoint_url is not None:
        raise WrongUsage(
            "--endpoint-url names a Lambda service that asks for no signature; --to aws means AWS",
            "leave out one of the two, or set AWS_ENDPOINT_URL for an AWS elsewhere",
        )
    place = connect.place_of(project)
    if to == "aws" and not is_code_only:
        refuse_foreign(place.project_file)
    loaded = _loaded(place.project_file)
    functions = _chosen(loaded, list(names))
    if to == "aws":
        target, here = _aws(loaded, aws)
        destination = Destination(here, makes_roles=True, alias=alias, is_code_only=is_code_only)
        return Deploying(loaded, functions, target, destination, to, place.cache_dir)
    endpoint = connect.endpoint_of(project, aws)
    here = Here("aws", aws.region or loaded.region, loaded.account)
    destination = Destination(
        here, reads_project=not endpoint.is_remote, alias=alias, is_code_only=is_code_only
    )
    return Deploying(loaded, functions, RestTarget(endpoint), destination, to, place.cache_dir)


def _aws(project: Project, flags: AwsFlags) -> tuple[Target, Here]:
    from lambdacli.client.deploy.aws import AwsTarget
    from lambdacli.project.policy_templates import Here

    asked = aws_of(flags)
    target = AwsTarget(Aws(replace(asked.account, region=flags.region or _region(project, asked))))
    try:
        return target, Here(target.partition, target.region, target.account)
    except Refused as error:
        message, *hints = explanation(error, "AWS")
        raise CommandError(message, *hints) from error


def _region(project: Project, aws: Aws) -> str:
    """What lam.yaml says; if that is nothing else than the default, what this machine says."""
    from lambdacli.project.schema import TOP_LEVEL

    default = next(key.default for key in TOP_LEVEL if key.name == "region")
    if project.region != default:
        return project.region
    return aws.account.region or aws.region or project.region


def _loaded(file: Path | None) -> Project:
    from lambdacli.project.loading import load_project

    if file is None:
        raise CommandError("there is no lam.yaml or template here or above", "`lam init NAME` makes one")
    return load_project(file.resolve())


def _chosen(project: Project, names: list[str]) -> list[FunctionSettings]:
    by_name = {function.name: function for function in project.functions}
    for name in names:
        if name not in by_name:
            near = nearest(name, tuple(by_name))
            hint = f"did you mean {near}?" if near else f"it has {', '.join(by_name) or 'no functions'}"
            raise CommandError(f"{project.file.name} has no function {name}", hint)
    return [by_name[name] for name in dict.fromkeys(names or by_name)]


def refuse_foreign(file: Path | None) -> None:
    """What a template describes is deployed by the tool that it was written for."""
    from lambdacli.project.loading import is_template_file

    name = "" if file is None else file.name.lower()
    command = next((tool for begin, tool in _OTHER_TOOLS.items() if name.startswith(begin)), None)
    if command is None and file is not None and is_template_file(file):
        command = _OTHER_TOOLS["template"]
    if command is None or file is None:
        return
    raise CommandError(
        f"{file.name} is not deployed by lam: it may describe more than functions",
        f"{command} deploys it",
        "`lam deploy --to aws --code-only` only brings the code of its functions up to date",
    )


# What went wrong


def explanation(error: Refused, where: str) -> tuple[str, ...]:
    """What happened, then what to do."""
    if error.hint:
        return error.message, error.hint
    told = f"{error.operation}: {error.message or error.code}"
    if error.is_throttled:
        return f"{told} ({error.code})", "AWS was asked too often; wait a minute"
    if error.code in ("ResourceConflictException", "PreconditionFailedException"):
        return f"{told} ({error.code})", "somebody else changes it at the same time; look with `lam drift`"
    if error.code in ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"):
        return f"{told} ({error.code})", "these credentials lack that right: ask for it, or use other ones"
    if error.code == "NotConnected":
        return f"{told}", f"is {where} reachable from here?"
    return (f"{told} ({error.code})",)


# What is shown


def show_steps(steps: Sequence[Step]) -> None:
    """By function: what happens, and what it changes from what to what."""
    for number, step in enumerate(steps, start=1):
        mark, style = _mark(step)
        tail = "  (cannot be undone)" if step.is_destructive else ""
        render.output_marked(mark, style, f"{number:>3}. {step.title}{tail}")
        for change in step.changes:
            render.output(f"       {change_text(change)}")


def _mark(step: Step) -> tuple[str, str]:
    if step.is_destructive:
        return "-", "red"
    is_new = all(change.before is None for change in step.changes)
    return ("+", "green") if is_new else ("~", "yellow")


def change_text(change: Change) -> str:
    if change.before == change.after:
        return f"{change.what}: another value, not shown"
    if change.before is None:
        return f"{change.what}: {change.after}"
    if change.after is None:
        return f"{change.what}: {change.before} → nothing"
    return f"{change.what}: {change.before} → {change.after}"


def as_json(steps: Sequence[Step]) -> list[dict[str, object]]:
    return [
        {
            "step": step.title,
            "operation": f"{step.service}:{step.operation}",
            "function": step.function,
            "destructive": step.is_destructive,
            "changes": [
                {"what": change.what, "before": change.before, "after": change.after}
                for change in step.changes
            ],
        }
        for step in steps
    ]


def counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def now() -> str:
    from datetime import UTC, datetime

    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
