"""What a deployment changes around an alias: who may call it, its URL, its events, its sources. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from lambdacli.model.comparing import (
    changed_mapping,
    changes,
    mapping_settings,
    statement_members,
    url_members,
)
from lambdacli.model.deployment import (
    ActualFunction,
    ActualMapping,
    Change,
    Members,
    Step,
    WantedFunction,
)


def steps_around_alias(
    function: WantedFunction, there: ActualFunction | None, left_mappings: tuple[ActualMapping, ...] = ()
) -> Iterator[Step]:
    yield from _statement_steps(function, there)
    yield from _url_steps(function, there)
    yield from _event_invoke_steps(function, there)
    yield from _mapping_steps(function, left_mappings if there is None else there.mappings)


def _statement_steps(function: WantedFunction, there: ActualFunction | None) -> Iterator[Step]:
    actual = {} if there is None else there.statements
    qualified = {"FunctionName": function.name, "Qualifier": function.alias}
    for sid, former in actual.items():
        after = function.statements.get(sid)
        if after is None or statement_members(after) != former:
            yield Step(
                f"permission {function.name} {sid} removed",
                f"remove permission {sid} of {function.name}:{function.alias}",
                "lambda",
                "RemovePermission",
                {**qualified, "StatementId": sid},
                tuple(changes(former, {}, f"permission {sid}")),
                function=function.name,
                is_destructive=after is None,
            )
    for sid, members in function.statements.items():
        wanted = statement_members(members)
        if actual.get(sid) != wanted:
            yield Step(
                f"permission {function.name} {sid}",
                f"add permission {sid} to {function.name}:{function.alias}",
                "lambda",
                "AddPermission",
                {**qualified, "StatementId": sid, **members},
                tuple(changes({}, wanted, f"permission {sid}")),
                function=function.name,
            )


def _url_steps(function: WantedFunction, there: ActualFunction | None) -> Iterator[Step]:
    before = url_members(None if there is None else there.url)
    after = url_members(function.url)
    if before == after:
        return
    qualified = {"FunctionName": function.name, "Qualifier": function.alias}
    told = tuple(changes(before or {}, after or {}, "url"))
    if function.url is None:
        yield Step(
            f"url {function.name}",
            f"delete the URL of {function.name}:{function.alias}; its address is lost",
            "lambda",
            "DeleteFunctionUrlConfig",
            qualified,
            told,
            function=function.name,
            is_destructive=True,
        )
        return
    yield Step(
        f"url {function.name}",
        f"{'create' if before is None else 'change'} the URL of {function.name}:{function.alias}",
        "lambda",
        "CreateFunctionUrlConfig" if before is None else "UpdateFunctionUrlConfig",
        {**qualified, **function.url, **({} if before is None else {"Cors": function.url.get("Cors", {})})},
        told,
        function=function.name,
    )


def _event_invoke_steps(function: WantedFunction, there: ActualFunction | None) -> Iterator[Step]:
    before = None if there is None else there.event_invoke
    after = function.event_invoke
    if (before or {}) == (after or {}) and (before is None) == (after is None):
        return
    qualified = {"FunctionName": function.name, "Qualifier": function.alias}
    told = tuple(changes(before or {}, after or {}, "event_invoke"))
    if after is None:
        yield Step(
            f"events {function.name}",
            f"delete the event-invoke config of {function.name}:{function.alias}",
            "lambda",
            "DeleteFunctionEventInvokeConfig",
            qualified,
            told,
            function=function.name,
            is_destructive=True,
        )
        return
    yield Step(
        f"events {function.name}",
        f"set what becomes of events of {function.name}:{function.alias}",
        "lambda",
        "PutFunctionEventInvokeConfig",
        {**qualified, **after},
        told,
        function=function.name,
    )


def _mapping_steps(function: WantedFunction, actual: tuple[ActualMapping, ...]) -> Iterator[Step]:
    by_source: dict[str, ActualMapping] = {}
    for mapping in sorted(actual, key=lambda each: each.qualifier != function.alias):
        by_source.setdefault(mapping.source_arn, mapping)
    for source, members in function.mappings.items():
        former = by_source.get(source)
        step = _mapping_step(function, source, members, former)
        if step is not None:
            yield step
    for mapping in actual:
        if mapping.source_arn in function.mappings and by_source[mapping.source_arn] == mapping:
            continue
        if mapping.source_arn in function.mappings and mapping.qualifier != function.alias:
            continue  # another version that reads the same is somebody else's business
        yield Step(
            f"mapping {mapping.uuid} deleted",
            f"delete the mapping of {_name_of(mapping.source_arn)} to {function.name}",
            "lambda",
            "DeleteEventSourceMapping",
            {"UUID": mapping.uuid},
            (Change("source", mapping.source_arn, None),),
            function=function.name,
            is_destructive=True,
        )


def _mapping_step(
    function: WantedFunction, source: str, members: Members, former: ActualMapping | None
) -> Step | None:
    invoked = f"{function.name}:{function.alias}"
    after = mapping_settings(source, members)
    if former is None:
        return Step(
            f"mapping {function.name} {source}",
            f"map {_name_of(source)} to {invoked}",
            "lambda",
            "CreateEventSourceMapping",
            {"FunctionName": invoked, "EventSourceArn": source, **members},
            (Change("source", None, source), *changes({}, members, "source")),
            function=function.name,
        )
    before = mapping_settings(source, former.members)
    told = list(changes(before, after, f"source {_name_of(source)}"))
    parameters = changed_mapping(before, after)
    if former.qualifier != function.alias:
        told.append(
            Change(f"source {_name_of(source)} invokes", former.qualifier or "$LATEST", function.alias)
        )
        parameters["FunctionName"] = invoked
    if not parameters:
        return None
    return Step(
        f"mapping {function.name} {source}",
        f"change the mapping of {_name_of(source)} to {invoked}",
        "lambda",
        "UpdateEventSourceMapping",
        {"UUID": former.uuid, **parameters},
        tuple(told),
        function=function.name,
    )


def _name_of(arn: str) -> str:
    return arn.split(":", 5)[5]
