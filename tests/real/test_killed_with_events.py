"""`kill -9` while events are sent and run: whatever got its 202 is executed, by this service or the next."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import socketserver
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.real.house import Project, is_alive, opened, wait_until
from tests.real.random_writes import HEADERS

pytestmark = pytest.mark.real

KILLS = int(os.environ.get("LAM_CRASH_KILLS", "4"))
EVENTS = int(os.environ.get("LAM_CRASH_EVENTS", "800"))
SENDERS = 8
ENVIRONMENTS = 4

CODE = """
import socket


def handler(event, context):
    with socket.create_connection(("127.0.0.1", event["port"]), 10) as told:
        told.sendall(f"{event['id']} {context.aws_request_id}\\n".encode())
        told.recv(1)
"""


class Listener:
    """Outlives every service: the function tells it what it ran."""

    def __init__(self) -> None:
        self.heard: Counter[str] = Counter()
        self.request_ids: dict[str, set[str]] = {}
        self.port = 0
        self._lock = threading.Lock()

    def hear(self, line: str) -> None:
        name, request_id = line.split()
        with self._lock:
            self.heard[name] += 1
            self.request_ids.setdefault(name, set()).add(request_id)


@contextmanager
def listening() -> Iterator[Listener]:
    listener = Listener()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            line = self.rfile.readline().decode()
            if line.endswith("\n"):
                listener.hear(line)
                self.wfile.write(b".")

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, request, client_address) -> None:
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


class Sender:
    """Sends events of its own until the service is gone; knows which got their 202."""

    def __init__(self, number: int, target_port: int) -> None:
        self.number = number
        self.target_port = target_port
        self.sent = 0
        self.accepted: list[str] = []

    def run(self, port: int, count: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            for _ in range(count):
                self._send(connection)
        except (OSError, http.client.HTTPException):
            return
        finally:
            connection.close()

    def _send(self, connection: http.client.HTTPConnection) -> None:
        self.sent += 1
        name = f"{self.number}-{self.sent}"
        connection.request(
            "POST",
            "/2015-03-31/functions/tells/invocations",
            json.dumps({"id": name, "port": self.target_port}),
            {**HEADERS, "X-Amz-Invocation-Type": "Event"},
        )
        response = connection.getresponse()
        response.read()
        assert response.status == 202, response.status
        self.accepted.append(name)


@pytest.mark.parametrize("durability", ["process", "full"])
def test_every_event_with_a_202_is_executed_however_often_the_service_is_killed(tmp_path, durability):
    seed = int(os.environ.get("LAM_CRASH_SEED", "0")) or random.randrange(1, 1 << 32)
    print(f"LAM_CRASH_SEED={seed}")
    chance = random.Random(seed)
    with listening() as listener, opened(tmp_path) as project:
        project.write("lam.yaml", f"durability: {durability}\nmax_environments: {ENVIRONMENTS}\nfunctions:\n")
        project.function("tells", CODE, "timeout: 30")
        senders = [Sender(number, listener.port) for number in range(SENDERS)]
        for _ in range(KILLS):
            _send_until_killed(project, senders, chance)
        project.start()
        accepted = [name for sender in senders for name in sender.accepted]
        wait_until(lambda: all(listener.heard[name] for name in accepted), "every event is executed", 60)
        duplicates = [name for name in accepted if listener.heard[name] > 1]
        print(f"{len(accepted)} accepted, 0 lost, {len(duplicates)} executed twice")
        # Only what ran at a kill runs again; its answer may also have been on its way to the disk.
        assert len(duplicates) <= KILLS * 2 * ENVIRONMENTS
        assert all(len(listener.request_ids[name]) == 1 for name in accepted)


def _send_until_killed(project: Project, senders: list[Sender], chance: random.Random) -> None:
    project.start()
    before = sum(len(sender.accepted) for sender in senders)
    port, pid = project.port, project.service_pid
    with ThreadPoolExecutor(SENDERS) as pool:
        share = EVENTS // KILLS // SENDERS
        running = [pool.submit(sender.run, port, share) for sender in senders]
        wanted = before + chance.randrange(EVENTS // KILLS * 9 // 10)
        wait_until(
            lambda: (
                sum(len(sender.accepted) for sender in senders) >= wanted
                or all(future.done() for future in running)
            ),
            "events are accepted",
            60,
        )
        os.kill(pid, signal.SIGKILL)
        for future in running:
            future.result()
    wait_until(lambda: not is_alive(pid), "the service is gone")
