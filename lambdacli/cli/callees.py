"""Who runs the function that `lam invoke` names: a service nearby, or AWS."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Protocol

from lambdacli.cli import connect, remote
from lambdacli.cli.build_watch import LOOK_SECONDS, BuildWatch
from lambdacli.cli.errors import CommandError
from lambdacli.cli.options import AwsFlags
from lambdacli.client import aws_invoke, http, local
from lambdacli.client.aws import Aws
from lambdacli.client.local import Endpoint, InvokeInput, InvokeOutput
from lambdacli.model.arn import parse_function_reference


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
        with self._watched(wanted):
            return local.invoke(self._endpoint, wanted)

    @contextlib.contextmanager
    def stream(self, wanted: InvokeInput) -> Iterator[Streaming]:
        with contextlib.ExitStack() as stack:
            with self._watched(wanted):
                streaming = stack.enter_context(local.invoke_streaming(self._endpoint, wanted))
            yield streaming

    @contextlib.contextmanager
    def _watched(self, wanted: InvokeInput) -> Iterator[None]:
        """What the function's build does is shown meanwhile."""
        if self._endpoint.is_remote or wanted.invocation_type in ("Event", "DryRun"):
            yield
            return
        watch = BuildWatch(lambda: self._builds_of(wanted.function_name))
        is_over = threading.Event()

        def look_now_and_then() -> None:
            while not is_over.wait(LOOK_SECONDS):
                watch.look()

        looking = threading.Thread(target=look_now_and_then, daemon=True)
        looking.start()
        try:
            yield
        finally:
            is_over.set()
            looking.join()
            watch.end()

    def _builds_of(self, name: str) -> list[local.Json]:
        try:
            function = parse_function_reference(name).name
            return local.builds(replace(self._endpoint, trace=None), function)
        except (http.HttpError, local.ApiError, ValueError):
            return []  # what is wrong is told by the answer that is waited for

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
