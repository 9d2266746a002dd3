"""Reads what is there of what is wanted. Nothing is written, and no file keeps what it finds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from lambdacli.client.deploy.target import Json, Refused, Target
from lambdacli.model.comparing import content_of, event_invoke_members, is_api_of, stored_statement
from lambdacli.model.deployment import (
    Actual,
    ActualApi,
    ActualFunction,
    ActualLayer,
    ActualMapping,
    ActualRole,
    ActualRule,
    Members,
    Wanted,
    WantedApi,
    WantedFunction,
    WantedLayer,
    WantedRole,
    rules_of_statements,
)
from lambdacli.model.function import own_log_group
from lambdacli.model.mapping import STREAMS, SourceKind, kind_of_source

_READERS = 8
_GATEWAY = "apigatewayv2"
_KINDS = frozenset({SourceKind.SQS}) | STREAMS
"""What lam.yaml can say is read; of mappings to anything else nothing is said, and nothing done."""


def read(target: Target, wanted: Wanted, object_keys: Iterable[str] = ()) -> Actual:
    """`object_keys` are asked for in the bucket, where there is one."""
    reading = _Reading(target)
    keys = list(object_keys)
    with ThreadPoolExecutor(_READERS) as pool:
        functions = pool.map(reading.function, wanted.functions)
        around = [each for each in wanted.functions if not each.is_read_by_target and not each.is_code_only]
        mappings = pool.submit(reading.mappings) if around else None
        made = {each.role.name: each.role for each in around if isinstance(each.role, WantedRole)}
        names = sorted(made)
        retentions = pool.map(reading.retention, [each.name for each in around if each.retention_days])
        found = {name.name: there for name, there in zip(wanted.functions, functions, strict=True) if there}
        arns = {each.configuration.get("Role", "") for each in found.values()}
        known = {arn.rpartition("/")[2]: arn for arn in arns if ":role/" in arn}
        roles = pool.map(reading.role, [made[name] for name in names], [known.get(name) for name in names])
        apis = pool.map(reading.api, wanted.apis)
        layers = pool.map(reading.layers, *_layers_asked(around, found))
        rules = _rules_asked(wanted, found) if target.is_aws else []
        known_rules = pool.map(reading.rule, rules)
        by_function = mappings.result() if mappings is not None else {}
        # Who sends nothing by way of a bucket needs no right to look at one.
        is_asked = wanted.bucket is not None and keys != []
        has_bucket = is_asked and reading.has("HeadBucket", wanted.bucket_members)
        objects = {
            key
            for key in (keys if has_bucket else ())
            if reading.has("HeadObject", {**wanted.bucket_members, "Key": key})
        }
        return Actual(
            functions={
                name: replace(there, mappings=tuple(by_function.get(name, ())))
                for name, there in found.items()
            },
            roles={name: role for name, role in zip(names, roles, strict=True) if role is not None},
            layers={name: versions for name, versions in layers if versions},
            left_mappings={
                each.name: tuple(by_function[each.name])
                for each in around
                if each.name in by_function and each.name not in found
            },
            retentions={group: days for groups in retentions for group, days in groups},
            has_bucket=has_bucket,
            objects=frozenset(objects),
            apis={api.name: there for api, there in zip(wanted.apis, apis, strict=True) if there is not None},
            rules={name: rule for name, rule in zip(rules, known_rules, strict=True) if rule is not None},
        )


def deployed_alias(target: Target, function: str, alias: str) -> tuple[str, str, tuple[int, ...]] | None:
    """Where it leads, its description, and the function's published versions."""
    reading = _Reading(target)
    found = reading.ask("GetAlias", {"FunctionName": function, "Name": alias})
    if found is None:
        return None
    versions = reading.pages("ListVersionsByFunction", {"FunctionName": function}, "Versions")
    numbers = sorted(int(each["Version"]) for each in versions if each["Version"] != "$LATEST")
    return found["FunctionVersion"], found.get("Description") or "", tuple(numbers)


def _layers_asked(
    functions: list[WantedFunction], found: dict[str, ActualFunction]
) -> tuple[list[str], list[list[str]]]:
    """By name: the versions that functions use now."""
    used: dict[str, list[str]] = {}
    for function in functions:
        there = found.get(function.name)
        arns = [] if there is None else [each["Arn"] for each in there.configuration.get("Layers") or ()]
        for layer in function.layers:
            if isinstance(layer, WantedLayer):
                of_name = [arn for arn in arns if arn.split(":")[6:7] == [layer.name]]
                used.setdefault(layer.name, []).extend(of_name)
    return list(used), [sorted(set(arns)) for arns in used.values()]


def _rules_asked(wanted: Wanted, found: dict[str, ActualFunction]) -> list[str]:
    left = [name for there in found.values() for name in rules_of_statements(there.statements)]
    return list(dict.fromkeys([*(rule.name for rule in wanted.rules), *left]))


class _Reading:
    def __init__(self, target: Target) -> None:
        self._target = target

    # Functions

    def function(self, wanted: WantedFunction) -> ActualFunction | None:
        name, alias = wanted.name, wanted.alias
        found = self.ask("GetFunction", {"FunctionName": name})
        if found is None:
            return None
        configuration = found["Configuration"]
        there = ActualFunction(
            configuration,
            tags=found.get("Tags") or {},
            reserved=(found.get("Concurrency") or {}).get("ReservedConcurrentExecutions"),
        )
        if wanted.is_code_only:
            return there
        qualified = {"FunctionName": name, "Qualifier": alias}
        there = self._with_alias(there, name, alias)
        if there.alias_version is None:
            return there
        provisioned = self.ask("GetProvisionedConcurrencyConfig", qualified)
        if provisioned is not None:
            requested = provisioned["RequestedProvisionedConcurrentExecutions"]
            there = replace(there, provisioned=requested)
        if wanted.is_read_by_target:
            return there
        policy = self.ask("GetPolicy", qualified)
        events = self.ask("GetFunctionEventInvokeConfig", qualified)
        return replace(
            there,
            url=self.ask("GetFunctionUrlConfig", qualified),
            event_invoke=None if events is None else event_invoke_members(events),
            statements={} if policy is None else _statements(policy["Policy"], alias),
        )

    def _with_alias(self, there: ActualFunction, name: str, alias: str) -> ActualFunction:
        found = self.ask("GetAlias", {"FunctionName": name, "Name": alias})
        content = content_of(there.configuration)
        deployed: Json | None = None
        if found is not None:
            version = found["FunctionVersion"]
            weights = (found.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
            if version != "$LATEST":
                asked = {"FunctionName": name, "Qualifier": version}
                deployed = self.ask("GetFunctionConfiguration", asked)
            there = replace(there, alias_version=version, alias_weights=weights, alias_configuration=deployed)
        if deployed is not None and content_of(deployed) == content:
            return there
        return replace(there, same_version=self._same_version(name, content))

    def _same_version(self, name: str, content: Members) -> str | None:
        """The newest version, if it is what `$LATEST` is: published, perhaps, by who was then stopped."""
        versions = self.pages("ListVersionsByFunction", {"FunctionName": name}, "Versions")
        published = [each for each in versions if each["Version"] != "$LATEST"]
        newest = max(published, key=lambda each: int(each["Version"]), default=None)
        is_same = newest is not None and content_of(newest) == content
        return str(newest["Version"]) if is_same and newest is not None else None

    # What stands around them

    def mappings(self) -> dict[str, list[ActualMapping]]:
        found: dict[str, list[ActualMapping]] = {}
        for each in self.pages("ListEventSourceMappings", {}, "EventSourceMappings"):
            source = each.get("EventSourceArn")
            if source is None or kind_of_source(source) not in _KINDS or each.get("State") == "Deleting":
                continue
            fields = str(each["FunctionArn"]).split(":")
            qualifier = fields[7] if len(fields) > 7 else None
            mapping = ActualMapping(each["UUID"], source, qualifier, each)
            found.setdefault(fields[6], []).append(mapping)
        return found

    def role(self, wanted: WantedRole, arn: str | None) -> ActualRole | None:
        """`arn` where a function that has it tells of it."""
        if not self._target.is_aws:
            return None
        name = wanted.name
        attached = self.ask("ListAttachedRolePolicies", {"RoleName": name}, "iam")
        if attached is None:
            return None
        if arn is None:
            arn = self._target.call("iam", "GetRole", {"RoleName": name})["Role"]["Arn"]
        own = self.ask("GetRolePolicy", {"RoleName": name, "PolicyName": wanted.document_name}, "iam")
        return ActualRole(
            arn,
            frozenset(each["PolicyArn"] for each in attached.get("AttachedPolicies", [])),
            None if own is None else own["PolicyDocument"],
        )

    def layers(self, name: str, used: list[str]) -> tuple[str, tuple[ActualLayer, ...]]:
        listed = self.ask("ListLayerVersions", {"LayerName": name, "MaxItems": 1}) or {}
        newest = [each["LayerVersionArn"] for each in listed.get("LayerVersions", [])]
        versions = []
        for arn in dict.fromkeys([*newest, *used]):
            asked = {"LayerName": arn.rpartition(":")[0], "VersionNumber": int(arn.rpartition(":")[2])}
            found = self.ask("GetLayerVersion", asked)
            if found is not None:
                versions.append(ActualLayer(found["LayerVersionArn"], found["Content"]["CodeSha256"]))
        return name, tuple(versions)

    def retention(self, function: str) -> list[tuple[str, int | None]]:
        group = own_log_group(function)
        found = self._target.call("logs", "DescribeLogGroups", {"logGroupNamePrefix": group})
        return [
            (group, each.get("retentionInDays"))
            for each in found.get("logGroups", [])
            if each["logGroupName"] == group
        ]

    def api(self, wanted: WantedApi) -> ActualApi | None:
        for api in self._gateway("GetApis", {}):
            if api["Name"] != wanted.name or api.get("ProtocolType") != "HTTP" or not api.get("Tags"):
                continue
            named = {"ApiId": api["ApiId"]}
            integrations = tuple(self._gateway("GetIntegrations", named))
            if is_api_of(wanted.owners, api, integrations):
                stage = self.ask("GetStage", {**named, "StageName": wanted.stage}, _GATEWAY)
                routes = tuple(self._gateway("GetRoutes", named))
                has_authorizers = wanted.authorizers or any(each.get("AuthorizerId") for each in routes)
                return ActualApi(
                    api["ApiId"],
                    api.get("CorsConfiguration"),
                    stage,
                    integrations,
                    routes,
                    tuple(self._gateway("GetAuthorizers", named)) if has_authorizers else (),
                )
        return None

    def _gateway(self, operation: str, parameters: Members) -> Iterator[Json]:
        token: dict[str, Any] = {}
        while True:
            page = self._target.call(_GATEWAY, operation, {**parameters, **token})
            yield from page.get("Items", [])
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    def rule(self, name: str) -> ActualRule | None:
        found = self.ask("DescribeRule", {"Name": name}, "events")
        if found is None:
            return None
        listed = self.ask("ListTargetsByRule", {"Rule": name}, "events") or {}
        return ActualRule(found, tuple(listed.get("Targets", [])))

    def has(self, operation: str, parameters: Members) -> bool:
        try:
            return self.ask(operation, parameters, "s3") is not None
        except Refused as error:
            if error.status != 403:
                raise
            message = f"the bucket {parameters['Bucket']} is another account's, or may not be read"
            raise Refused(operation, "AccessDenied", message, error.status) from error

    # How it is asked

    def ask(self, operation: str, parameters: Members, service: str = "lambda") -> Json | None:
        """None: it is not there."""
        try:
            return self._target.call(service, operation, parameters)
        except Refused as error:
            if error.is_missing:
                return None
            raise

    def pages(self, operation: str, parameters: Members, member: str) -> Iterator[Json]:
        marker: dict[str, Any] = {}
        while True:
            page = self._target.call("lambda", operation, {**parameters, **marker})
            yield from page.get(member, [])
            if not page.get("NextMarker"):
                return
            marker = {"Marker": page["NextMarker"]}


def _statements(policy: str, alias: str) -> dict[str, Members]:
    """Those of the alias: a policy is of one qualifier, its statements say of which."""
    found = json.loads(policy).get("Statement", [])
    return {
        each["Sid"]: stored_statement(each)
        for each in found
        if "Sid" in each and str(each.get("Resource", "")).endswith(f":{alias}")
    }
