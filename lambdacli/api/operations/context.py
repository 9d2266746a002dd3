"""What an operation is given, and what it may give back beside its members."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import field
from typing import Any, Protocol

from lambdacli.api.code_links import CodeLinks
from lambdacli.model.arn import FunctionKey
from lambdacli.model.clock import Clock
from lambdacli.model.function import Function
from lambdacli.model.identity import Identity
from lambdacli.model.later import Later
from lambdacli.model.layer import Substitutions
from lambdacli.model.mapping import Source
from lambdacli.model.outcome import Invocation, InvokeAnswer, StreamedAnswer
from lambdacli.model.policy_document import PolicyDocument
from lambdacli.model.principals import Caller
from lambdacli.model.provisioned import Progress, ProvisionedConcurrency
from lambdacli.model.record import record
from lambdacli.store.aliases import AliasStore
from lambdacli.store.code import CodeStore
from lambdacli.store.code_signing import CodeSigningStore
from lambdacli.store.functions import FunctionStore
from lambdacli.store.layers import LayerStore
from lambdacli.store.mappings import MappingStore
from lambdacli.store.settings import SettingStore
from lambdacli.wire.http import Request


class Invoker(Protocol):
    # Runs the function and waits for it. For a throttle it raises TooManyRequestsException with the member
    # `Reason` and, if the caller should wait, `retryAfterSeconds`.
    def invoke(
        self, function: Function, invocation: Invocation, *, want_log_tail: bool
    ) -> Later[InvokeAnswer] | Coroutine[Any, Any, InvokeAnswer]: ...

    # The same, for a caller who takes the response as it comes.
    def stream(
        self, function: Function, invocation: Invocation
    ) -> Later[StreamedAnswer] | Coroutine[Any, Any, StreamedAnswer]: ...


class Events(Protocol):
    # There when the event is on disk, which promises that it will be run.
    def accept(self, function: Function, invocation: Invocation, qualifier: str | None) -> Later[None]: ...


class Packages(Protocol):
    # An object of S3. Waits for the network: called in threads. RequestError in AWS's words.
    def fetch(self, bucket: str, key: str, version: str | None, region: str) -> bytes: ...


class Provisioning(Protocol):
    # How far the environments have come that a setting asks for.
    def progress(self, key: FunctionKey, qualifier: str, setting: ProvisionedConcurrency) -> Progress: ...


def new_id() -> str:
    """A random UUID (version 4) at a tenth of `uuid`'s price: it names a request, and keeps no secret."""
    text = f"{random.getrandbits(128) & _RANDOM_BITS | _FIXED_BITS:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _nothing_known(role_arn: str) -> None:
    return None


def _nothing_told(caller: Caller) -> None:
    return None


async def _nothing_asked(source: Source, function: Function) -> None:
    return None


_FIXED_BITS = 4 << 76 | 0b10 << 62
_RANDOM_BITS = (1 << 128) - 1 ^ (0xF << 76 | 0b11 << 62)


@record
class Context:
    """One request's surroundings: who asks, where, and the parts that can answer."""

    account: str
    region: str
    functions: FunctionStore
    aliases: AliasStore
    settings: SettingStore
    mappings: MappingStore
    code_signing: CodeSigningStore
    code: CodeStore
    code_links: CodeLinks
    layers: LayerStore
    substitutions: Substitutions
    """What stands for layers that cannot be fetched."""
    packages: Packages
    invoker: Invoker
    events: Events
    provisioning: Provisioning
    clock: Clock
    endpoint: str
    """Where this service is reached."""
    account_concurrency: int
    """How many invocations the account may run at once in a region."""
    http: Request
    """The request itself, for the few operations that need a header or the peer."""
    other_names: Mapping[str, str] = field(default_factory=dict)
    """Names of functions by those that they have in a template."""
    described_in: Callable[[str], str] = lambda name: "lam.yaml"
    """The file that decides about the project's functions."""
    check_source: Callable[[Source, Function], Awaitable[None]] = _nothing_asked
    """Raises what AWS answers if a mapping's queue or stream is not there, or does not fit the function; what
    cannot be asked passes."""
    is_strict: bool = False
    """What AWS refuses by date is refused here too."""
    request_id: str = field(default_factory=new_id)
    """Goes out as `x-amzn-RequestId`; an invocation's id is the same."""
    identity: Identity | None = None
    """Whose signature it is; None where signatures are not checked: then everybody may do everything."""
    trust_of: Callable[[str], PolicyDocument | None] = _nothing_known
    """The trust policy of a role, by its ARN, where it is known."""
    known_policies_of: Callable[[Caller], Sequence[PolicyDocument] | None] = _nothing_told
    """The identity policies of a caller, where they are known."""


@record
class Reply:
    """An operation's members, and headers that the model does not know."""

    members: Mapping[str, Any]
    headers: Mapping[str, str]
