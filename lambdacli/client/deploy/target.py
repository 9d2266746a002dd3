"""Where to deploy: the one way in which services are called, and what a refusal is."""

from __future__ import annotations

from typing import Any, Protocol

from lambdacli.model.deployment import Members

Json = dict[str, Any]


class Refused(Exception):
    """A call that was answered with an error, or not at all; `code` is AWS's name for why, `hint` says what
    to do, where it is known already."""

    def __init__(self, operation: str, code: str, message: str, status: int = 0, hint: str = "") -> None:
        super().__init__(": ".join(text for text in (operation, code, message) if text))
        self.operation = operation
        self.code = code
        self.message = message
        self.status = status
        self.hint = hint

    @property
    def is_missing(self) -> bool:
        return self.status == 404 or self.code in _MISSING

    @property
    def is_throttled(self) -> bool:
        return self.code in _THROTTLED or self.status == 429


_MISSING = frozenset(
    {"ResourceNotFoundException", "NotFoundException", "NoSuchEntity", "NoSuchBucket", "NoSuchKey", "404"}
)
_THROTTLED = frozenset(
    {
        "TooManyRequestsException",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestLimitExceeded",
        "SlowDown",
        "RequestThrottled",
    }
)


class Target(Protocol):
    # How it is called in what is printed.
    @property
    def name(self) -> str: ...

    # Whether roles, buckets and policies can be made there.
    @property
    def is_aws(self) -> bool: ...

    # One operation; raises Refused. Members that are bytes are sent as such. For several threads.
    def call(self, service: str, operation: str, parameters: Members) -> Json: ...
