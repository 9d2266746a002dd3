"""What deploy, drift and rollback share: the options, where to deploy, and what is said of a plan."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lambdacli.cli import connect, render
from lambdacli.cli.errors import CommandError, WrongUsage
from lambdacli.cli.options import AwsFlags
from lambdacli.cli.projects_nearby import no_project
from lambdacli.cli.remote import aws_of
from lambdacli.client.aws import Aws
from lambdacli.client.deploy.rest import RestTarget
from lambdacli.client.deploy.target import Refused, Target
from lambdacli.model.nearest import nearest
from lambdacli.model.template_options import NO_OPTIONS, TemplateOptions

if TYPE_CHECKING:
    from lambdacli.model.deployment import Actual, Change, Package, Step, Wanted, WantedFunction
    from lambdacli.project.deployment import Destination
    from lambdacli.project.other_tools import OwnTool
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
    tool: OwnTool | None = None
    """The one that deploys the project's template, if it has one."""
    given: str = ""
    """What of --profile and --region was given."""

    @property
    def again(self) -> str:
        """The options that lead there, for commands to try next."""
        if self.to == "aws":
            return f" --to aws{self.given}"
        return "" if self.destination.reads_project else f" --endpoint-url {self.target.name}"

    def to_try_next(self, name: str) -> list[str]:
        """Commands for after a deployment that changed this function, as it is called there."""
        if self.destination.is_code_only:
            return [self._invocation(name, None)]
        return [
            self._invocation(name, self._alias_of(name)),
            f"lam drift{self.again}",
            f"lam rollback{self.again}",
        ]

    def _invocation(self, name: str, alias: str | None) -> str:
        if self.to == "aws":
            # Unlike a deployment, it does not look for the region in lam.yaml.
            region = "" if "--region" in self.given else f" --region {self.destination.here.region}"
            where = f" --remote{self.given}{region}"
        else:
            where = "" if self.destination.reads_project else self.again
        return f"lam invoke {name}{f':{alias}' if alias else ''}{where}"

    def _alias_of(self, name: str) -> str:
        from lambdacli.project.deployment import ALIAS

        own = next((each.alias for each in self.functions if each.name == name), None)
        return self.destination.alias or own or ALIAS

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

        of_functions = (function.variables or {} for function in self.functions)
        of_stages = (api.stage_variables for api in self.project.apis)
        for variables in (*of_functions, *of_stages):
            text = without_secrets(text, dict(variables))
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
    template: TemplateOptions = NO_OPTIONS,
) -> Deploying:
    from lambdacli.project.deployment import Destination
    from lambdacli.project.policy_templates import Here

    if to == "aws" and aws.endpoint_url is not None:
        raise WrongUsage(
            "--endpoint-url names a Lambda service that asks for no signature; --to aws means AWS",
            "leave out one of the two, or set AWS_ENDPOINT_URL for an AWS elsewhere",
        )
    place = connect.place_of(project)
    tool = None
    if to == "aws":
        tool = tool_of(place.project_file, aws, template)
        if tool is not None and not is_code_only:
            raise not_ours(str(place.project_file and place.project_file.name), tool)
    loaded = _loaded(place.project_file, template)
    functions = _chosen(loaded, list(names))
    if to == "aws":
        if tool is None:
            tool = tool_of(loaded.template_file, aws, template)
        if not is_code_only:
            functions = _without_templates(loaded, functions, tool, is_named=bool(names))
        target, here = _aws(loaded, aws, tool)
        destination = Destination(here, makes_roles=True, alias=alias, is_code_only=is_code_only)
        given = "".join(_given_words(aws))
        return Deploying(loaded, functions, target, destination, to, place.cache_dir, tool, given)
    endpoint = connect.endpoint_of(project, aws, template)
    here = Here("aws", aws.region or loaded.region, loaded.account)
    destination = Destination(
        here, reads_project=not endpoint.is_remote, alias=alias, is_code_only=is_code_only
    )
    return Deploying(loaded, functions, RestTarget(endpoint), destination, to, place.cache_dir)


def _given_words(aws: AwsFlags) -> Iterator[str]:
    if aws.profile is not None:
        yield f" --profile {shlex.quote(aws.profile)}"
    if aws.region is not None:
        yield f" --region {aws.region}"


def _aws(project: Project, flags: AwsFlags, tool: OwnTool | None) -> tuple[Target, Here]:
    from lambdacli.client.deploy.aws import AwsTarget
    from lambdacli.project.policy_templates import Here

    if tool is not None and flags.profile is None and "AWS_PROFILE" not in os.environ:
        # Where that one has deployed to.
        flags = replace(flags, profile=tool.profile)
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
    if project.is_region_chosen or project.region != default:
        return project.region
    return aws.account.region or aws.region or project.region


def _loaded(file: Path | None, template: TemplateOptions) -> Project:
    from lambdacli.project.loading import Surroundings, load_project

    if file is None:
        raise no_project()
    return load_project(file.resolve(), Surroundings(options=template))


def _chosen(project: Project, names: list[str]) -> list[FunctionSettings]:
    by_name = {function.name: function for function in project.functions}
    for name in names:
        if name not in by_name:
            near = nearest(name, tuple(by_name))
            hint = f"did you mean {near}?" if near else f"it has {', '.join(by_name) or 'no functions'}"
            raise CommandError(f"{project.file.name} has no function {name}", hint)
    return [by_name[name] for name in dict.fromkeys(names or by_name)]


# Templates are deployed by the tools that they were written for


def tool_of(file: Path | None, aws: AwsFlags, template: TemplateOptions) -> OwnTool | None:
    """None for a lam.yaml."""
    from lambdacli.project.loading import is_template_file
    from lambdacli.project.other_tools import Asked, own_tool

    if file is None or not is_template_file(file):
        return None
    return own_tool(file, Asked(aws.profile, aws.region, template.config_environment))


def not_ours(what: str, tool: OwnTool) -> CommandError:
    return CommandError(
        f"{what} is not deployed by lam: it may describe more than functions",
        f"`{tool.command}` deploys it" + (f" ({tool.why})" if tool.why else ""),
        "`lam deploy --to aws --code-only` only brings the code of its functions up to date",
    )


def _without_templates(
    project: Project, functions: list[FunctionSettings], tool: OwnTool | None, *, is_named: bool
) -> list[FunctionSettings]:
    """Those that lam.yaml itself describes, beside a template that it names."""
    own = [each for each in functions if not each.template.logical_id]
    theirs = [each.name for each in functions if each.template.logical_id]
    if not theirs or tool is None or project.template_file is None:
        return functions
    if is_named or not own:
        raise not_ours(f"{', '.join(theirs)} of {project.template_file.name}", tool)
    render.note(f"{', '.join(theirs)}: of {project.template_file.name}, which `{tool.command}` deploys")
    return own


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
