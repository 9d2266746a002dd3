"""Which resource needs which to be made first, and the circles in that. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lambdacli.project.cloudformation.faults import Fault
from lambdacli.project.cloudformation.generated import HTTP_API, REST_API, events_of
from lambdacli.project.cloudformation.references import references

_SAM_FUNCTION = "AWS::Serverless::Function"
_OF_ROLE = ("Policies", "PermissionsBoundary", "AssumeRolePolicyDocument")
_BEHIND_APIS = {"Api": ("RestApiId", REST_API), "HttpApi": ("ApiId", HTTP_API)}

Edges = dict[str, set[str]]


def faults_of_circles(resources: Mapping[str, Any], conditions: Mapping[str, bool]) -> Iterator[Fault]:
    """Of the resources that are made: each circle once, told where its first resource stands."""
    order = {logical_id: index for index, logical_id in enumerate(resources)}
    for circle in _circles(_edges(resources, conditions)):
        written = sorted((each for each in circle if each in order), key=order.__getitem__)
        if not written:
            continue
        message = f"Circular dependency between resources: [{', '.join(sorted(circle))}]"
        hint = "one of them must not refer to the next: write its name out, or grant by a policy of its own"
        yield Fault(("Resources", written[0]), message, hint)


def _edges(resources: Mapping[str, Any], conditions: Mapping[str, bool]) -> Edges:
    edges: Edges = {}
    for logical_id, resource in resources.items():
        properties = resource.get("Properties") or {}
        own = edges.setdefault(logical_id, set())
        own.update(_depends_on(resource))
        is_function = resource["Type"] == _SAM_FUNCTION
        if is_function and "Role" not in properties:
            own.add(f"{logical_id}Role")
            role = {key: properties[key] for key in _OF_ROLE if key in properties}
            edges[f"{logical_id}Role"] = _targets(role, conditions)
        apart = ("Events", *_OF_ROLE) if is_function else ()
        own.update(_targets({key: properties[key] for key in properties if key not in apart}, conditions))
        if is_function:
            for source in _needing(properties, resources):
                edges.setdefault(source, set()).add(logical_id)
    return edges


def _depends_on(resource: Mapping[str, Any]) -> list[str]:
    depends = resource.get("DependsOn") or []
    return depends if isinstance(depends, list) else [depends]


def _targets(value: Any, conditions: Mapping[str, bool]) -> set[str]:
    return {reference.name.partition(".")[0] for reference in references(value, (), conditions)}


def _needing(properties: Mapping[str, Any], resources: Mapping[str, Any]) -> Iterator[str]:
    """SAM writes a function's ARN into the API and the bucket that its events name."""
    for _, kind, settings in events_of(properties):
        if kind in _BEHIND_APIS:
            setting, implicit = _BEHIND_APIS[kind]
            api = _named(settings[setting]) if setting in settings else implicit
            if api is not None and not _has_definition(resources.get(api, {})):
                yield api
        if kind == "S3":
            bucket = _named(settings.get("Bucket"))
            if bucket is not None and bucket in resources:
                yield bucket


def _named(value: Any) -> str | None:
    reference = value.get("Ref") if isinstance(value, dict) else value
    return reference if isinstance(reference, str) else None


def _has_definition(api: Mapping[str, Any]) -> bool:
    properties = api.get("Properties") or {}
    return "DefinitionBody" in properties or "DefinitionUri" in properties


def _circles(edges: Edges) -> Iterator[list[str]]:
    """Tarjan's strongly connected components, without recursion: templates have hundreds of resources."""
    index: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    waiting: set[str] = set()
    for start in edges:
        if start in index:
            continue
        index[start] = lowest[start] = len(index)
        stack.append(start)
        waiting.add(start)
        path = [(start, iter(sorted(edges[start])))]
        while path:
            node, following = path[-1]
            target = next((each for each in following if each in edges), None)
            if target is None:
                path.pop()
                if path:
                    parent = path[-1][0]
                    lowest[parent] = min(lowest[parent], lowest[node])
                if lowest[node] == index[node]:
                    component = stack[stack.index(node) :]
                    del stack[stack.index(node) :]
                    waiting.difference_update(component)
                    if len(component) > 1 or node in edges[node]:
                        yield component
            elif target not in index:
                index[target] = lowest[target] = len(index)
                stack.append(target)
                waiting.add(target)
                path.append((target, iter(sorted(edges[target]))))
            elif target in waiting:
                lowest[node] = min(lowest[node], index[target])
