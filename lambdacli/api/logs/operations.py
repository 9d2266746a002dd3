"""Every operation of CloudWatch Logs that is built: each a function of its name. Those that read are run in a
thread, those that write in the event loop, as the environments' own lines are."""

from __future__ import annotations

import base64
import binascii
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from lambdacli.api.logs.context import LogsContext, LogsRefusal, invalid
from lambdacli.telemetry.log_groups import (
    GroupSettings,
    LogGroup,
    Place,
    PlacedEvent,
    StreamDescription,
    from_place,
    page,
    with_tags,
)
from lambdacli.telemetry.patterns import PatternError, compile_pattern

Members = Mapping[str, Any]

MOST_EVENTS = 10_000
MOST_BYTES = 1_048_576
MOST_DESCRIBED = 50
OLDEST_MS = 14 * 86_400_000
NEWEST_MS = 2 * 3_600_000
DAY_MS = 86_400_000
RETENTIONS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip

# Groups


def describe_log_groups(context: LogsContext, request: Members) -> Members:
    prefix, part = request.get("logGroupNamePrefix"), request.get("logGroupNamePattern")
    if prefix is not None and part is not None:
        raise invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
    named = request.get("logGroupIdentifiers")
    names = None if named is None else {_name_in(identifier) for identifier in named}
    groups = [
        group
        for group in context.groups.groups(context.account, context.region)
        if group.name.startswith(prefix or "")
        and (part or "") in group.name
        and (names is None or group.name in names)
        and request.get("logGroupClass") in (None, "STANDARD")
    ]
    shown, token = _described_page(groups, request, lambda group: group.name)
    return {"logGroups": [_group_view(context, group) for group in shown], "nextToken": token}


def create_log_group(context: LogsContext, request: Members) -> Members:
    name = request["logGroupName"]
    if context.groups.group(context.account, context.region, name) is not None:
        raise LogsRefusal("ResourceAlreadyExistsException", "The specified log group already exists")
    settings = GroupSettings(context.now_ms, tags=request.get("tags", {}))
    context.groups.create_group(context.account, context.region, name, settings)
    return {}


def delete_log_group(context: LogsContext, request: Members) -> Members:
    group = context.existing(request["logGroupName"])
    context.groups.delete_group(context.account, context.region, group.name)
    return {}


def put_retention_policy(context: LogsContext, request: Members) -> Members:
    days = request["retentionInDays"]
    if days not in RETENTIONS:
        allowed = ", ".join(map(str, RETENTIONS))
        raise invalid(
            f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{allowed}]"
        )
    return _set(context, request, lambda settings: replace(settings, retention_days=days))


def delete_retention_policy(context: LogsContext, request: Members) -> Members:
    return _set(context, request, lambda settings: replace(settings, retention_days=None))


def list_tags_for_resource(context: LogsContext, request: Members) -> Members:
    return {"tags": context.existing(_name_in(request["resourceArn"])).settings.tags}


def tag_resource(context: LogsContext, request: Members) -> Members:
    given = {"logGroupName": _name_in(request["resourceArn"])}
    return _set(context, given, lambda settings: with_tags(settings, request["tags"]))


def untag_resource(context: LogsContext, request: Members) -> Members:
    given = {"logGroupName": _name_in(request["resourceArn"])}
    return _set(context, given, lambda settings: with_tags(settings, {}, request["tagKeys"]))


# Streams


def describe_log_streams(context: LogsContext, request: Members) -> Members:
    group = context.existing(_group_name(request))
    prefix, order = request.get("logStreamNamePrefix"), request.get("orderBy", "LogStreamName")
    if prefix is not None and order == "LastEventTime":
        raise invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
    streams = [
        stream
        for stream in context.groups.streams(context.account, context.region, group.name)
        if stream.name.startswith(prefix or "")
    ]
    if order == "LastEventTime":
        streams.sort(key=lambda stream: (stream.last_ms or 0, stream.name))
    if request.get("descending"):
        streams.reverse()
    shown, token = _described_page(streams, request, lambda stream: stream.name)
    return {"logStreams": [_stream_view(context, group, stream) for stream in shown], "nextToken": token}


def create_log_stream(context: LogsContext, request: Members) -> Members:
    group, stream = context.existing(request["logGroupName"]), request["logStreamName"]
    if context.groups.has_stream(context.account, context.region, group.name, stream):
        raise LogsRefusal("ResourceAlreadyExistsException", "The specified log stream already exists")
    context.groups.create_stream(context.account, context.region, group.name, stream)
    return {}


def delete_log_stream(context: LogsContext, request: Members) -> Members:
    group = context.existing(request["logGroupName"])
    stream = _existing_stream(context, group, request["logStreamName"])
    context.groups.delete_stream(context.account, context.region, group.name, stream)
    return {}


# Events


def put_log_events(context: LogsContext, request: Members) -> Members:
    group = context.existing(request["logGroupName"])
    stream = _existing_stream(context, group, request["logStreamName"])
    events = [(event["timestamp"], event["message"]) for event in request["logEvents"]]
    if any(one[0] > other[0] for one, other in itertools.pairwise(events)):
        raise invalid("Log events in a single PutLogEvents request must be in chronological order.")
    if sum(len(message.encode(errors="replace")) + 26 for _, message in events) > MOST_BYTES:
        raise invalid(f"Upload too large: {MOST_BYTES} bytes are the most of one request")
    now, days = context.now_ms, group.settings.retention_days
    oldest = now - OLDEST_MS
    expired = oldest if days is None else now - days * DAY_MS
    kept = [event for event in events if max(oldest, expired) <= event[0] <= now + NEWEST_MS]
    if kept:
        context.groups.put(context.account, context.region, group.name, stream, kept)
    rejected = {
        "tooOldLogEventEndIndex": sum(moment < oldest for moment, _ in events) or None,
        "expiredLogEventEndIndex": sum(moment < expired for moment, _ in events) or None
        if days is not None
        else None,
        "tooNewLogEventStartIndex": next(
            (index for index, (moment, _) in enumerate(events) if moment > now + NEWEST_MS), None
        ),
    }
    told = {name: value for name, value in rejected.items() if value is not None}
    # Ignored when it comes back, as by AWS; older clients look for it.
    return {"nextSequenceToken": "0", "rejectedLogEventsInfo": told or None}


def get_log_events(context: LogsContext, request: Members) -> Members:
    group = context.existing(_group_name(request))
    stream = _existing_stream(context, group, request["logStreamName"])
    events = list(_events(context, group, request, lambda name: name == stream))
    direction, place = _direction(request.get("nextToken"))
    limit = request.get("limit", MOST_EVENTS)
    is_forward = request.get("startFromHead", False) if direction is None else direction == "f"
    if is_forward:
        rest = (event for event in events if place is None or event.place > place)
        shown, _ = page(rest, limit, MOST_BYTES)
    else:
        rest = (event for event in reversed(events) if place is None or event.place < place)
        shown = page(rest, limit, MOST_BYTES)[0][::-1]
    # At the end of the stream the same token comes back, by which a reader knows the end.
    first, last = (shown[0].place, shown[-1].place) if shown else (place, place)
    return {
        "events": [_event_view(event) for event in shown],
        "nextForwardToken": _token("f", last),
        "nextBackwardToken": _token("b", first),
    }


def filter_log_events(context: LogsContext, request: Members) -> Members:
    group = context.existing(_group_name(request))
    names, prefix = request.get("logStreamNames"), request.get("logStreamNamePrefix")
    if names is not None and prefix is not None:
        raise invalid("logStreamNamePrefix and logStreamNames are mutually exclusive parameters.")
    for name in names or ():
        _existing_stream(context, group, name)
    try:
        matches = compile_pattern(request.get("filterPattern", ""))
    except PatternError as error:
        raise invalid(str(error)) from error
    direction, place = _direction(request.get("nextToken"))
    is_wanted = _stream_test(names, prefix)
    found = _events(context, group, request, is_wanted)
    events = filter(lambda event: matches(event.message), found)
    is_from_head = request.get("startFromHead", True) if direction is None else direction == "f"
    if is_from_head:
        wanted = from_place(events, place)
    else:
        wanted = iter([event for event in events if place is None or event.place <= place][::-1])
    shown, following = page(wanted, request.get("limit", MOST_EVENTS), MOST_BYTES)
    return {
        "events": [
            {"logStreamName": event.place.stream, **_event_view(event), "eventId": event.id}
            for event in shown
        ],
        "searchedLogStreams": [],
        "nextToken": None if following is None else _token("f" if is_from_head else "b", following.place),
    }


# What they share


def _set(context: LogsContext, request: Members, change: Callable[[GroupSettings], GroupSettings]) -> Members:
    group = context.existing(request["logGroupName"])
    context.groups.set(context.account, context.region, group.name, change(group.settings))
    return {}


def _group_name(request: Members) -> str:
    name, identifier = request.get("logGroupName"), request.get("logGroupIdentifier")
    if (name is None) == (identifier is None):
        raise invalid("Exactly one of logGroupName and logGroupIdentifier must be specified")
    return str(name) if identifier is None else _name_in(identifier)


def _name_in(identifier: str) -> str:
    """A group by its name or its ARN, with or without the `:*` at its end."""
    if not identifier.startswith("arn:"):
        return identifier
    _, mark, name = identifier.partition(":log-group:")
    if not mark:
        raise invalid(f"{identifier} is no ARN of a log group")
    return name.removesuffix(":*")


def _existing_stream(context: LogsContext, group: LogGroup, stream: str) -> str:
    if not context.groups.has_stream(context.account, context.region, group.name, stream):
        raise LogsRefusal("ResourceNotFoundException", "The specified log stream does not exist.")
    return stream


def _stream_test(names: list[str] | None, prefix: str | None) -> Callable[[str], bool]:
    if names is not None:
        wanted = frozenset(names)
        return lambda name: name in wanted
    return lambda name: name.startswith(prefix or "")


def _events(
    context: LogsContext, group: LogGroup, request: Members, is_wanted: Callable[[str], bool]
) -> Iterator[PlacedEvent]:
    begin, days = request.get("startTime", 0), group.settings.retention_days
    if days is not None:
        begin = max(begin, context.now_ms - days * DAY_MS)
    return context.groups.events(
        context.account, context.region, group.name, is_wanted, begin, request.get("endTime")
    )


def _described_page(
    found: list[Any], request: Members, name_of: Callable[[Any], str]
) -> tuple[list[Any], str | None]:
    """The token is the name of the last one that was shown."""
    begin, limit = 0, request.get("limit", MOST_DESCRIBED)
    if "nextToken" in request:
        last = _decoded(request["nextToken"])
        names = [name_of(each) for each in found]
        if not isinstance(last, str) or last not in names:
            raise invalid("The specified nextToken is invalid.")
        begin = names.index(last) + 1
    shown = found[begin : begin + limit]
    is_end = begin + limit >= len(found)
    return shown, None if is_end else _encoded(name_of(shown[-1]))


def _token(direction: str, place: Place | None) -> str:
    parts = None if place is None else [place.timestamp_ms, place.stream, place.position]
    return f"{direction}/{_encoded(parts)}"


def _direction(token: str | None) -> tuple[str | None, Place | None]:
    """Which way a token leads, and from where; nowhere in a stream that was empty."""
    if token is None:
        return None, None
    direction, _, text = token.partition("/")
    if direction in ("f", "b"):
        match _decoded(text):
            case None:
                return direction, None
            case [int(moment), str(stream), int(position)]:
                return direction, Place(moment, stream, position)
    raise invalid("The specified nextToken is invalid.")


def _encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def _decoded(token: str) -> object:
    try:
        return json.loads(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, binascii.Error):
        return _NO_TOKEN


_NO_TOKEN = object()


# How they look


def _group_view(context: LogsContext, group: LogGroup) -> Members:
    arn = context.group_arn(group.name)
    return {
        "logGroupName": group.name,
        "creationTime": group.settings.created_ms,
        "retentionInDays": group.settings.retention_days,
        "metricFilterCount": 0,
        "arn": f"{arn}:*",
        "storedBytes": group.stored_bytes,
        "logGroupClass": "STANDARD",
        "logGroupArn": arn,
    }


def _stream_view(context: LogsContext, group: LogGroup, stream: StreamDescription) -> Members:
    return {
        "logStreamName": stream.name,
        "creationTime": stream.created_ms,
        "firstEventTimestamp": stream.first_ms,
        "lastEventTimestamp": stream.last_ms,
        "lastIngestionTime": stream.last_ms,
        "arn": f"{context.group_arn(group.name)}:log-stream:{stream.name}",
        "storedBytes": stream.stored_bytes,
    }


def _event_view(event: PlacedEvent) -> dict[str, Any]:
    moment = event.place.timestamp_ms
    return {"timestamp": moment, "message": event.message, "ingestionTime": moment}
