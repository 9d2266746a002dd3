"""`lam rollback`: moves aliases back to the versions that they led to before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambdacli.cli import render
from lambdacli.cli.confirm import YesOption, require_confirmation
from lambdacli.cli.deploying import (
    AliasOption,
    Deploying,
    NamesArgument,
    ToOption,
    deploying,
    now,
    show_steps,
)
from lambdacli.cli.errors import CommandError
from lambdacli.cli.options import AwsFlags, ProjectOption, takes_aws_flags

if TYPE_CHECKING:
    from lambdacli.project.rollback import Deployed

EXAMPLES = """
lam rollback --to aws                                all functions of the last deployment
lam rollback orders --to aws                         one function: its alias to the version before
lam rollback --to aws --yes                          without a question, in a script
lam rollback                                         the same in the local service
"""


@takes_aws_flags
def run(
    aws: AwsFlags,
    names: NamesArgument = None,
    to: ToOption = "local",
    alias: AliasOption = None,
    yes: YesOption = False,
    project: ProjectOption = None,
) -> int:
    from lambdacli.client.deploy.applying import StepFailed, Told, apply
    from lambdacli.client.deploy.target import Refused
    from lambdacli.project.deployment import ALIAS
    from lambdacli.project.rollback import NoVersionBefore, movable, of_last_deployment, rollback_steps

    work = deploying(project, names or (), to, aws, alias)
    aliases = {each.name: alias or each.alias or ALIAS for each in work.functions}
    try:
        found = {
            name: deployed
            for name, of_function in aliases.items()
            if (deployed := _deployed(work, name, of_function)) is not None
        }
    except Refused as error:
        raise work.explained(error) from error
    missing = [name for name in names or () if name not in found]
    if missing or not found:
        told = ", ".join(missing or aliases)
        raise CommandError(
            f"not deployed at {work.target.name}: {told}", f"`lam deploy{work.again}` does that"
        )
    try:
        chosen, unmoved = (names, ()) if names else movable(found, of_last_deployment(found))
        steps = rollback_steps(aliases, found, chosen, now())
    except NoVersionBefore as error:
        raise CommandError(str(error), "`lam versions NAME` shows what there is") from error
    render.output(f"at {work.target.name}")
    for fault in unmoved:
        render.note(f"{fault}: it stays")
    show_steps(steps)
    moved = "1 alias" if len(steps) == 1 else f"{len(steps)} aliases"
    require_confirmation(f"move {moved} back at {work.target.name}", yes)
    try:
        told_end = Told(done=lambda step, seconds: render.say(f"{step.title}  {seconds:.1f} s"))
        apply(steps, work.target, lambda sha256: b"", told_end)
    except StepFailed as error:
        refused = work.explained(error.refusal, f"{error.step.title}: ")
        raise CommandError(str(refused), *refused.hints, "`lam rollback` again goes on") from error
    render.say(f"{moved} moved; code and settings stay")
    render.say(f"`lam deploy{work.again}` moves forward again")
    return 0


def _deployed(work: Deploying, name: str, alias: str) -> Deployed | None:
    from lambdacli.client.deploy.reading import deployed_alias
    from lambdacli.project.rollback import Deployed

    found = deployed_alias(work.target, name, alias)
    return None if found is None else Deployed(*found)
