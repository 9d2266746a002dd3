"""How sources are reached from this service, and who reads them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from lambdacli.engine.callees import Callees
from lambdacli.model.delivery import Message, Sender, TargetError
from lambdacli.model.function import Function
from lambdacli.model.mapping import READ_KINDS, EventSourceMapping, Source, SourceKind
from lambdacli.model.mapping_rules import check_visibility, missing_source
from lambdacli.service.neighbour_requests import ACCOUNT_HEADER, DEFAULT_ACCOUNT_HEADER
from lambdacli.service.neighbours import INSTALL, NeighbourServices
from lambdacli.service.sessions import Sessions
from lambdacli.sources.base import SourceError
from lambdacli.sources.callee import Callee, Invoker
from lambdacli.sources.calls import Calls
from lambdacli.sources.dynamodb import TableStream
from lambdacli.sources.kinesis import KinesisStream
from lambdacli.sources.queue_mapping import QueueMapping
from lambdacli.sources.sqs import Queue
from lambdacli.sources.stream_mapping import Memory, StreamMapping
from lambdacli.sources.supervisor import Reader
from lambdacli.sources.surroundings import Surroundings
from lambdacli.store.mappings import MappingStore
from lambdacli.wire.handover import Upstream

OTHER_SERVERS_SECONDS = 1.0
"""So long an end of the service waits for an answer of a server that lives on: what it gives would be hidden
for a while. The embedded services end with us."""


_WORDS = {"sqs": "queue"}

_SOURCES: Mapping[SourceKind, type[Queue | KinesisStream | TableStream]] = {
    SourceKind.SQS: Queue,
    SourceKind.KINESIS: KinesisStream,
    SourceKind.DYNAMODB: TableStream,
}


class SourceReaders:
    def __init__(
        self,
        callees: Callees,
        invoker: Invoker,
        sessions: Sessions,
        neighbours: NeighbourServices,
        services: Callable[[], Mapping[str, str]],
        own_endpoint: Callable[[], str],
        mappings: MappingStore,
        send: Callable[[str, Message, Function], Awaitable[None]],
        surroundings: Surroundings,
    ) -> None:
        """`services` are the addresses of lam.yaml."""
        self._callees = callees
        self._invoker = invoker
        self._sessions = sessions
        self._neighbours = neighbours
        self._services = services
        self._own_endpoint = own_endpoint
        self._mappings = mappings
        self._send = send
        self._around = surroundings
        self._calls = Calls(self._find)

    def make(self, mapping: EventSourceMapping) -> Reader:
        callee = Callee(mapping, self._callees, self._invoker)
        assert mapping.source.arn is not None, "all that is read has one"
        source = _SOURCES[mapping.source.kind](mapping.source.arn, self._calls, lambda: self._sender(mapping))
        if isinstance(source, Queue):
            return QueueMapping(mapping, source, callee, self._around)
        return StreamMapping(
            mapping,
            source,
            callee,
            self._memory(mapping),
            lambda told: self._tell(mapping, told),
            self._around,
        )

    def _memory(self, mapping: EventSourceMapping) -> Memory:
        return Memory(
            checkpoints=lambda: self._mappings.checkpoints(mapping),
            put=lambda shard, checkpoint: self._mappings.put_checkpoint(mapping, shard, checkpoint),
            put_result=lambda result: self._mappings.put_result(mapping, result),
        )

    async def _tell(self, mapping: EventSourceMapping, message: Message) -> None:
        function = self._callees.function(mapping.function, mapping.qualifier)
        if function is None:
            raise TargetError(f"there is no {mapping.function_arn} any more, nor its role", is_final=True)
        assert mapping.failure_destination is not None, "else nobody is told"
        await self._send(mapping.failure_destination, message, function)

    async def check(self, source: Source, function: Function) -> None:
        """Raises what AWS says of a source that is not there, or does not fit."""
        if source.kind not in READ_KINDS or source.arn is None:
            return
        asked = _SOURCES[source.kind](source.arn, self._calls, lambda: self._sender_of(function))
        try:
            if not isinstance(asked, Queue):
                await asked.shards()
                return
            visibility = await asked.open()
        except SourceError as error:
            if error.is_missing:
                raise missing_source(source) from error
            return
        check_visibility(int(visibility), function.timeout_seconds)

    @property
    def patience_seconds(self) -> float:
        return OTHER_SERVERS_SECONDS if self._named("sqs") is not None else 0.0

    def _sender(self, mapping: EventSourceMapping) -> Sender:
        function = self._callees.function(mapping.function, mapping.qualifier)
        if function is None:
            raise SourceError(f"there is no {mapping.function_arn} any more")
        return self._sender_of(function)

    def _sender_of(self, function: Function) -> Sender:
        credentials = self._sessions.credentials(function.role, function.key)
        return Sender(function.key, function.role, credentials)

    async def _find(self, service: str, account: str) -> Upstream:
        """Nothing is started to be asked: what the embedded services hold, they do not hold before somebody
        has put it there."""
        named = self._named(service)
        if named is not None:
            parts = urlsplit(named)
            is_tls = parts.scheme == "https"
            port = parts.port or (443 if is_tls else 80)
            return Upstream((parts.hostname or "", port), is_tls, parts.path.rstrip("/"))
        socket = self._embedded(service)
        return Upstream(socket, headers={ACCOUNT_HEADER: account, DEFAULT_ACCOUNT_HEADER: account})

    def _embedded(self, service: str) -> Path:
        if not self._neighbours.is_installed:
            raise SourceError(
                f"there is no {service} here: {INSTALL}, or name one in lam.yaml, as in "
                f"`services: {{{service}: http://127.0.0.1:9324}}`"
            )
        socket = self._neighbours.running
        if socket is None:
            raise SourceError(
                f"there is no such {_WORDS.get(service, 'stream')}: the neighbour services hold nothing "
                "before the first request for one of them. Create it",
                is_missing=True,
            )
        return socket

    def _named(self, service: str) -> str | None:
        """As `Neighbourhood` finds it: an address that leads here is none."""
        services = self._services()
        named = services.get(service)
        if named is None and service == "dynamodbstreams":
            named = services.get("dynamodb")
        return None if named is None or named.rstrip("/") == self._own_endpoint() else named
