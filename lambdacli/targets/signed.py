"""Requests by botocore, signed in the name of whoever sends: imported when the first one is made."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from botocore import xform_name
from botocore.config import Config
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    ConnectTimeoutError,
    HTTPClientError,
    ParamValidationError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError
from botocore.session import Session

from lambdacli.model.delivery import TargetError
from lambdacli.targets import refusals
from lambdacli.targets.calls import Call, Patience, not_that_service

_CURRENT: ContextVar[Call] = ContextVar("call")
"""The one that this thread performs: a client is shared by functions of all roles."""

_RIGHTS = {
    "sqs": "sqs:SendMessage",
    "sns": "sns:Publish",
    "events": "events:PutEvents",
    "s3": "s3:PutObject",
}


class SignedCalls:
    """One client per service, region and endpoint."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._session = Session()
        self._session.register_component("credential_provider", _Senders())
        self._clients: dict[tuple[str, str, str], Any] = {}
        # A session makes one client after the other; clients may be used by many.
        self._making = threading.Lock()

    def perform(self, call: Call, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        _CURRENT.set(call)
        try:
            client = self._client(call)
            answer: Mapping[str, Any] = getattr(client, xform_name(operation))(**parameters)
        except ClientError as error:
            raise _refused(call, error) from error
        except (ConnectTimeoutError, ReadTimeoutError) as error:
            raise TargetError(
                f"{call.service_name} at {call.endpoint} did not answer in time: {call.arn} may have it or "
                "not"
            ) from error
        except (ConnectionError, HTTPClientError) as error:
            raise TargetError(
                f"nobody answers for {call.service_name} at {call.endpoint} ({error}): start it there, or "
                f"name another address in lam.yaml, `services.{call.service}`"
            ) from error
        except ResponseParserError as error:
            raise not_that_service(call) from error
        except ParamValidationError as error:
            raise TargetError(f"{call.arn} could not be sent to: {error}", is_final=True) from error
        except (BotoCoreError, ValueError) as error:
            raise TargetError(f"{call.arn} could not be sent to: {error}") from error
        return answer

    def close(self) -> None:
        """Ends kept connections; one that is in use ends with its answer."""
        with self._making:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _client(self, call: Call) -> Any:
        key = (call.service, call.region, call.endpoint)
        with self._making:
            if key not in self._clients:
                self._clients[key] = self._new_client(call)
            return self._clients[key]

    def _new_client(self, call: Call) -> Any:
        client = self._session.create_client(
            call.service,
            region_name=call.region,
            endpoint_url=call.endpoint,
            config=Config(
                connect_timeout=self._patience.connect_seconds,
                read_timeout=self._patience.read_seconds,
                # Whoever sends knows when to try again, and remembers it.
                retries={"total_max_attempts": 1},
                # Buckets of a local S3 have no host names of their own.
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )
        client.meta.events.register("before-call", _hand_on_trace)
        return client


class _SendersCredentials(Credentials):
    """Those of the call that is being signed."""

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        own = _CURRENT.get().sender.credentials
        return ReadOnlyCredentials(own.access_key_id, own.secret_access_key, own.session_token)


class _Senders:
    def load_credentials(self) -> Credentials:
        return _SendersCredentials("unused", "unused")


def _hand_on_trace(params: dict[str, Any], **_: object) -> None:
    trace_header = _CURRENT.get().trace_header
    if trace_header is not None:
        params["headers"]["X-Amzn-Trace-Id"] = trace_header


def _refused(call: Call, error: ClientError) -> TargetError:
    told = error.response.get("Error", {})
    code = told.get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    answer = f"{call.service_name} at {call.endpoint} answered {code}: {told.get('Message', '').rstrip('.')}"
    return TargetError(_explained(call, code, answer), is_final=refusals.is_final(code, status))


def _explained(call: Call, code: str, answer: str) -> str:
    if code in refusals.MISSING:
        return f"{call.arn} is not there: {answer}. Create it again, or set another one"
    if code in refusals.DENIED:
        right = _RIGHTS[call.service]
        return f"{call.sender.role_arn} may not send to {call.arn}: {answer}. Allow it {right}"
    if code in refusals.UNKNOWN_KEYS:
        return (
            f"{call.arn} could not be sent to: {answer}. A function's role has keys of lam only: lam.yaml's "
            f"`services.{call.service}` has to be the address of a service that accepts any"
        )
    return f"{call.arn} did not take it: {answer}"
