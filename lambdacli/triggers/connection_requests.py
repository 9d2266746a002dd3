"""What functions ask of a WebSocket API's connections: send, tell how it is, close."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import unquote

from lambdacli.model.errors import RequestError
from lambdacli.model.identity import Identity
from lambdacli.model.policy import AccessRequest, decide, denial_text
from lambdacli.triggers.payload_v2 import JSON
from lambdacli.triggers.websocket_api import MESSAGE_BYTES, NORMAL, Conversation, WebSocketApis
from lambdacli.wire.messages import Request, Response

_ID = re.compile(r"[A-Za-z0-9_-]{15}=")
_RIGHT = "execute-api:ManageConnections"


class _Refused(Exception):
    def __init__(self, status: int, error_type: str, message: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.error_type = error_type
        self.message = message


class ConnectionRequests:
    def __init__(self, web_sockets: WebSocketApis, identify: Callable[[Request], Identity | None]) -> None:
        """`identify` raises what a missing or wrong signature is answered with; None: nothing is checked."""
        self._web_sockets = web_sockets
        self._identify = identify

    def handle(self, request: Request) -> Response:
        """Where no API is named, as an SDK does that was told no address but the service's own."""
        return self.handle_of(None, request.path, request)

    def handle_of(self, api: str | None, path: str, request: Request) -> Response:
        """`path` is what follows the stage."""
        try:
            identity = self._identify(request)
            if "origin" in request.headers:
                raise _Refused(403, "ForbiddenException", "A web page may not speak for a function.")
            conversation = self._conversation(api, unquote(path.split("/", 2)[2]))
            self._require_allowed(identity, conversation, request.method)
            return self._done(conversation, request)
        except RequestError as error:
            return _told(403, error.code, error.message)
        except _Refused as refused:
            return _told(refused.status, refused.error_type, refused.message)

    def _conversation(self, api: str | None, connection_id: str) -> Conversation:
        if _ID.fullmatch(connection_id) is None:
            raise _Refused(400, "BadRequestException", f"Invalid connectionId: {connection_id}")
        found = self._web_sockets.conversation(connection_id)
        if found is None or api not in (None, found.about.api.name):
            raise _Refused(410, "GoneException")
        return found

    def _require_allowed(self, identity: Identity | None, conversation: Conversation, method: str) -> None:
        if identity is None:
            return
        resource = self._web_sockets.arn_of(conversation, method)
        asked = AccessRequest(identity.caller, _RIGHT, resource, identity.context, self._web_sockets.now())
        decision = decide(asked, identity_policies=identity.policies)
        if not decision.is_allowed:
            raise _Refused(403, "ForbiddenException", denial_text(decision))

    def _done(self, conversation: Conversation, request: Request) -> Response:
        match request.method:
            case "POST":
                return _sent(conversation, request)
            case "GET":
                return Response(200, {"Content-Type": JSON}, json.dumps(_status(conversation)).encode())
            case "DELETE":
                conversation.socket.close(NORMAL, "Connection Closed Normally")
                return Response(204)
            case _:
                raise _Refused(403, "MissingAuthenticationTokenException", "Missing Authentication Token")


def _sent(conversation: Conversation, request: Request) -> Response:
    if request.is_body_too_large or len(request.body) > MESSAGE_BYTES:
        raise _Refused(413, "PayloadTooLargeException", "Message too long")
    if conversation.socket.is_clogged:
        raise _Refused(429, "LimitExceededException")
    conversation.send(request.body)
    return Response(200, {"Content-Type": JSON})


def _status(conversation: Conversation) -> Mapping[str, object]:
    about = conversation.about
    return {
        "connectedAt": _moment(about.connected_at),
        "identity": {"sourceIp": about.source_ip, "userAgent": about.user_agent or ""},
        "lastActiveAt": _moment(conversation.last_active_at),
    }


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _told(status: int, error_type: str, message: str | None) -> Response:
    """Some of AWS's have no message."""
    body = {} if message is None else {"message": message}
    return Response(status, {"Content-Type": JSON, "x-amzn-ErrorType": error_type}, json.dumps(body).encode())
