"""The lam service as the neighbour services reach it: over its unix socket, with the word of a producer."""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import os
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from lambdacli.model.record import record

logger = logging.getLogger("lam.neighbours")

ROUTE = "/_lam/v1/produced"
SCHEDULES_ROUTE = "/_lam/v1/schedules/told"
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 900.0 + 60.0
"""Longer than any function runs."""


@record
class Produced:
    """One call of a function on behalf of a service."""

    function: str
    """Its ARN, with a qualifier or without."""
    payload: bytes
    principal: str
    source_arn: str | None = None
    source_account: str | None = None
    kind: str = "Event"
    trace_header: str | None = None
    """Of the request that led to this call, for a chain to go on through the service."""


class Refused(Exception):
    """What lam answered instead."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code


class LamBehind:
    def __init__(self, state: Path) -> None:
        self._record = state / "service.json"
        self._port_of: float | None = None
        self._told_schedules: tuple[float, str] | None = None

    def is_there(self) -> bool:
        """Whether a service answers for this state folder."""
        with contextlib.suppress(OSError, KeyError, ValueError), socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(CONNECT_SECONDS)
            probe.connect(json.loads(self._record.read_bytes())["socket"])
            return True
        return False

    def note_port(self) -> None:
        """moto reads in its environment where its own clients reach it: that is where lam is reached, which
        may be another place after a restart."""
        with contextlib.suppress(OSError, KeyError, ValueError):
            changed_at = self._record.stat().st_mtime
            if changed_at != self._port_of:
                endpoint = json.loads(self._record.read_bytes())["endpoint"]
                os.environ["MOTO_PORT"] = endpoint.rpartition(":")[2]
                self._port_of = changed_at

    def tell_schedules(self, schedules: list[dict[str, Any]]) -> None:
        """Unless this very service knows them already. One that is not there is told when it is."""
        told = json.dumps(schedules, default=str, sort_keys=True)
        try:
            record = (self._record.stat().st_mtime, told)
            if record == self._told_schedules or (self._told_schedules is None and not schedules):
                return
            connection = _Connection(json.loads(self._record.read_bytes())["socket"])
            with contextlib.closing(connection):
                connection.request("POST", SCHEDULES_ROUTE, told)
                if connection.getresponse().status < 300:
                    self._told_schedules = record
        except (OSError, ValueError, KeyError, http.client.HTTPException) as error:
            logger.warning("lam could not be told of schedules: %s", error)

    def produce(self, produced: Produced) -> bytes:
        """The function's answer, empty for an event. Refused, or an OSError when no service is there."""
        told = {
            "function": produced.function,
            "principal": produced.principal,
            "kind": produced.kind,
            "source_arn": produced.source_arn,
            "source_account": produced.source_account,
            "trace_header": produced.trace_header,
        }
        query = urlencode({name: value for name, value in told.items() if value is not None})
        connection = _Connection(json.loads(self._record.read_bytes())["socket"])
        with contextlib.closing(connection):
            connection.request("POST", f"{ROUTE}?{query}", produced.payload)
            answer = connection.getresponse()
            body = answer.read()
        if answer.status >= 300:
            code = (answer.getheader("x-amzn-ErrorType") or "").partition(":")[0]
            with contextlib.suppress(ValueError, AttributeError):
                told = json.loads(body)
                raise Refused(answer.status, code, told.get("message") or told.get("Message") or "")
            raise Refused(answer.status, code, "")
        return body

    def deliver(self, produced: Produced) -> None:
        """What is nobody's to answer for: a failure is told in both logs, and nowhere else."""
        try:
            self.produce(produced)
        except (Refused, OSError, ValueError, KeyError, http.client.HTTPException) as error:
            logger.warning("%s could not invoke %s: %s", produced.principal, produced.function, error)


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=ANSWER_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(CONNECT_SECONDS)
        self.sock.connect(self._path)
        self.sock.settimeout(ANSWER_SECONDS)
