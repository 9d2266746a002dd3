"""The steps from what is there to what is wanted, in their order; nothing differs, no step. Pure."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from lambdacli.model.comparing import (
    changes,
    content_of,
    policy_members,
    settings_of,
    shown,
)
from lambdacli.model.deployment import (
    Actual,
    ActualFunction,
    ActualRole,
    Answered,
    Change,
    Contents,
    Members,
    Package,
    Step,
    Wanted,
    WantedFunction,
    WantedLayer,
    WantedRole,
)
from lambdacli.model.function import own_log_group
from lambdacli.project.plan_apis import creation_steps, steps_of_api, with_api_statements
from lambdacli.project.plan_around import steps_around_alias
from lambdacli.project.plan_rules import steps_of_left_rules, steps_of_rule
from lambdacli.project.rollback import note_of_deployment


def plan(wanted: Wanted, actual: Actual, moment: str = "") -> tuple[Step, ...]:
    """`moment` names the deployment: aliases tell of it which versions came together."""
    steps: list[Step] = []
    for function in wanted.functions:
        if isinstance(function.role, WantedRole):
            steps += _role_steps(function.role, actual.roles.get(function.role.name))
    steps += _layer_steps(wanted, actual)
    for api in wanted.apis:
        steps += creation_steps(api, actual.apis.get(api.name))
    steps += steps_of_left_rules(wanted, actual)
    for function in wanted.functions:
        invoked = with_api_statements(function, wanted, actual)
        steps += _function_steps(wanted, invoked, actual, moment)
    for api in wanted.apis:
        steps += steps_of_api(api, actual.apis.get(api.name))
    for rule in wanted.rules:
        steps += steps_of_rule(rule, actual.rules.get(rule.name))
    return tuple(_once(steps))


def _once(steps: list[Step]) -> Iterator[Step]:
    """What several functions share is made for the first of them."""
    seen: set[str] = set()
    for step in steps:
        if step.id not in seen:
            seen.add(step.id)
            yield step


# Roles


def _role_steps(role: WantedRole, actual: ActualRole | None) -> Iterator[Step]:
    if actual is None:
        yield Step(
            f"role {role.name}",
            f"create role {role.name}",
            "iam",
            "CreateRole",
            {
                "RoleName": role.name,
                "AssumeRolePolicyDocument": json.dumps(role.trust),
                "Description": "Made by lam deploy",
            },
            (Change("role", None, role.name),),
        )
    for arn in role.managed:
        if actual is None or arn not in actual.managed:
            yield Step(
                f"role {role.name} {arn}",
                f"attach {arn.rpartition('/')[2]} to role {role.name}",
                "iam",
                "AttachRolePolicy",
                {"RoleName": role.name, "PolicyArn": arn},
                (Change("policy", None, arn.rpartition("/")[2]),),
            )
    former = None if actual is None else actual.document
    if role.document is not None and former != role.document:
        yield Step(
            f"role {role.name} policy",
            f"set the policy of role {role.name}",
            "iam",
            "PutRolePolicy",
            {
                "RoleName": role.name,
                "PolicyName": role.document_name,
                "PolicyDocument": json.dumps(role.document),
            },
            tuple(changes(policy_members(former), policy_members(role.document))),
        )
    elif role.document is None and former is not None:
        yield Step(
            f"role {role.name} policy",
            f"delete the policy of role {role.name}",
            "iam",
            "DeleteRolePolicy",
            {"RoleName": role.name, "PolicyName": role.document_name},
            tuple(changes(policy_members(former), {})),
            is_destructive=True,
        )


def _role_arn(function: WantedFunction, actual: Actual) -> str | Answered:
    if isinstance(function.role, str):
        return function.role
    there = actual.roles.get(function.role.name)
    return Answered(f"role {function.role.name}", "Role.Arn") if there is None else there.arn


# Layers


def _layer_steps(wanted: Wanted, actual: Actual) -> Iterator[Step]:
    for function in wanted.functions:
        for layer in function.layers:
            if isinstance(layer, str) or _layer_there(layer, actual) is not None:
                continue
            newest = next(iter(actual.layers.get(layer.name, ())), None)
            before = None if newest is None else newest.sha256
            yield from _upload_steps(wanted, actual, layer.package)
            yield Step(
                _layer_id(layer),
                f"publish layer {layer.name}",
                "lambda",
                "PublishLayerVersion",
                {"LayerName": layer.name, "Content": _sent(wanted, layer.package)},
                (Change("package", _short(before), _sized(layer.package)),),
                sends_package=True,
            )


def _layer_there(layer: WantedLayer, actual: Actual) -> str | None:
    versions = actual.layers.get(layer.name, ())
    return next((each.arn for each in versions if each.sha256 == layer.package.sha256), None)


def _layer_id(layer: WantedLayer) -> str:
    return f"layer {layer.name} {layer.package.sha256}"


def _layer_arn(layer: WantedLayer | str, actual: Actual) -> str | Answered:
    if isinstance(layer, str):
        return layer
    return _layer_there(layer, actual) or Answered(_layer_id(layer), "LayerVersionArn")


# Packages


def _sent(wanted: Wanted, package: Package) -> Members:
    if _goes_direct(wanted, package):
        return {"ZipFile": Contents(package.sha256)}
    return {"S3Bucket": wanted.bucket, "S3Key": object_key(package)}


def _goes_direct(wanted: Wanted, package: Package) -> bool:
    return wanted.bucket is None or package.size_bytes <= wanted.direct_bytes


def object_key(package: Package) -> str:
    return f"packages/{base64.b64decode(package.sha256).hex()}.zip"


def _upload_steps(wanted: Wanted, actual: Actual, package: Package) -> Iterator[Step]:
    if _goes_direct(wanted, package):
        return
    if not actual.has_bucket:
        yield Step(
            f"bucket {wanted.bucket}",
            f"create bucket {wanted.bucket} for packages over {wanted.direct_bytes // 2**20} MB",
            "s3",
            "CreateBucket",
            {"Bucket": wanted.bucket},
            (Change("bucket", None, wanted.bucket),),
        )
    key = object_key(package)
    if key not in actual.objects:
        yield Step(
            f"object {key}",
            f"upload {_sized(package)} to s3://{wanted.bucket}",
            "s3",
            "PutObject",
            {**wanted.bucket_members, "Key": key, "Body": Contents(package.sha256)},
            (Change("object", None, key),),
            sends_package=True,
        )


# Functions


def _function_steps(wanted: Wanted, function: WantedFunction, actual: Actual, moment: str) -> Iterator[Step]:
    there = actual.functions.get(function.name)
    made = list(_code_and_settings(wanted, function, actual))
    yield from made
    if function.is_code_only:
        return
    if not function.is_read_by_target:
        yield from _tag_steps(function, there)
        yield from _reservation_steps(function, there)
        yield from _retention_steps(function, actual)
    yield from _version_steps(function, there, moment, is_changed=bool(made))
    if not function.is_read_by_target:
        left = actual.left_mappings.get(function.name, ())
        yield from steps_around_alias(function, there, left)
    yield from _provisioned_steps(function, there)


def _code_and_settings(wanted: Wanted, function: WantedFunction, actual: Actual) -> Iterator[Step]:
    there = actual.functions.get(function.name)
    if function.package is None:
        return
    role = _role_arn(function, actual)
    layers = [_layer_arn(layer, actual) for layer in function.layers]
    settings = {**function.configuration, "Role": role, "Layers": layers}
    if there is None:
        if function.is_code_only:
            return
        yield from _upload_steps(wanted, actual, function.package)
        yield _create(function, settings, _sent(wanted, function.package))
        return
    code_changes = tuple(_code_changes(function, function.package, there))
    if code_changes:
        yield from _upload_steps(wanted, actual, function.package)
        yield Step(
            f"code {function.name}",
            f"update the code of {function.name}",
            "lambda",
            "UpdateFunctionCode",
            {
                "FunctionName": function.name,
                "Architectures": [function.architecture],
                **_sent(wanted, function.package),
            },
            code_changes,
            function=function.name,
            changes_function=True,
            sends_package=True,
            by_hand=_is_by_hand(there, "CodeSha256", function.package.sha256),
        )
    if not function.is_code_only:
        yield from _settings_steps(function, settings, there)


def _create(function: WantedFunction, settings: Members, code: Members) -> Step:
    assert function.package is not None
    told = [
        Change("code", None, _sized(function.package)),
        *changes({}, {**settings_of(settings), "architecture": function.architecture}),
        *changes({}, {"tags": function.tags}),
    ]
    parameters = {
        "FunctionName": function.name,
        **settings,
        "Architectures": [function.architecture],
        "Code": code,
        **({"Tags": dict(function.tags)} if function.tags else {}),
    }
    return Step(
        f"function {function.name}",
        f"create function {function.name}",
        "lambda",
        "CreateFunction",
        _without_empty(parameters),
        tuple(told),
        function=function.name,
        changes_function=True,
        sends_package=True,
    )


def _without_empty(parameters: Members) -> Members:
    """What is empty is what a new function has anyway."""
    return {
        name: value
        for name, value in parameters.items()
        if value not in ([], "", None, {"Variables": {}}, {"TargetArn": ""})
    }


def _code_changes(function: WantedFunction, package: Package, there: ActualFunction) -> Iterator[Change]:
    before = str(there.configuration.get("CodeSha256", ""))
    if before != package.sha256:
        yield Change("code", _short(before), _sized(package))
    architecture = next(iter(there.configuration.get("Architectures", ())), "x86_64")
    if architecture != function.architecture:
        yield Change("architecture", architecture, function.architecture)


def _settings_steps(function: WantedFunction, settings: Members, there: ActualFunction) -> Iterator[Step]:
    before, after = settings_of(there.configuration), settings_of(settings)
    differing = {name for name in after if before.get(name) != after[name]}
    if not differing:
        return
    deployed = settings_of(there.alias_configuration or {})
    yield Step(
        f"settings {function.name}",
        f"update the settings of {function.name}",
        "lambda",
        "UpdateFunctionConfiguration",
        {
            "FunctionName": function.name,
            **{name: value for name, value in settings.items() if name in differing},
        },
        tuple(
            changes({name: before.get(name) for name in differing}, {name: after[name] for name in differing})
        ),
        function=function.name,
        changes_function=True,
        by_hand=there.alias_configuration is not None
        and all(deployed.get(name) == after[name] for name in differing),
    )


def _is_by_hand(there: ActualFunction, member: str, wanted: str) -> bool:
    """What was deployed is what is wanted: since then somebody else changed it."""
    return there.alias_configuration is not None and there.alias_configuration.get(member) == wanted


def _tag_steps(function: WantedFunction, there: ActualFunction | None) -> Iterator[Step]:
    if there is None:
        return
    arn = str(there.configuration["FunctionArn"])
    own = {name: value for name, value in there.tags.items() if not name.lower().startswith("aws:")}
    new = {name: value for name, value in function.tags.items() if own.get(name) != value}
    gone = sorted(own.keys() - function.tags.keys())
    if new:
        yield Step(
            f"tags {function.name}",
            f"tag {function.name}",
            "lambda",
            "TagResource",
            {"Resource": arn, "Tags": new},
            tuple(Change(f"tag {name}", own.get(name), value) for name, value in new.items()),
            function=function.name,
        )
    if gone:
        yield Step(
            f"untag {function.name}",
            f"remove tags of {function.name}",
            "lambda",
            "UntagResource",
            {"Resource": arn, "TagKeys": gone},
            tuple(Change(f"tag {name}", own[name], None) for name in gone),
            function=function.name,
            is_destructive=True,
        )


def _reservation_steps(function: WantedFunction, there: ActualFunction | None) -> Iterator[Step]:
    before = None if there is None else there.reserved
    if before == function.reserved:
        return
    change = Change("concurrency", shown(before), shown(function.reserved))
    name = {"FunctionName": function.name}
    if function.reserved is None:
        yield Step(
            f"reserved {function.name}",
            f"release the reserved concurrency of {function.name}",
            "lambda",
            "DeleteFunctionConcurrency",
            name,
            (change,),
            function=function.name,
        )
        return
    yield Step(
        f"reserved {function.name}",
        f"reserve concurrency for {function.name}",
        "lambda",
        "PutFunctionConcurrency",
        {**name, "ReservedConcurrentExecutions": function.reserved},
        (change,),
        function=function.name,
    )


def _retention_steps(function: WantedFunction, actual: Actual) -> Iterator[Step]:
    if function.retention_days is None:
        return
    group = own_log_group(function.name)
    if group not in actual.retentions:
        yield Step(
            f"logs {function.name}",
            f"create log group {group}",
            "logs",
            "CreateLogGroup",
            {"logGroupName": group},
            (Change("log group", None, group),),
            function=function.name,
        )
    before = actual.retentions.get(group)
    if before != function.retention_days:
        yield Step(
            f"retention {function.name}",
            f"set for how long logs of {function.name} are kept",
            "logs",
            "PutRetentionPolicy",
            {"logGroupName": group, "retentionInDays": function.retention_days},
            (Change("log_retention", shown(before), shown(function.retention_days)),),
            function=function.name,
        )


# Version and alias


def _version_steps(
    function: WantedFunction, there: ActualFunction | None, moment: str, *, is_changed: bool
) -> Iterator[Step]:
    name = function.name
    if there is None and not is_changed:
        return
    is_deployed = (
        not is_changed
        and there is not None
        and there.alias_configuration is not None
        and there.alias_version != "$LATEST"
        and content_of(there.alias_configuration) == content_of(there.configuration)
    )
    version: str | Answered
    if is_deployed and there is not None and there.alias_version is not None:
        version = there.alias_version
    elif not is_changed and there is not None and there.same_version is not None:
        version = there.same_version
    else:
        version = Answered(f"version {name}", "Version")
        yield Step(
            f"version {name}",
            f"publish a version of {name}",
            "lambda",
            "PublishVersion",
            {
                "FunctionName": name,
                **({} if function.package is None else {"CodeSha256": function.package.sha256}),
            },
            (Change("version", None if there is None else there.alias_version, "the next"),),
            function=name,
            changes_function=True,
        )
    yield from _alias_steps(function, there, version, moment)


def _alias_steps(
    function: WantedFunction, there: ActualFunction | None, version: str | Answered, moment: str
) -> Iterator[Step]:
    before = None if there is None else there.alias_version
    weights = {} if there is None else there.alias_weights
    if before == version and not weights:
        return
    after = version if isinstance(version, str) else "the new version"
    told = [Change(f"alias {function.alias}", before, after)] if before != version else []
    told += [
        Change(f"alias {function.alias} weight of {other}", f"{weight:g}", None)
        for other, weight in weights.items()
    ]
    parameters: dict[str, Any] = {
        "FunctionName": function.name,
        "Name": function.alias,
        "FunctionVersion": version,
        "Description": note_of_deployment(moment, before),
    }
    if before is not None:
        parameters["RoutingConfig"] = {"AdditionalVersionWeights": {}}
    yield Step(
        f"alias {function.name}",
        f"{'create' if before is None else 'move'} alias {function.name}:{function.alias}",
        "lambda",
        "CreateAlias" if before is None else "UpdateAlias",
        parameters,
        tuple(told),
        function=function.name,
    )


def _provisioned_steps(function: WantedFunction, there: ActualFunction | None) -> Iterator[Step]:
    before = None if there is None else there.provisioned
    if before == function.provisioned:
        return
    qualified = {"FunctionName": function.name, "Qualifier": function.alias}
    change = Change("provisioned", shown(before), shown(function.provisioned))
    if function.provisioned is None:
        yield Step(
            f"provisioned {function.name}",
            f"end provisioned concurrency of {function.name}:{function.alias}",
            "lambda",
            "DeleteProvisionedConcurrencyConfig",
            qualified,
            (change,),
            function=function.name,
            is_destructive=True,
        )
        return
    yield Step(
        f"provisioned {function.name}",
        f"provision concurrency for {function.name}:{function.alias}",
        "lambda",
        "PutProvisionedConcurrencyConfig",
        {**qualified, "ProvisionedConcurrentExecutions": function.provisioned},
        (change,),
        function=function.name,
    )


# What stands around the alias


def _short(sha256: str | None) -> str | None:
    return sha256[:12] if sha256 else None


def _sized(package: Package) -> str:
    size = package.size_bytes
    text = f"{size / 2**20:.1f} MB" if size >= 2**20 else f"{max(1, round(size / 1024))} KB"
    return f"{package.sha256[:12]} ({text})"
