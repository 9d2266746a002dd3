"""The process of the neighbour services: moto behind a unix socket, whose calls to Lambda go to lam."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import logging
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lambdacli import __version__
from lambdacli.model import neighbours as model
from lambdacli.service.lam_behind import LamBehind
from lambdacli.service.neighbour_requests import ACCOUNT_HEADER, DEFAULT_ACCOUNT_HEADER, refusal
from lambdacli.wire.messages import Peer, Request

logger = logging.getLogger("lam.neighbours")

LOCK_SECONDS = 5.0
ORPHAN_SECONDS = 30 * 60.0
LOOK_SECONDS = 10.0

_SCHEDULING = re.compile(r"/(events|scheduler|cloudformation)/aws4_request")
"""Whose requests may make, change and remove schedules."""

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m lambdacli.service.neighbours_program")
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("--socket", type=Path, required=True)
    given = parser.parse_args(arguments)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    logger.setLevel(logging.INFO)
    # Werkzeug logs every request.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with _only_one(given.state_dir):
        _serve(given.state_dir, given.socket)
    return 0


@contextlib.contextmanager
def _only_one(state: Path) -> Any:
    model.record_file(state).unlink(missing_ok=True)
    descriptor = os.open(model.lock_file(state), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            # Who only asks whether it is held holds it for that moment.
            if time.monotonic() > deadline:
                raise SystemExit("other neighbour services run for this state folder") from None
            time.sleep(0.01)
    yield
    # The lock goes with the process.


def _serve(state: Path, path: Path) -> None:
    from moto import __version__ as moto_version
    from werkzeug.serving import ThreadedWSGIServer

    from lambdacli.service import moto_seams

    lam = LamBehind(state)
    moto_seams.lead_to(lam)
    front = _Front(lam, moto_seams.note_trace, moto_seams.schedules_of_functions)
    handler = moto_seams.request_handler()
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        path.chmod(0o600)  # nobody can connect before it listens
        listener.listen(1024)
        server = ThreadedWSGIServer(f"unix://{path}", 0, front, handler, fd=listener.fileno())
        server.daemon_threads = True
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        moment = datetime.now(UTC).isoformat(timespec="seconds")
        model.write_record(state, model.Neighbours(os.getpid(), str(path), __version__, moto_version, moment))
        threading.Thread(target=_end_when_orphaned, args=(state, lam, front), daemon=True).start()
        _say_ready()
        try:
            server.serve_forever(poll_interval=3600)
        finally:
            path.unlink(missing_ok=True)
            model.record_file(state).unlink(missing_ok=True)
            # Threads that still answer hold nothing that must be saved.
            logging.shutdown()
            os._exit(0)


def _say_ready() -> None:
    """To the starter's pipe; from now on what moto prints is for the log."""
    os.write(1, b"\n")
    os.dup2(2, 1)


def _end_when_orphaned(state: Path, lam: LamBehind, front: _Front) -> None:
    """A service that was killed and is never started again must not leave this process for ever."""
    lam_seen_at = time.monotonic()
    while True:
        time.sleep(LOOK_SECONDS)
        now = time.monotonic()
        if lam.is_there():
            lam_seen_at = now
            front.tell_schedules()  # it may be another one than before
        if not state.exists() or now - max(lam_seen_at, front.asked_at) > ORPHAN_SECONDS:
            logger.info("no lam service is here any more")
            os.kill(os.getpid(), signal.SIGTERM)
            return


class _Front:
    """Before moto's own application: whose request it is, and services that moto does not have."""

    def __init__(
        self,
        lam: LamBehind,
        note_trace: Callable[[str | None], None],
        schedules: Callable[[], list[dict[str, Any]]],
    ) -> None:
        """`note_trace` hears of each request's trace header in the thread that answers it."""
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

        self._application = DomainDispatcherApplication(create_backend_app)
        self._lam = lam
        self._note_trace = note_trace
        self._schedules = schedules
        self._may_have_schedules = False
        self._telling = threading.Lock()
        self.asked_at = time.monotonic()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.asked_at = time.monotonic()
        self._lam.note_port()
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = _account(environ)
        self._note_trace(environ.get("HTTP_X_AMZN_TRACE_ID"))
        try:
            application: Application = self._application.get_application(environ)
        except Exception:
            logger.exception("no service of moto takes %s", environ.get("PATH_INFO"))
            return _unknown_service(environ, start_response)
        answer = application(environ, start_response)
        if _SCHEDULING.search(environ.get("HTTP_AUTHORIZATION", "")):
            self._may_have_schedules = True
            self.tell_schedules()
        return answer

    def tell_schedules(self) -> None:
        # Until somebody speaks to these services, they are not even loaded.
        if self._may_have_schedules:
            with self._telling:
                self._lam.tell_schedules(self._schedules())


def _account(environ: dict[str, Any]) -> str:
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.iam.models import get_account_id_from

    selected: str = environ.get(_variable(ACCOUNT_HEADER), "")
    if selected:
        return selected
    authorization = environ.get("HTTP_AUTHORIZATION", "")
    access_key = authorization.partition("Credential=")[2].partition("/")[0]
    found: str = get_account_id_from(access_key)
    default: str = environ.get(_variable(DEFAULT_ACCOUNT_HEADER), DEFAULT_ACCOUNT_ID)
    return default if found == DEFAULT_ACCOUNT_ID else found


def _variable(header: str) -> str:
    return "HTTP_" + header.upper().replace("-", "_")


def _unknown_service(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    headers = {"content-type": environ.get("CONTENT_TYPE", "")}
    request = Request(environ["REQUEST_METHOD"], environ["PATH_INFO"], "", headers, b"", Peer(is_unix=True))
    message = "The neighbour services of lam (moto) have no such service."
    answer = refusal(request, "", 501, "NotImplemented", message)
    start_response("501 Not Implemented", list(answer.headers.items()))
    assert isinstance(answer.body, bytes)
    return [answer.body]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
