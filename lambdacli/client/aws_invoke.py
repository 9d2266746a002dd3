"""Invocations of deployed functions, each sent once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lambdacli.client import http
from lambdacli.client.aws import Aws
from lambdacli.client.local import ApiError, InvokeInput, InvokeOutput, notices_of

LONGEST_WAIT_SECONDS = 15 * 60 + 30.0
"""A function's longest timeout, and what lies around it."""


def invoke(aws: Aws, wanted: InvokeInput, wait_seconds: float | None = LONGEST_WAIT_SECONDS) -> InvokeOutput:
    answer = aws.call_once("lambda", "invoke", wait_seconds, **_parameters(wanted))
    with aws.reading():
        payload = answer["Payload"].read()
    headers = _headers(answer)
    return InvokeOutput(
        status=int(answer["StatusCode"]),
        payload=payload,
        request_id=headers.get("x-amzn-requestid"),
        function_error=answer.get("FunctionError"),
        log_result=answer.get("LogResult"),
        executed_version=answer.get("ExecutedVersion"),
        durable_execution_arn=answer.get("DurableExecutionArn"),
        notices=notices_of(headers),
    )


class StreamedAnswer:
    """What a deployed function streams: iterate `pieces` once, then ask for its `output`."""

    def __init__(self, aws: Aws, answer: Mapping[str, Any]) -> None:
        self._aws = aws
        self._answer = answer
        self._complete: Mapping[str, Any] | None = {} if answer["StatusCode"] == 204 else None

    def pieces(self) -> Iterator[bytes]:
        with self._aws.reading():
            for event in self._answer.get("EventStream", ()):
                if "PayloadChunk" in event:
                    yield event["PayloadChunk"].get("Payload", b"")
                elif "InvokeComplete" in event:
                    self._complete = event["InvokeComplete"]
        if self._complete is None:
            raise http.AnswerLost("the stream ended before the response was complete")

    @property
    def output(self) -> InvokeOutput:
        """All but what was streamed; of a failure the payload is its error."""
        assert self._complete is not None, "asked before the stream was over"
        headers = _headers(self._answer)
        return InvokeOutput(
            status=int(self._answer["StatusCode"]),
            payload=str(self._complete.get("ErrorDetails", "")).encode(),
            request_id=headers.get("x-amzn-requestid"),
            function_error="Unhandled" if "ErrorCode" in self._complete else None,
            log_result=self._complete.get("LogResult"),
            executed_version=self._answer.get("ExecutedVersion"),
            notices=notices_of(headers),
        )


def invoke_streaming(
    aws: Aws, wanted: InvokeInput, wait_seconds: float | None = LONGEST_WAIT_SECONDS
) -> StreamedAnswer:
    parameters = _parameters(wanted)
    # Such an invocation has no DurableExecutionName.
    if "DurableExecutionName" in parameters:
        raise ApiError(400, "InvalidParameterValueException", "a durable execution's answer is not streamed")
    answer = aws.call_once("lambda", "invoke_with_response_stream", wait_seconds, **parameters)
    return StreamedAnswer(aws, answer)


def _parameters(wanted: InvokeInput) -> dict[str, Any]:
    told = {
        "FunctionName": wanted.function_name,
        "Payload": wanted.payload,
        "InvocationType": wanted.invocation_type,
        "LogType": wanted.log_type,
        "ClientContext": wanted.client_context,
        "DurableExecutionName": wanted.durable_execution_name,
        "Qualifier": wanted.qualifier,
        "TenantId": wanted.tenant_id,
    }
    return {name: value for name, value in told.items() if value is not None}


def _headers(answer: Mapping[str, Any]) -> Mapping[str, str]:
    headers: Mapping[str, str] = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return headers
