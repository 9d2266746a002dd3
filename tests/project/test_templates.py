"""Each template's own tests pass, with the toolchain a developer would use."""

from __future__ import annotations

import http.server
import json
import os
import queue
import shutil
import subprocess
import sys
import threading

import pytest

from lambdacli.project import resources
from lambdacli.project.scaffold import TEMPLATES, create_function_files

DEADLINE_SECONDS = 60

COMMANDS = {
    "python": [sys.executable, "-B", "-m", "unittest"],
    "nodejs": ["node", "--test"],
    "ruby": ["ruby", "test_lambda_function.rb"],
    "custom": ["sh", "test.sh"],
}


def need(program: str) -> None:
    if shutil.which(program) is None:
        reason = f"{program} is not installed"
        pytest.fail(reason) if os.environ.get("LAM_TEST_COMPLETE") == "1" else pytest.skip(reason)


@pytest.mark.real
@pytest.mark.parametrize("template", TEMPLATES)
def test_the_templates_own_test_passes(tmp_path, template):
    command = COMMANDS[template]
    need(command[0])
    create_function_files(tmp_path, "demo", template)
    done = subprocess.run(
        command, cwd=tmp_path / "demo", capture_output=True, text=True, timeout=DEADLINE_SECONDS
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_commands_are_those_that_lam_init_tells():
    told = {name: template.test_command.split()[1:] for name, template in TEMPLATES.items()}
    assert told == {
        name: [word for word in command[1:] if word != "-B"] for name, command in COMMANDS.items()
    }


class RuntimeApi(http.server.BaseHTTPRequestHandler):
    """As much of Lambda's Runtime API as a loop needs: events from a queue, then no answer."""

    events: queue.SimpleQueue[str]
    posts: queue.SimpleQueue[tuple[str, str, object]]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.events.empty():
            # Closed without an answer: the loop's own end.
            self.close_connection = True
            return
        body = self.events.get().encode()
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "id-1")
        self.send_header("Lambda-Runtime-Trace-Id", "Root=1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        path = self.path.removeprefix("/2018-06-01/runtime/")
        self.posts.put((path, self.headers["Content-Type"], json.loads(body)))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Test output stays quiet."""


@pytest.fixture
def runtime_api():
    handler = type("Handler", (RuntimeApi,), {"events": queue.SimpleQueue(), "posts": queue.SimpleQueue()})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"127.0.0.1:{server.server_port}", handler
        server.shutdown()
        thread.join()


@pytest.mark.real
@pytest.mark.parametrize(
    ("handler", "added", "expected"),
    [
        (
            "function.handler",
            "",
            ("invocation/id-1/response", "application/json", {"message": "Hello, value1!"}),
        ),
        (
            "function.fails",
            "fails() { exit 3; }\n",
            (
                "invocation/id-1/error",
                "application/json",
                {"errorMessage": "fails failed with status 3", "errorType": "HandlerFailed"},
            ),
        ),
        (
            "gone.handler",
            "",
            (
                "init/error",
                "application/json",
                {"errorMessage": "there is no file gone.sh", "errorType": "Runtime.NoSuchHandler"},
            ),
        ),
    ],
)
def test_the_custom_templates_bootstrap_speaks_the_runtime_api(
    tmp_path, runtime_api, handler, added, expected
):
    need("curl")
    address, api = runtime_api
    create_function_files(tmp_path, "demo", "custom")
    folder = tmp_path / "demo"
    with (folder / "function.sh").open("a") as file:
        file.write(added)
    api.events.put((folder / "events" / "event.json").read_text())
    environment = {
        "PATH": os.environ["PATH"],
        "TMPDIR": str(tmp_path),
        "AWS_LAMBDA_RUNTIME_API": address,
        "LAMBDA_TASK_ROOT": str(folder),
        "_HANDLER": handler,
    }
    done = subprocess.run(
        [str(folder / "bootstrap")], env=environment, capture_output=True, timeout=DEADLINE_SECONDS
    )
    assert done.returncode == 1
    assert api.posts.get(timeout=DEADLINE_SECONDS) == expected
    assert api.posts.empty()
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]


@pytest.mark.parametrize("place", ["package/templates", "templates"])
def test_templates_are_found_in_a_wheel_and_in_a_checkout(tmp_path, monkeypatch, place):
    (tmp_path / place).mkdir(parents=True)
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "package")
    assert resources.resource_folder("templates") == tmp_path / place
