"""Who runs the function that `lam invoke` names: a service nearby, or AWS."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from lambdacli.cli import connect, remote
from lambdacli.cli.errors import CommandError
from lambdacli.cli.options import AwsFlags
from lambdacli.client import aws_invoke, local
from lambdacli.client.aws import Aws
from lambdacli.client.local import Endpoint, InvokeInput, InvokeOutput


class Callee(Protocol):
    # Sends it once, and waits for its answer.
    def invoke(self, wanted: InvokeInput) -> InvokeOutput: ...

    # The same, for an answer that is taken as it comes.
    def stream(self, wanted: InvokeInput) -> AbstractContextManager[Streaming]: ...

    # Of a function that is not there: what is.
    def not_found(self, name: str, message: str) -> CommandError: ...

    # The log of an invocation of whose tail the beginning was cut off; None where it cannot be had.
    def whole_log(self, request_id: str) -> str | None: ...

    # What shows the function's log.
    log_command: str


class Streaming(Protocol):
    def pieces(self) -> Iterator[bytes]: ...

    @property
    def output(self) -> InvokeOutput: ...


class Near:
    """A service that is asked over HTTP without botocore: the project's own, or one at --endpoint-url."""

    log_command = "lam logs"

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def invoke(self, wanted: InvokeInput) -> InvokeOutput:
        return local.invoke(self._endpoint, wanted)

    def stream(self, wanted: InvokeInput) -> AbstractContextManager[Streaming]:
        return local.invoke_streaming(self._endpoint, wanted)

    def not_found(self, name: str, message: str) -> CommandError:
        return connect.not_found(self._endpoint, name, message)

    def whole_log(self, request_id: str) -> str | None:
        if self._endpoint.is_remote:
            return None
        lines = local.log_lines(self._endpoint, request_id=request_id)
        return "".join(str(line["message"]).rstrip("\n") + "\n" for line in lines)


class Deployed:
    """AWS."""

    log_command = "lam logs --remote"

    def __init__(self, aws: Aws, flags: AwsFlags) -> None:
        self._aws = aws
        self._wait_seconds = remote.invoke_wait_seconds(flags)

    def invoke(self, wanted: InvokeInput) -> InvokeOutput:
        return aws_invoke.invoke(self._aws, wanted, self._wait_seconds)

    @contextlib.contextmanager
    def stream(self, wanted: InvokeInput) -> Iterator[Streaming]:
        yield aws_invoke.invoke_streaming(self._aws, wanted, self._wait_seconds)

    def not_found(self, name: str, message: str) -> CommandError:
        return remote.not_found(self._aws, name, message)

    def whole_log(self, request_id: str) -> str | None:
        return None  # CloudWatch has it some seconds later only
