"""Events are sent, run and told while their service is killed at random moments; everything that outlives it
is here: who sends, what the function tells, who hears of the ends."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import shutil
import signal
import socketserver
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from lambdacli.model.event import EventState
from tests.aws_server import AwsServer, Behaviour, open_aws
from tests.real.event_evidence import Kill, Sighting
from tests.real.house import Project, is_alive, wait_until
from tests.real.random_writes import HEADERS

DEADLINE_SECONDS = 120.0
QUEUE = "arn:aws:sqs:us-east-1:000000000000:told"
CODE = """
import socket
import time


def handler(event, context):
    began_at = time.monotonic()
    with socket.create_connection(("127.0.0.1", event["port"]), 10) as told:
        told.sendall(f"{context.aws_request_id} {began_at}\\n".encode())
        told.recv(1)
"""


@dataclass(frozen=True, slots=True)
class Plan:
    events: int
    senders: int
    kills: int
    environments: int
    durability: str
    seed: int


@dataclass(frozen=True, slots=True)
class Evidence:
    accepted: Sequence[str]
    """Request ids of the 202s."""
    executions: Sequence[Sighting]
    records: Sequence[Sighting]
    kills: Sequence[Kill]
    seconds: float


def crash(project: Project, plan: Plan) -> Evidence:
    """Returns when every accepted event was executed and told; it waits for those that are lost, too, but not
    for ever."""
    began = time.monotonic()
    with _listening() as listener, open_aws(Behaviour(there={"told"})) as target:
        _write_project(project, plan, target)
        project.start()
        project.tell_of_successes("tells", QUEUE)
        whereabouts = Whereabouts(project.port)
        share = plan.events // plan.senders
        senders = [_Sender(whereabouts, listener.port, share) for _ in range(plan.senders)]
        with ThreadPoolExecutor(plan.senders) as pool, contextlib.closing(whereabouts):
            sending = [pool.submit(sender.run) for sender in senders]
            progress = _Progress(senders, sending, listener, target)
            kills = [_kill(project, whereabouts, progress, wanted) for wanted in _moments(plan)]
            for sent in sending:
                sent.result(DEADLINE_SECONDS)
        accepted = [request_id for sender in senders for request_id in sender.accepted]
        with contextlib.suppress(AssertionError):  # who is lost is named by the evidence
            wait_until(lambda: progress.is_complete(accepted), "every event is told", DEADLINE_SECONDS)
        records = [Sighting(_request_id(taken.body), taken.at) for taken in target.taken]
        return Evidence(accepted, listener.heard, records, kills, time.monotonic() - began)


class Whereabouts:
    """The port of the living service, for those who wait for it."""

    def __init__(self, port: int) -> None:
        self._port: int | None = port
        self._is_closed = False
        self._changed = threading.Condition()

    def port(self) -> int:
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._port is not None, DEADLINE_SECONDS)
            assert self._port is not None, "no service any more"
            return self._port

    def move(self, port: int | None) -> None:
        with self._changed:
            self._port = port
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()


class _Sender:
    """Goes on with the next service when one is gone. What got no 202 is not counted: it may run or not."""

    def __init__(self, whereabouts: Whereabouts, listener_port: int, count: int) -> None:
        self._whereabouts = whereabouts
        self._payload = json.dumps({"port": listener_port})
        self._count = count
        self.accepted: list[str] = []

    def run(self) -> None:
        while len(self.accepted) < self._count:
            connection = http.client.HTTPConnection("127.0.0.1", self._whereabouts.port(), timeout=20)
            with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
                while len(self.accepted) < self._count:
                    self._send(connection)

    def _send(self, connection: http.client.HTTPConnection) -> None:
        connection.request(
            "POST",
            "/2015-03-31/functions/tells/invocations",
            self._payload,
            {**HEADERS, "X-Amz-Invocation-Type": "Event"},
        )
        response = connection.getresponse()
        body = response.read()
        assert response.status == 202, f"{response.status} {body!r}"
        request_id = response.headers["x-amzn-RequestId"]
        assert request_id
        self.accepted.append(request_id)


class _Listener:
    """The function tells it what it runs, and when that began."""

    def __init__(self) -> None:
        self.heard: list[Sighting] = []
        self.port = 0

    def hear(self, line: str) -> None:
        request_id, began_at = line.split()
        self.heard.append(Sighting(request_id, float(began_at)))


@contextlib.contextmanager
def _listening() -> Iterator[_Listener]:
    listener = _Listener()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            line = self.rfile.readline().decode()
            if line.endswith("\n"):
                listener.hear(line)
                self.wfile.write(b".")

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, request: object, client_address: object) -> None:
            """A function that was killed while it told."""

    with Server(("127.0.0.1", 0), Handler) as server:
        listener.port = server.server_address[1]
        serving = threading.Thread(target=server.serve_forever, args=(0.05,))
        serving.start()
        try:
            yield listener
        finally:
            server.shutdown()
            serving.join()


class _Progress:
    def __init__(
        self,
        senders: Sequence[_Sender],
        sending: Sequence[Future[None]],
        listener: _Listener,
        target: AwsServer,
    ) -> None:
        self._senders = senders
        self._sending = sending
        self._listener = listener
        self._target = target
        self._read = 0
        self._told: set[str] = set()

    def steps(self) -> int:
        """Accepts, executions and records together. A sender that failed says so here."""
        for sent in self._sending:
            if sent.done():
                sent.result()
        accepted = sum(len(sender.accepted) for sender in self._senders)
        return accepted + len(self._listener.heard) + len(self._target.taken)

    def is_complete(self, accepted: Sequence[str]) -> bool:
        new = self._target.taken[self._read :]
        self._read += len(new)
        self._told.update(_request_id(taken.body) for taken in new)
        return self._told.issuperset(accepted)


def _moments(plan: Plan) -> list[int]:
    """Kills are spread over all that happens: accepting, running and telling."""
    chance = random.Random(plan.seed)
    return sorted(chance.randrange(plan.events * 3 * 9 // 10) for _ in range(plan.kills))


def _kill(project: Project, whereabouts: Whereabouts, progress: _Progress, wanted: int) -> Kill:
    wait_until(lambda: progress.steps() >= wanted, f"{wanted} steps are done", DEADLINE_SECONDS)
    pid = project.service_pid
    whereabouts.move(None)
    killed_at = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(pid), "the service is gone")
    running, telling = _in_flight(project.state / "lam.db")
    restarted_at = time.monotonic()
    project.lam("start", "--detach", "--port", "0")
    whereabouts.move(project.port)
    return Kill(killed_at, restarted_at, running, telling)


def _in_flight(database: Path) -> tuple[frozenset[str], frozenset[str]]:
    """Asked of a copy: reading the file itself would tidy up what the next service is to find."""
    with tempfile.TemporaryDirectory() as folder:
        for file in (database, database.with_name(f"{database.name}-wal")):
            if file.exists():
                shutil.copy(file, folder)
        with contextlib.closing(sqlite3.connect(Path(folder, database.name))) as connection:
            rows = connection.execute("SELECT request_id, state FROM events").fetchall()
    running = frozenset(name for name, state in rows if state == EventState.RUNNING)
    return running, frozenset(name for name, state in rows if state == EventState.DELIVERING)


def _write_project(project: Project, plan: Plan, target: AwsServer) -> None:
    settings = [
        f"durability: {plan.durability}",
        f"max_environments: {plan.environments}",
        f"services: {{sqs: '{target.address}'}}",
        "functions:",
    ]
    project.write("lam.yaml", "\n".join(settings) + "\n")
    project.function("tells", CODE, "timeout: 30")


def _request_id(record: str) -> str:
    request_id: str = json.loads(record)["requestContext"]["requestId"]
    return request_id
