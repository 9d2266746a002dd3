"""`lam drift`: what is otherwise where the project is deployed than lam.yaml says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambdacli.cli import render
from lambdacli.cli.deploying import (
    AliasOption,
    NamesArgument,
    ToOption,
    as_json,
    counted,
    deploying,
)
from lambdacli.cli.options import AwsFlags, JsonOption, ProjectOption, takes_aws_flags

if TYPE_CHECKING:
    from lambdacli.model.deployment import Step

EXAMPLES = """
lam drift --to aws                                   what was changed by hand, or is not deployed yet
lam drift orders --to aws --json                     one function, for a script; exits with 1 if it differs
lam drift --endpoint-url http://10.0.0.5:4566        another machine's lam
"""


@takes_aws_flags
def run(
    aws: AwsFlags,
    names: NamesArgument = None,
    to: ToOption = "local",
    alias: AliasOption = None,
    json: JsonOption = False,
    project: ProjectOption = None,
) -> int:
    from lambdacli.project.packing import Packages
    from lambdacli.project.plan import plan

    work = deploying(project, names or (), to, aws, alias)
    wanted = work.wanted(Packages())
    with render.activity("comparing"):
        steps = plan(wanted, work.actual(wanted))
    if json:
        render.output_json(
            [{**row, "by_hand": step.by_hand} for row, step in zip(as_json(steps), steps, strict=True)]
        )
        return 1 if steps else 0
    render.output(f"at {work.target.name}")
    if not steps:
        render.output(
            f"nothing differs: {counted(len(work.functions), 'function')} as in {work.project.file.name}"
        )
        return 0
    for step in steps:
        _show(step)
    render.say("")
    render.say(f"`lam deploy{work.again}` makes it as {work.project.file.name} says")
    return 1


def _show(step: Step) -> None:
    owner = f"{step.function}: " if step.function is not None else ""
    tail = "  (changed by hand since it was deployed)" if step.by_hand else ""
    for change in step.changes:
        there = change.before or "nothing"
        wanted = change.after or "nothing"
        told = "another value, not shown" if there == wanted else f"{there} there, {wanted} wanted"
        render.output(f"{owner}{change.what}: {told}{tail}")
