"""Addresses at which code can be had for a while, as AWS presigns those of its bucket, and their answers."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import secrets
import tempfile
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO
from urllib.parse import parse_qsl, quote, unquote

from lambdacli.model.arn import FunctionKey
from lambdacli.model.function import ArchiveCode, Code, FolderCode
from lambdacli.package.archive import write_package
from lambdacli.store.code import CodeStore
from lambdacli.store.functions import FunctionStore
from lambdacli.wire.http import Request, Response

PATH = "_code"
"""The first segment of these addresses' paths."""
VALID_FOR = timedelta(minutes=10)

_MOMENT = "%Y%m%dT%H%M%SZ"
_PIECE_BYTES = 256 * 1024


def _real_time() -> datetime:
    return datetime.now(UTC)


class CodeLinks:
    """Makes the addresses. What they lead to is told by their paths, and that they were made here by a
    signature whose secret lives as long as this service does."""

    def __init__(self, now: Callable[[], datetime] = _real_time) -> None:
        self._secret = secrets.token_bytes(32)
        self._now = now

    def to_package(self, endpoint: str, code: ArchiveCode) -> str:
        return self._signed(endpoint, f"/{PATH}/package/{base64.b64decode(code.sha256).hex()}.zip")

    def to_folder(self, endpoint: str, key: FunctionKey) -> str:
        """To what the function's folder holds when it is asked for."""
        return self._signed(endpoint, f"/{PATH}/folder/{key.account}/{key.region}/{quote(key.name)}.zip")

    def refusal(self, request: Request) -> str | None:
        """Why this address opens nothing; None if it does."""
        query = dict(parse_qsl(request.query))
        made, expires = query.get("X-Amz-Date", ""), query.get("X-Amz-Expires", "")
        signature = self._signature(request.path, made, expires)
        if not hmac.compare_digest(signature, query.get("X-Amz-Signature", "").encode()):
            return "Access Denied"
        until = datetime.strptime(made, _MOMENT).replace(tzinfo=UTC) + timedelta(seconds=int(expires))
        return None if self._now() < until else "Request has expired"

    def _signed(self, endpoint: str, path: str) -> str:
        made, expires = self._now().strftime(_MOMENT), str(int(VALID_FOR.total_seconds()))
        signature = self._signature(path, made, expires).decode()
        return f"{endpoint}{path}?X-Amz-Date={made}&X-Amz-Expires={expires}&X-Amz-Signature={signature}"

    def _signature(self, path: str, made: str, expires: str) -> bytes:
        text = f"{path}\n{made}\n{expires}".encode()
        return hmac.new(self._secret, text, hashlib.sha256).hexdigest().encode()


class CodeDownloads:
    """Answers at these addresses, and refuses as S3 does."""

    def __init__(self, links: CodeLinks, functions: FunctionStore, code: CodeStore) -> None:
        self._links = links
        self._functions = functions
        self._code = code

    async def handle(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return _refused(405, "MethodNotAllowed", "The specified method is not allowed.")
        refusal = self._links.refusal(request)
        if refusal is not None:
            return _refused(403, "AccessDenied", refusal)
        code = self._code_at(request.path.split("/")[2:])
        file = None if code is None else await asyncio.to_thread(self._opened, code)
        if file is None:
            return _refused(404, "NoSuchKey", "The specified key does not exist.")
        return Response(200, {"Content-Type": "application/zip"}, _pieces(file))

    def _code_at(self, place: list[str]) -> Code | None:
        match place:
            case ["package", name]:
                sha256 = base64.b64encode(bytes.fromhex(name.removesuffix(".zip"))).decode()
                return ArchiveCode(sha256, 0)
            case ["folder", account, region, name]:
                key = FunctionKey(account, region, unquote(name).removesuffix(".zip"))
                function = self._functions.get(key)
                return None if function is None else function.code
        return None

    def _opened(self, code: Code) -> IO[bytes] | None:
        if isinstance(code, FolderCode):
            return _packed(code.folder)
        try:
            return self._code.archive(code).open("rb")
        except FileNotFoundError:
            return None


def _packed(folder: Path) -> IO[bytes]:
    """The same bytes as those whose hash is shown of the folder."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed when it has been sent
    write_package(folder, file.write, skips_unfit=True)
    file.seek(0)
    return file


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    try:
        while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
            yield piece
    finally:
        file.close()


def _refused(status: int, code: str, message: str) -> Response:
    from xml.sax.saxutils import escape  # brings an HTTP client with it, which the service does not need

    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    )
    return Response(status, {"Content-Type": "application/xml"}, body.encode())
