"""`lam deploy`: shows what would change, and changes it, here or on AWS."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from lambdacli.cli import render
from lambdacli.cli.confirm import YesOption, require_confirmation
from lambdacli.cli.deploying import (
    AliasOption,
    Deploying,
    NamesArgument,
    ToOption,
    as_json,
    counted,
    deploying,
    now,
    show_steps,
)
from lambdacli.cli.errors import INTERRUPTED, CommandError, WrongUsage
from lambdacli.cli.options import (
    AwsFlags,
    ConfigEnvOption,
    JsonOption,
    ParameterOverridesOption,
    ProjectOption,
    StageOption,
    takes_aws_flags,
    template_options,
)
from lambdacli.client.deploy.target import Refused
from lambdacli.model.template_options import DEFAULT_CONFIG_ENVIRONMENT

if TYPE_CHECKING:
    from lambdacli.model.deployment import Step, Wanted

EXAMPLES = """
lam deploy --plan --to aws                           what would change on AWS; nothing is done
lam deploy --to aws --profile work                   change it; asks before anything is taken away
lam deploy orders --to aws --yes                     one function, without a question
lam deploy                                           a version and the alias live, in the local service
lam deploy --endpoint-url http://10.0.0.5:4566       another machine's lam
lam deploy --to aws --code-only --stack shop         code of a SAM or CDK project's functions
"""


@takes_aws_flags
def run(
    aws: AwsFlags,
    names: NamesArgument = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only show what would change.")] = False,
    to: ToOption = "local",
    alias: AliasOption = None,
    code_only: Annotated[
        bool, typer.Option("--code-only", help="Only bring code up to date; all else is another tool's.")
    ] = False,
    stack: Annotated[
        str | None,
        typer.Option("--stack", metavar="NAME", help="With --code-only: the stack that has the functions."),
    ] = None,
    parameter_overrides: ParameterOverridesOption = None,
    config_env: ConfigEnvOption = DEFAULT_CONFIG_ENVIRONMENT,
    stage: StageOption = None,
    yes: YesOption = False,
    json: JsonOption = False,
    project: ProjectOption = None,
) -> int:
    from lambdacli.project.packing import Packages
    from lambdacli.project.plan import plan as plan_of

    if stack is not None and not (code_only and to == "aws"):
        raise WrongUsage("--stack goes with --to aws --code-only")
    template = template_options(parameter_overrides, None, config_env, stage)
    work = deploying(project, names or (), to, aws, alias, is_code_only=code_only, template=template)
    packages = Packages()
    wanted = work.wanted(packages)
    if code_only and to == "aws":
        wanted = by_their_stack(work, wanted, stack)
    with render.activity("reading what is there"):
        actual = work.actual(wanted)
    if code_only:
        _require_all(work, wanted, set(actual.functions))
    steps = plan_of(wanted, actual, now())
    if json:
        render.output_json(as_json(steps))
        if plan:
            return 0
    else:
        _show(work, steps)
    if plan or not steps:
        return 0
    _confirm(steps, yes)
    return do_steps(work, steps, packages.contents, tell=render.say if json else render.output)


def _show(work: Deploying, steps: Sequence[Step]) -> None:
    from lambdacli.project.deployment import not_deployed

    render.output(f"to {work.target.name}")
    if not work.destination.reads_project and not work.destination.is_code_only:
        for function in work.functions:
            for note in not_deployed(function, work.project, work.destination):
                render.note(f"{function.name}: {note}")
    if not steps:
        render.output(
            f"nothing to do: {counted(len(work.functions), 'function')} as in {work.project.file.name}"
        )
        return
    show_steps(steps)


def _confirm(steps: Sequence[Step], is_given: bool) -> None:
    """Whoever runs this in a script says --yes: what is taken away may be somebody's."""
    destructive = [step.title for step in steps if step.is_destructive]
    if destructive:
        told = f"{counted(len(destructive), 'step')} that cannot be undone"
        require_confirmation(f"do {told}: {'; '.join(destructive)}", is_given)


def do_steps(
    work: Deploying,
    steps: Sequence[Step],
    contents: Callable[[str], bytes],
    tell: Callable[[str], None] = render.output,
) -> int:
    """`tell` takes what a script may want to read; where that is JSON, people are told instead."""
    from lambdacli.client.deploy.applying import StepFailed, Told, apply
    from lambdacli.package.files import PackageError
    from lambdacli.project.making import BuildError

    at: list[Step] = []

    def done(step: Step, seconds: float) -> None:
        render.say(f"{len(at):>3}/{len(steps)} {step.title}  {seconds:.1f} s")

    try:
        answers = apply(steps, work.target, contents, Told(at.append, done))
    except StepFailed as error:
        told = work.explained(error.refusal, f"step {error.position} of {len(steps)}, {error.step.title}: ")
        raise CommandError(
            str(told), *told.hints, "what was done before stays; `lam deploy` again goes on from there"
        ) from error
    except (BuildError, PackageError) as error:
        raise CommandError(
            f"step {len(at)} of {len(steps)}, {at[-1].title}: {error}",
            "what was done before stays; `lam deploy` again goes on from there",
        ) from error
    except KeyboardInterrupt:
        title = at[-1].title if at else "before the first step"
        render.error(
            f"interrupted at step {len(at)} of {len(steps)}: {title}",
            ("what was done stays; `lam deploy` again goes on from there",),
        )
        return INTERRUPTED
    _tell_end(work, steps, {name: dict(answer) for name, answer in answers.items()}, tell)
    return 0


def _tell_end(
    work: Deploying,
    steps: Sequence[Step],
    answers: dict[str, dict[str, object]],
    tell: Callable[[str], None],
) -> None:
    changed = list(dict.fromkeys(step.function for step in steps if step.function is not None))
    render.say(f"{counted(len(steps), 'step')} done: {', '.join(changed) or 'roles, layers and APIs'}")
    for step in steps:
        url, api = answers[step.id].get("FunctionUrl"), answers[step.id].get("ApiEndpoint")
        if url is not None:
            tell(f"{step.function}  {url}")
        elif api is not None:
            name = str(step.parameters["Name"])
            tell(f"API {name}  {api}{_stage_prefix(work, name)}/")
    if work.destination.is_code_only:
        render.say("$LATEST has the new code; versions and aliases stay as they are")
    render.say("")
    render.say("next:")
    for command in work.to_try_next(changed[0] if changed else work.functions[0].name):
        render.say(f"  {command}")


def _stage_prefix(work: Deploying, name: str) -> str:
    return next(api.stage_prefix for api in work.project.apis if api.name == name)


# Functions that a stack has made


def by_their_stack(work: Deploying, wanted: Wanted, given: str | None) -> Wanted:
    """The functions by the names that the stack gave them: the one that was named, or that of the tool's own
    files. Where there is no stack yet, by those that their template says."""
    from lambdacli.client.deploy.stacks import functions_of_stacks

    stacks = (given,) if given is not None else work.tool.stacks if work.tool is not None else ()
    if not stacks:
        return wanted
    try:
        names = functions_of_stacks(work.target, stacks)
    except Refused as error:
        raise work.explained(error) from error
    if names is None:
        if given is not None:
            deploys = f"`{work.tool.command}` makes it" if work.tool is not None else "another tool makes it"
            raise CommandError(f"there is no stack {given} at {work.target.name}", deploys)
        return wanted
    logical_ids = {each.name: each.template.logical_id or each.name for each in work.functions}
    functions = tuple(
        replace(each, name=names.get(logical_ids[each.name], each.name)) for each in wanted.functions
    )
    return replace(wanted, functions=functions)


def _require_all(work: Deploying, wanted: Wanted, there: set[str]) -> None:
    missing = [function.name for function in wanted.functions if function.name not in there]
    if missing:
        raise CommandError(
            f"not there yet: {', '.join(missing)}",
            "--code-only changes functions that another tool has made; deploy with that one first"
            + (f": `{work.tool.command}`" if work.tool is not None else ""),
            "--stack NAME finds functions by the names that CloudFormation gave them",
        )
