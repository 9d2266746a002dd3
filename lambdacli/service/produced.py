"""Invocations that other services make of functions: judged by the functions' policies, run as Invoke."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from urllib.parse import parse_qs, quote

from lambdacli.engine.access import Access
from lambdacli.model.arn import FunctionKey, parse_function_reference
from lambdacli.model.producer import Producer, caller_named
from lambdacli.wire.http import Handler, Peer, Request, Response

logger = logging.getLogger("lam.neighbours")


class ProducedInvocations:
    """Comes over the service's unix socket only: whoever speaks there is believed who he speaks for."""

    def __init__(self, access: Access, lambda_api: Handler) -> None:
        self._access = access
        self._lambda_api = lambda_api

    async def answer(self, request: Request) -> Response:
        told = {name: values[-1] for name, values in parse_qs(request.query).items()}
        try:
            producer = Producer(
                caller_named(told["principal"]), told.get("source_arn"), told.get("source_account")
            )
            function, qualifier = _function_named(told["function"])
        except (KeyError, ValueError) as error:
            return _refused(400, "InvalidParameterValueException", f"no producer and function: {error}")
        decision = self._access.may_invoke(producer, function, qualifier, at=datetime.now(UTC))
        arn = function.qualified_arn(qualifier)
        if not decision.is_allowed:
            source = "" if producer.source_arn is None else f" for {producer.source_arn}"
            message = f"{producer.caller} may not invoke {arn}{source}: {decision.because}"
            logger.warning(
                "%s; `lam permission add %s --principal %s` would let it",
                message,
                function.name,
                producer.caller,
            )
            return _refused(403, "AccessDeniedException", message)
        invoke = _invoke(function, arn, told.get("kind", "Event"), request.body, told.get("trace_header", ""))
        answer = self._lambda_api(invoke)
        response = answer if isinstance(answer, Response) else await answer
        if response.status >= 300:
            logger.warning("%s could not invoke %s: %s", producer.caller, arn, response.body)
        return response


def _function_named(arn: str) -> tuple[FunctionKey, str | None]:
    named = parse_function_reference(arn)
    if named.account is None or named.region is None:
        raise ValueError(f"{arn} is not the whole ARN of a function")
    return FunctionKey(named.account, named.region, named.name), named.qualifier


def _invoke(function: FunctionKey, arn: str, kind: str, payload: bytes, trace_header: str) -> Request:
    """As the owner of the account would call it; that the producer may is decided."""
    scope = f"{function.account}/20000101/{function.region}/lambda/aws4_request"
    return Request(
        "POST",
        f"/2015-03-31/functions/{quote(arn, safe='')}/invocations",
        "",
        {
            "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
            "x-amz-invocation-type": kind,
            "x-amzn-trace-id": trace_header,
            "content-length": str(len(payload)),
        },
        payload,
        Peer(is_unix=True),
    )


def _refused(status: int, code: str, message: str) -> Response:
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": code}
    return Response(status, headers, json.dumps({"message": message}).encode())
