"""Event source mappings: which function gets what a queue or stream holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lambdacli.api import effects
from lambdacli.api.configuration import checked_tags
from lambdacli.api.mapping_members import fields_of, given_members, shown, source_of
from lambdacli.api.names import Target, existing, target_of
from lambdacli.api.operations.context import Context, new_id
from lambdacli.api.pages import page_of
from lambdacli.api.roles import check_reading_role
from lambdacli.model.arn import LATEST
from lambdacli.model.effects import of_mapping
from lambdacli.model.errors import (
    InvalidParameterValueException,
    ResourceConflictException,
    ResourceNotFoundException,
)
from lambdacli.model.function import Function
from lambdacli.model.mapping import (
    KAFKA,
    EventSourceMapping,
    MappingState,
    SourceKind,
    defaults_for,
    state_while_created,
    state_while_updated,
)
from lambdacli.model.mapping_rules import changed, check, check_timeout, completed, refuse_unsupported

_PAGE_SIZE = 100


async def create_event_source_mapping(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    source = source_of(request)
    refuse_unsupported(source.kind, given_members(request))
    function = _invoked(context, target)
    mapping = EventSourceMapping(
        uuid=new_id(),
        function=target.key,
        qualifier=target.qualifier,
        source=source,
        last_modified=context.clock.now(),
        tags=checked_tags(request.get("Tags", {})),
        **{**defaults_for(source.kind), **fields_of(request)},
    )
    mapping = _checked(context, mapping, function)
    if source.arn is not None:
        check_reading_role(context, function.role, function.key, source.arn)
    await context.check_source(source, function)
    # Nothing is waited for from here on: of two that are made at once, the second is the duplicate.
    _refuse_duplicate(context, mapping)
    context.mappings.put(mapping)
    effects.warn(target.key.name, of_mapping(mapping))
    return shown(mapping, state_while_created(mapping))


def get_event_source_mapping(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return shown(_asked(context, request))


def list_event_source_mappings(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request) if "FunctionName" in request else None
    source_arn = request.get("EventSourceArn")

    def fetch(after: str, count: int) -> Sequence[EventSourceMapping]:
        if target is None:
            return context.mappings.list(
                context.account, context.region, source_arn=source_arn, after=after, count=count
            )
        return [
            mapping
            for mapping in context.mappings.of_function(target.key)
            if (mapping.qualifier or LATEST) == (target.qualifier or LATEST)
            and source_arn in (None, mapping.source.arn)
            and mapping.uuid > after
        ][:count]

    mappings, next_marker = page_of(
        fetch,
        name=lambda mapping: mapping.uuid,
        marker=request.get("Marker"),
        size=min(request.get("MaxItems", _PAGE_SIZE), _PAGE_SIZE),
    )
    return {"EventSourceMappings": [shown(mapping) for mapping in mappings], "NextMarker": next_marker}


def update_event_source_mapping(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    before = _asked(context, request)
    refuse_unsupported(before.source.kind, given_members(request))
    target = Target(before.function, before.qualifier)
    function: Function | None = None
    if "FunctionName" in request:
        target = target_of(context, request)
        function = _invoked(context, target)
    after = replace(
        changed(before, fields_of(request)),
        function=target.key,
        qualifier=target.qualifier,
        last_modified=context.clock.now(),
    )
    after = _checked(context, after, function)
    _refuse_duplicate(context, after)
    context.mappings.put(after)
    return shown(after, state_while_updated(before, after))


def delete_event_source_mapping(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    mapping = _asked(context, request)
    context.mappings.delete(mapping)
    return shown(mapping, MappingState.DELETING)


def _asked(context: Context, request: dict[str, Any]) -> EventSourceMapping:
    mapping = context.mappings.get(context.account, context.region, request["UUID"])
    if mapping is None:
        raise ResourceNotFoundException("The resource you requested does not exist.")
    return mapping


def _invoked(context: Context, target: Target) -> Function:
    try:
        return existing(context, target)
    except ResourceNotFoundException:
        raise InvalidParameterValueException("Function does not exist") from None


def _checked(context: Context, mapping: EventSourceMapping, function: Function | None) -> EventSourceMapping:
    """`function` is None if it stays: a mapping outlives it."""
    check(mapping, context.clock.now())
    if function is not None:
        check_timeout(mapping.source.kind, function.timeout_seconds)
    return completed(mapping)


def _refuse_duplicate(context: Context, mapping: EventSourceMapping) -> None:
    for other in context.mappings.of_function(mapping.function):
        if mapping.is_duplicate_of(other):
            raise ResourceConflictException(
                f"{_same_as(mapping)} already exists. Please update or delete the existing mapping with "
                f"UUID {other.uuid}"
            )


def _same_as(mapping: EventSourceMapping) -> str:
    source = mapping.source
    if source.kind in KAFKA:
        return (
            f'An event source mapping with event source ("{source.name}"), '
            f'function ("{mapping.function_arn}"), topics ("{source.topic}")'
        )
    if source.kind is SourceKind.SQS:
        return (
            f'An event source mapping with SQS arn (" {source.arn} ") and function '
            f'(" {mapping.function.name} ")'
        )
    return (
        f'The event source arn (" {source.arn} ") and function (" {mapping.function.name} ") provided mapping'
    )
