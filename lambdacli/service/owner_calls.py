"""Asks Lambda's own API inside the service, as the account's owner would."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from lambdacli.model.record import record
from lambdacli.wire.http import Handler, Peer, Request, Response


class Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@record
class Owner:
    lambda_api: Handler
    account: str
    region: str

    async def call(
        self,
        method: str,
        path: str,
        members: Mapping[str, Any] | None = None,
        qualifier: str | None = None,
    ) -> Mapping[str, Any]:
        body = b"" if members is None else json.dumps(members, default=str).encode()
        scope = f"{self.account}/20000101/{self.region}/lambda/aws4_request"
        request = Request(
            method,
            path,
            "" if qualifier is None or qualifier == "$LATEST" else f"Qualifier={quote(qualifier, safe='')}",
            {
                "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
                "content-length": str(len(body)),
            },
            body,
            Peer(is_unix=True),
        )
        answer = self.lambda_api(request)
        response = answer if isinstance(answer, Response) else await answer
        told = _told(response)
        if response.status >= 300:
            message = told.get("message") or told.get("Message") or f"the API answered {response.status}"
            raise Refused(response.status, str(message))
        return told

    async def find(self, path: str, qualifier: str | None = None) -> Mapping[str, Any] | None:
        """None: it is not there."""
        try:
            return await self.call("GET", path, None, qualifier)
        except Refused as error:
            if error.status != 404:
                raise
            return None


def _told(response: Response) -> Mapping[str, Any]:
    body = response.body if isinstance(response.body, bytes) else b""
    try:
        told = json.loads(body or b"{}")
    except ValueError:
        return {}
    return told if isinstance(told, Mapping) else {}
