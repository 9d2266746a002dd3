"""The client of the Runtime API."""

import os
import sys


class Event:
    __slots__ = (
        "body",
        "client_context",
        "content_type",
        "deadline_ms",
        "identity",
        "invoked_arn",
        "request_id",
        "tenant_id",
        "trace_id",
    )

    def __init__(self, headers, body):
        self.request_id = headers["lambda-runtime-aws-request-id"]
        self.deadline_ms = int(headers.get("lambda-runtime-deadline-ms", "0"))
        self.invoked_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.trace_id = headers.get("lambda-runtime-trace-id")
        self.client_context = headers.get("lambda-runtime-client-context")
        self.identity = headers.get("lambda-runtime-cognito-identity")
        self.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
        self.content_type = headers.get("content-type", "")
        self.body = body if self.content_type.startswith("application/json") else bytes(body)


class RuntimeApi:
    """A client over one kept connection. To the platform itself, an answer and the question for the next event go
    out together. But the address may lead to an extension that stands in between: then one request follows the
    other, and any correct HTTP/1.1 answer is understood."""

    PREFIX = "/2018-06-01/runtime/"
    JOINED_BYTES = 65536

    def __init__(self, address):
        self._address = address
        self._is_direct = os.environ.pop("_LAM_RUNTIME_API", None) == address
        self._unsent = None
        self._connection = None
        self._buffer = b""
        self._common = "\r\nHost: %s\r\nUser-Agent: lam-python/%d.%d\r\n" % (
            (address,) + sys.version_info[:2]
        )
        self._next = self._request("GET", "invocation/next", "\r\n")

    def next(self):
        unsent, self._unsent = self._unsent, None
        if unsent is None:
            self._send(self._next)
        else:
            path, head, body = unsent
            self._send(head, body, self._next)
            self._check(path, *self._read_answer())
            if self._connection is None:
                self._send(self._next)
        status, headers, body = self._read_answer()
        if status != 200:
            raise RuntimeError("the Runtime API answered %d to next" % status)
        return Event(headers, body)

    def post(self, path, body, content_type="application/json", error_type=None):
        """Of an invocation, it is the last thing that is done: `next` follows, and takes it along."""
        fields = "Content-Type: %s\r\n" % content_type
        if error_type is not None:
            fields += "Lambda-Runtime-Function-Error-Type: %s\r\n" % error_type
        head = self._request("POST", path, "%sContent-Length: %d\r\n\r\n" % (fields, len(body)))
        if self._is_direct and path.startswith("invocation/"):
            self._unsent = path, head, body
            return
        self._send(head, body)
        self._check(path, *self._read_answer())

    def _request(self, method, path, fields):
        text = method + " " + self.PREFIX + path + " HTTP/1.1" + self._common + fields
        return text.encode("ascii", "replace")

    @staticmethod
    def _check(path, status, _, answer):
        if status not in (202, 413):
            raise RuntimeError("the Runtime API answered %d to %s: %s" % (status, path, answer.decode()))

    def _send(self, *pieces):
        if self._connection is None:
            self.connect()
        if sum(map(len, pieces)) <= self.JOINED_BYTES:
            self._connection.sendall(b"".join(pieces))
            return
        for piece in pieces:
            self._connection.sendall(piece)

    def connect(self):
        import _socket  # what `socket` adds to it takes milliseconds to import

        host, _, port = self._address.rpartition(":")
        family = _socket.AF_INET6 if ":" in host else _socket.AF_INET
        self._connection = _socket.socket(family, _socket.SOCK_STREAM)
        self._connection.connect((host.strip("[]"), int(port)))
        self._connection.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        self._buffer = b""

    def _read_answer(self):
        status = 100
        while status < 200:  # an interim answer only says that the real one will come
            lines = self._read_head().decode("latin-1").split("\n")
            version, status = lines[0].split(None, 2)[:2]
            status = int(status)
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        is_last = headers.get("connection", "").lower() == "close" or version == "HTTP/1.0"
        length = headers.get("content-length")
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = self._read_chunks()
        elif length is not None:
            body = self._read_exactly(int(length))
        else:
            body = self._read_to_end() if is_last else b""
        if is_last:
            self._connection.close()
            self._connection = None
        return status, headers, body

    def _read_head(self):
        while True:
            end = self._buffer.find(b"\r\n\r\n")
            if end >= 0:
                head, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
                return head
            self._buffer += self._receive()

    def _read_line(self):
        while b"\n" not in self._buffer:
            self._buffer += self._receive()
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.strip()

    def _read_exactly(self, size):
        there = self._buffer
        if len(there) >= size:
            self._buffer = there[size:]
            return there[:size]
        body = bytearray(size)
        body[: len(there)] = there
        self._buffer = b""
        rest = memoryview(body)[len(there) :]
        while rest:
            count = self._connection.recv_into(rest)
            if not count:
                os._exit(1)
            rest = rest[count:]
        return body

    def _read_to_end(self):
        pieces = [self._buffer]
        while True:
            piece = self._connection.recv(65536)
            if not piece:
                self._buffer = b""
                return b"".join(pieces)
            pieces.append(piece)

    def _read_chunks(self):
        pieces = []
        while True:
            size = int(self._read_line().split(b";")[0], 16)
            if size == 0:
                while self._read_line():
                    pass
                return b"".join(pieces)
            pieces.append(self._read_exactly(size))
            self._read_line()

    def _receive(self):
        piece = self._connection.recv(65536)
        if not piece:
            # The platform is gone, and with it all reason to live.
            os._exit(1)
        return piece
