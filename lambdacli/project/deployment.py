"""What a project wants to be where it is deployed to: its settings in the API's members."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lambdacli.model.deployment import Members, Package, Wanted, WantedFunction, WantedLayer, WantedRole
from lambdacli.model.function import LocalLayer
from lambdacli.model.http_apis import ApiKind
from lambdacli.model.record import record
from lambdacli.project.declared import DeclaredEventInvoke, DeclaredMapping, role_name
from lambdacli.project.deployed_apis import wanted_apis
from lambdacli.project.deployed_rules import notes_of_schedules, wanted_rules, with_rule_statements
from lambdacli.project.policy_templates import Here
from lambdacli.project.records import FunctionSettings, Project
from lambdacli.project.role_needs import needs_of
from lambdacli.project.role_policy import TRUST_POLICY, role_policy
from lambdacli.project.urls import DeclaredUrl, cors_configuration

ALIAS = "live"


@record
class Destination:
    """Where a project is deployed to, as far as its settings depend on it."""

    here: Here
    makes_roles: bool = False
    """Roles, buckets and HTTP APIs can be made there."""
    reads_project: bool = False
    """It is the project's own service."""
    alias: str | None = None
    """Instead of what the project says."""
    is_code_only: bool = False


def wanted_of(
    project: Project,
    functions: Iterable[FunctionSettings],
    destination: Destination,
    package_of: Callable[[FunctionSettings], Package],
    layer_package: Callable[[FunctionSettings, LocalLayer], Package],
) -> Wanted:
    """What runs here must run there: ARNs of the project's own account and region become the other's."""
    found = tuple(_function(project, each, destination, package_of, layer_package) for each in functions)
    bucket = None
    if destination.makes_roles:
        bucket = f"lam-packages-{destination.here.account}-{destination.here.region}"
    has_gateway = destination.makes_roles and not destination.is_code_only
    apis = tuple(wanted_apis(project, found, destination.here)) if has_gateway else ()
    rules = tuple(wanted_rules(project, found, destination.here)) if has_gateway else ()
    found = tuple(with_rule_statements(each, rules, destination.here) for each in found)
    return Wanted(found, bucket, bucket_owner=destination.here.account, apis=apis, rules=rules)


def _function(
    project: Project,
    function: FunctionSettings,
    destination: Destination,
    package_of: Callable[[FunctionSettings], Package],
    layer_package: Callable[[FunctionSettings, LocalLayer], Package],
) -> WantedFunction:
    alias = destination.alias or function.alias or ALIAS
    if destination.reads_project:
        return WantedFunction(
            function.name, alias, provisioned=function.provisioned_concurrency, is_read_by_target=True
        )
    if destination.is_code_only:
        return WantedFunction(
            function.name,
            alias,
            architecture=function.architecture,
            package=package_of(function),
            is_code_only=True,
        )
    moved = _moved(project, function, destination.here)
    return WantedFunction(
        name=function.name,
        alias=alias,
        configuration=_configuration(moved),
        architecture=function.architecture,
        package=package_of(function),
        role=_role(moved, destination),
        layers=tuple(_layer(project, function, layer, layer_package) for layer in moved.layers),
        tags=dict(function.tags),
        reserved=function.reserved_concurrency,
        provisioned=function.provisioned_concurrency,
        url=None if function.url is None else _url(function.url),
        statements=_statements(moved),
        event_invoke=_event_invoke(moved.event_invoke),
        mappings={mapping.source_arn: mapping.members for mapping in moved.mappings},
        retention_days=function.log_retention_days,
    )


def _configuration(function: FunctionSettings) -> Members:
    return {
        "Runtime": function.runtime,
        "Handler": function.handler,
        "Description": function.description,
        "Timeout": function.timeout_seconds,
        "MemorySize": function.memory_mb,
        "Environment": {"Variables": dict(function.variables or {})},
        "EphemeralStorage": {"Size": function.ephemeral_storage_mb},
        "DeadLetterConfig": {"TargetArn": function.dead_letter or ""},
    }


def _layer(
    project: Project,
    function: FunctionSettings,
    layer: Path | LocalLayer | str,
    layer_package: Callable[[FunctionSettings, LocalLayer], Package],
) -> WantedLayer | str:
    """A folder's layer is called as its way from the project's folder: that is the same on every machine."""
    if isinstance(layer, str):
        return layer
    local = LocalLayer(layer) if isinstance(layer, Path) else layer
    path = local.path
    way = path.relative_to(project.folder) if path.is_relative_to(project.folder) else Path(path.name)
    name = "-".join(part for part in way.with_suffix("").parts if part not in (".", ".."))
    package = layer_package(function, local)
    return WantedLayer("".join(letter if letter.isalnum() else "-" for letter in name), package)


# What is somebody else's ARN stays; what is the project's own place becomes the target's


def _moved(project: Project, function: FunctionSettings, here: Here) -> FunctionSettings:
    def move(arn: str) -> str:
        return moved_arn(arn, project.account, project.region, here)

    def move_caller(text: str) -> str:
        return here.account if text == project.account else move(text)

    events = function.event_invoke
    return replace(
        function,
        role=move(function.role),
        dead_letter=None if function.dead_letter is None else move(function.dead_letter),
        layers=tuple(move(each) if isinstance(each, str) else each for each in function.layers),
        event_invoke=None
        if events is None
        else replace(
            events,
            on_success=None if events.on_success is None else move(events.on_success),
            on_failure=None if events.on_failure is None else move(events.on_failure),
        ),
        mappings=tuple(
            DeclaredMapping(move(each.source_arn), _moved_members(each.members, move))
            for each in function.mappings
        ),
        permissions=tuple(
            replace(each, members=_moved_members(each.members, move_caller)) for each in function.permissions
        ),
        policies=tuple(
            move(each) if isinstance(each, str) else _moved_members(each, move) for each in function.policies
        ),
    )


def _moved_members(members: Members, move: Callable[[str], str]) -> dict[str, Any]:
    def moved(value: Any) -> Any:
        if isinstance(value, str):
            return move(value)
        if isinstance(value, Mapping):
            return {name: moved(each) for name, each in value.items()}
        return [moved(each) for each in value] if isinstance(value, list) else value

    return {name: moved(value) for name, value in members.items()}


def moved_arn(arn: str, account: str, region: str, here: Here) -> str:
    """An ARN of this account and region, as it is called there; anything else as it is."""
    fields = arn.split(":", 5)
    if len(fields) != 6 or fields[0] != "arn" or fields[4] != account:
        return arn
    if fields[3] not in ("", region):
        return arn
    where = here.region if fields[3] else ""
    return ":".join(("arn", here.partition, fields[2], where, here.account, fields[5]))


# The role


def _role(function: FunctionSettings, destination: Destination) -> WantedRole | str:
    if function.is_role_given or not destination.makes_roles:
        return function.role
    rights = role_policy(needs_of(function, destination.here))
    return WantedRole(
        role_name(function.name),
        TRUST_POLICY,
        rights.managed,
        rights.document,
        document_name=f"lam-{destination.here.region}",
    )


# What stands around it


def _event_invoke(declared: DeclaredEventInvoke | None) -> Members | None:
    if declared is None:
        return None
    targets = {"OnSuccess": declared.on_success, "OnFailure": declared.on_failure}
    destinations = {name: {"Destination": arn} for name, arn in targets.items() if arn is not None}
    members = {
        "MaximumRetryAttempts": declared.retries,
        "MaximumEventAgeInSeconds": declared.maximum_age_seconds,
        "DestinationConfig": destinations or None,
    }
    return {name: value for name, value in members.items() if value is not None} or None


def _url(url: DeclaredUrl) -> Members:
    members: dict[str, Any] = {"AuthType": url.auth_type, "InvokeMode": url.invoke_mode}
    return {**members, "Cors": cors_configuration(url.cors)} if url.cors is not None else members


def _statements(function: FunctionSettings) -> dict[str, Members]:
    """A URL that asks nobody needs two statements that let everybody in."""
    told: dict[str, Members] = {each.statement_id: each.members for each in function.permissions}
    if function.url is not None and function.url.auth_type == "NONE":
        told["lam-url"] = {
            "Action": "lambda:InvokeFunctionUrl",
            "Principal": "*",
            "FunctionUrlAuthType": "NONE",
        }
        told["lam-url-invoke"] = {
            "Action": "lambda:InvokeFunction",
            "Principal": "*",
            "InvokedViaFunctionUrl": True,
        }
    return told


def not_deployed(function: FunctionSettings, project: Project, destination: Destination) -> list[str]:
    """What of a function has its effect here only."""
    kinds = {
        api.kind
        for api in project.apis
        if any(route.function == function.name for route in api.routes)
        if not (api.kind is ApiKind.HTTP and destination.makes_roles)
    }
    notes = [
        f"its routes of type {kind} are not deployed: such an API is another tool's; `url` is deployed"
        for kind in sorted(kinds)
    ]
    notes += notes_of_schedules(project, function.name, makes_rules=destination.makes_roles)
    if function.virtual_environment is not None:
        notes.append("packages of its `venv` are not in its package: name them in requirements.txt")
    return notes
