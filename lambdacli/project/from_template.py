"""From a resolved template to a project: the same records as lam.yaml's, and what only a template has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lambdacli.model.concurrency import unreserved_minimum
from lambdacli.model.identity import Identities
from lambdacli.project.cloudformation.no_echo import masked, secrets_of
from lambdacli.project.cloudformation.template import Template
from lambdacli.project.records import ConfigError, FunctionSettings, Problem, Project
from lambdacli.project.sam_build import SamBuild
from lambdacli.project.stack.around import FUNCTIONS, LAYERS, Around
from lambdacli.project.stack.declared import Finding
from lambdacli.project.stack.events import connections_of
from lambdacli.project.stack.functions import functions_of, local_layer, url_settings
from lambdacli.project.stack.http import apis_of
from lambdacli.project.stack.load_balancers import load_balancers_of
from lambdacli.project.stack.neighbours import resources_of
from lambdacli.project.stack.refusals import complain_of_refused
from lambdacli.project.stack.roles import roles_of
from lambdacli.project.stack.schedules import schedules_of
from lambdacli.project.stack.settings import declared_of
from lambdacli.project.stack.values import Notes, Values, resource_used


def project_of(
    template: Template, base: Project, variables: Mapping[str, Mapping[str, str]] | None = None
) -> Project:
    """`base` is what lam.yaml says, or the defaults; `variables` are those of `--env-vars`. Raises
    ConfigError with all problems."""
    around = Around(
        template, SamBuild(template.file), Notes(), base.substitutions, variables or {}, base.jwt_keys
    )
    complain_of_refused(around)
    functions = _with_urls(functions_of(around), around)
    _tell_of_layers(around)
    _tell_of_conditions(around)
    connections = connections_of(around)
    scheduled = schedules_of(around)
    project = replace(
        base,
        region=template.region,
        account=template.account,
        functions=(*base.functions, *functions),
        apis=(*base.apis, *apis_of(around), *load_balancers_of(around)),
        declared=(*base.declared, *declared_of(around), *connections.permissions, *scheduled.permissions),
        neighbour_calls=(*resources_of(around), *connections.calls),
        schedules=(*base.schedules, *scheduled.schedules),
        identities=_identities(base.identities, around),
    )
    notes = around.notes
    _check_names(project.functions, around)
    _check_variables(around)
    _check_concurrency(project, notes)
    if notes.problems:
        raise ConfigError(base.folder, masked(_in_order(notes.problems), secrets_of(template.parameters)))
    told = _in_order([*template.problems, *notes.warnings])
    return replace(
        project,
        warnings=(*base.warnings, *masked(told, secrets_of(template.parameters))),
        findings=tuple(sorted(dict.fromkeys(notes.findings), key=lambda each: (str(each.file), each.line))),
    )


def _in_order(problems: list[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(dict.fromkeys(problems), key=lambda each: (str(each.file), each.line, each.column)))


def _with_urls(functions: tuple[FunctionSettings, ...], around: Around) -> tuple[FunctionSettings, ...]:
    """Those that are resources of their own."""
    by_name = {function.name: function for function in functions}
    for resource in around.of_type("AWS::Lambda::Url"):
        values = Values(resource, around.notes)
        named = around.function_of(values, "TargetFunctionArn")
        if named is None or named[0].name not in by_name:
            continue
        name = named[0].name
        by_name[name] = replace(by_name[name], url=url_settings(values))
        resource_used(resource, around.notes, f"the URL of {name}")
    return tuple(by_name.values())


def _tell_of_layers(around: Around) -> None:
    for resource in around.of_type(*LAYERS):
        if local_layer(resource, around) is not None:
            resource_used(resource, around.notes, "a layer of the functions that name it")


def _tell_of_conditions(around: Around) -> None:
    template = around.template
    places = next((each.places for each in template.resources.values()), None)
    for logical_id, condition in template.left_out.items():
        if places is not None:
            place = places.of(("Resources", logical_id))
            why = f"its condition {condition} is false"
            around.notes.findings.append(Finding(place.file, place.line, logical_id, False, why))


def _identities(base: Identities, around: Around) -> Identities:
    return replace(base, roles={**roles_of(around), **base.roles})


def _check_names(functions: tuple[FunctionSettings, ...], around: Around) -> None:
    taken: set[str] = set()
    for function in functions:
        if function.name in taken:
            values = Values(around.template.resources[function.template.logical_id], around.notes)
            values.complain("FunctionName", f"{function.name} is the name of another function already")
        taken.add(function.name)


def _check_variables(around: Around) -> None:
    """A misspelt name in the file of `--env-vars` would silently do nothing."""
    known = {"Parameters"}
    for resource in around.of_type(*FUNCTIONS):
        known |= {resource.logical_id, resource.name}
    for name in around.variables:
        if name not in known:
            problem = Problem(
                around.template.file, 1, 1, name, "is in the file of --env-vars, but no function"
            )
            around.notes.warnings.append(problem)


def _check_concurrency(project: Project, notes: Notes) -> None:
    account = project.account_concurrency
    reservable = account - unreserved_minimum(account)
    total = sum(function.reserved_concurrency or 0 for function in project.functions)
    if total > reservable:
        message = f"the functions reserve {total}; Lambda lets {reservable} of {account} be reserved"
        notes.problems.append(Problem(project.file, 1, 1, "", message))
