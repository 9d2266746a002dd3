"""A server that answers GetObject as S3 does."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

Objects = Mapping[tuple[str, str, str | None], bytes | int]
"""By bucket, key and version. A number stands for an object of that size, whose content never comes."""


class S3Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, objects: Objects) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects = objects
        self.signatures: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: S3Server

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        bucket, _, key = url.path.lstrip("/").partition("/")
        version = parse_qs(url.query).get("versionId", [None])[0]
        self.server.signatures.append(self.headers["Authorization"])
        found = self.server.objects.get((bucket, key, version))
        if bucket not in {place[0] for place in self.server.objects}:
            self._refuse("NoSuchBucket", "The specified bucket does not exist")
        elif found is None:
            self._refuse("NoSuchKey", "The specified key does not exist.")
        elif isinstance(found, int):
            self._answer(200, b"", found)
        else:
            self._answer(200, found, len(found))

    def _refuse(self, code: str, message: str) -> None:
        body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
        self._answer(404, body, len(body))

    def _answer(self, status: int, body: bytes, size: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None: ...


@contextlib.contextmanager
def open_s3(objects: Objects) -> Iterator[S3Server]:
    with S3Server(objects) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
