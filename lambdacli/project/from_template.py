"""From a resolved template to a project: the same records as lam.yaml's, and what only a template has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from lambdacli.model.concurrency import unreserved_minimum
from lambdacli.model.identity import Identities
from lambdacli.project.cloudformation.no_echo import masked, secrets_of
from lambdacli.project.cloudformation.template import Template
from lambdacli.project.declared import DeclaredKind
from lambdacli.project.records import ConfigError, FunctionSettings, Problem, Project
from lambdacli.project.sam_build import SamBuild
from lambdacli.project.stack.around import FUNCTIONS, LAYERS, Around
from lambdacli.project.stack.declared import Finding
from lambdacli.project.stack.events import connections_of
from lambdacli.project.stack.functions import called, functions_of, local_layer, url_settings
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
    notes = Notes()
    around = Around(
        template, SamBuild.of(template.file), notes, base.substitutions, variables or {}, base.jwt_keys
    )
    arounds = tuple(_with_nested(replace(around, whole=template.whole)))
    for each in arounds:
        complain_of_refused(each)
    read = tuple(found for each in arounds for found in functions_of(each))
    functions = _with_short_names(_with_urls(read, arounds))
    for each in arounds:
        _tell_of_layers(each)
        _tell_of_conditions(each)
    connections = [connections_of(each) for each in arounds]
    scheduled = [schedules_of(each) for each in arounds]
    permissions = [found for each in connections for found in each.permissions]
    permissions += [found for each in scheduled for found in each.permissions]
    declared = [*(found for each in arounds for found in declared_of(each)), *permissions]
    declared.sort(key=lambda each: each.kind is not DeclaredKind.ALIAS)  # a stack may name those of another
    calls = [found for each in arounds for found in resources_of(each)]
    project = replace(
        base,
        region=template.region,
        account=template.account,
        functions=(*base.functions, *functions),
        apis=(*base.apis, *apis_of(arounds), *load_balancers_of(arounds)),
        declared=(*base.declared, *declared),
        neighbour_calls=(*calls, *(call for each in connections for call in each.calls)),
        schedules=(*base.schedules, *(found for each in scheduled for found in each.schedules)),
        identities=_identities(base.identities, arounds),
    )
    _check_names(project.functions, arounds)
    _check_variables(arounds)
    _check_concurrency(project, notes)
    secrets = {
        f"{name} of {each.file}": value
        for each in template.whole
        for name, value in secrets_of(each.parameters).items()
    }
    if notes.problems:
        raise ConfigError(base.folder, masked(_in_order(notes.problems), secrets))
    told = _in_order([*(problem for each in template.whole for problem in each.problems), *notes.warnings])
    return replace(
        project,
        warnings=(*base.warnings, *masked(told, secrets)),
        findings=tuple(sorted(dict.fromkeys(notes.findings), key=lambda each: (str(each.file), each.line))),
        left_out=notes.left_out,
        further_files=(*base.further_files, *(each.file for each in template.whole[1:])),
    )


def _with_nested(around: Around) -> Iterator[Around]:
    """One for each template."""
    yield around
    for logical_id, nested in around.template.nested.items():
        build = around.build.within(logical_id, nested.file)
        yield from _with_nested(replace(around, template=nested, build=build))


def _in_order(problems: list[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(dict.fromkeys(problems), key=lambda each: (str(each.file), each.line, each.column)))


def _with_short_names(functions: tuple[FunctionSettings, ...]) -> tuple[FunctionSettings, ...]:
    """A logical id that no two stacks use means its function, in whatever stack."""
    short = [function.template.logical_id.rpartition("/")[2] for function in functions]
    return tuple(
        replace(
            function,
            template=replace(function.template, other_names=(*function.template.other_names, own)),
        )
        if "/" in function.template.logical_id and short.count(own) == 1
        else function
        for function, own in zip(functions, short, strict=True)
    )


def _with_urls(
    functions: tuple[FunctionSettings, ...], arounds: Sequence[Around]
) -> tuple[FunctionSettings, ...]:
    """Those that are resources of their own."""
    by_name = {function.name: function for function in functions}
    if len(by_name) < len(functions):
        return functions  # which is complained of
    for around, resource in ((each, url) for each in arounds for url in each.of_type("AWS::Lambda::Url")):
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
            around.notes.left_out[logical_id] = why
            around.notes.findings.append(Finding(place.file, place.line, logical_id, False, why))


def _identities(base: Identities, arounds: Sequence[Around]) -> Identities:
    roles = {name: role for each in arounds for name, role in roles_of(each).items()}
    return replace(base, roles={**roles, **base.roles})


def _check_names(functions: tuple[FunctionSettings, ...], arounds: Sequence[Around]) -> None:
    resources = {called(each): each for around in arounds for each in around.of_type(*FUNCTIONS)}
    taken: set[str] = set()
    for function in functions:
        if function.name in taken:
            values = Values(resources[function.template.logical_id], arounds[0].notes)
            values.complain("FunctionName", f"{function.name} is the name of another function already")
        taken.add(function.name)


def _check_variables(arounds: Sequence[Around]) -> None:
    """A misspelt name in the file of `--env-vars` would silently do nothing."""
    known = {"Parameters"}
    for resource in (each for around in arounds for each in around.of_type(*FUNCTIONS)):
        known |= {resource.logical_id, resource.name, called(resource)}
    around = arounds[0]
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
