"""Function URLs that stream: the head from the prelude, each piece when it is written, and bad ends."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Iterator

import pytest
from house import PYTHON_RUNTIME, Project, opened, wait_until

from tests.real.streams_house import gate
from tests.real.toolchains import need

pytestmark = [pytest.mark.real, pytest.mark.slow]

NODE = r"""
const { HttpResponseStream } = awslambda;
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  const path = event.rawPath;
  if (path === "/page") {
    const headers = { "content-type": "text/html", "x-a": "b" };
    const head = { statusCode: 201, headers, cookies: ["a=1", "b=2"] };
    stream = HttpResponseStream.from(stream, head);
    stream.write("<h1>");
    stream.end("hello</h1>");
    return;
  }
  if (path === "/fails") throw new TypeError("at once");
  const ofEvents = { headers: { "content-type": "text/event-stream" } };
  if (path === "/events") stream = HttpResponseStream.from(stream, ofEvents);
  else stream.setContentType("text/plain");
  stream.write("data: one\n\n");
  if (path === "/events") {
    const gate = require("node:net").connect(Number(event.queryStringParameters.port), "127.0.0.1");
    await new Promise((go) => gate.once("data", go));
    gate.destroy();
  }
  if (path === "/late") {
    await new Promise((go) => setTimeout(go, 50));
    throw new TypeError("late");
  }
  if (path === "/large") {
    const piece = Buffer.alloc(65536, 120);
    for (let i = 0; i < 160; i++) {
      if (!stream.write(piece)) await new Promise((go) => stream.once("drain", go));
    }
  }
  stream.end("data: two\n\n");
});
"""
PLAIN = "def handler(event, context):\n    return {'statusCode': 418, 'body': 'tea'}\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    need("node")
    url = "url: {invoke_mode: RESPONSE_STREAM, cors: true}"
    with opened(tmp_path_factory.mktemp("streams")) as project:
        project.write("node/app.js", NODE)
        project.write("plain/app.py", PLAIN)
        project.write(
            "lam.yaml",
            "stream_bandwidth: unlimited\nfunctions:\n"
            f"  node: {{runtime: nodejs22.x, handler: app.handler, code: node, timeout: 20, {url}}}\n"
            f"  plain: {{runtime: {PYTHON_RUNTIME}, handler: app.handler, code: plain, {url}}}\n",
        )
        project.start()
        yield project


@contextlib.contextmanager
def asked(
    project: Project, path: str, function: str = "node", method: str = "GET"
) -> Iterator[http.client.HTTPResponse]:
    told = json.loads(project.lam("status", "--json").stdout)["urls"]
    (url,) = [each["url"] for each in told if each["function"] == function]
    connection = http.client.HTTPConnection("127.0.0.1", project.port, timeout=20)
    host = url.removeprefix("http://").strip("/")
    connection.request(method, path, headers={"Host": host, "Origin": "http://localhost:5173"})
    with contextlib.closing(connection), connection.getresponse() as answer:
        yield answer


def test_the_prelude_is_the_head(project: Project) -> None:
    with asked(project, "/page") as answer:
        assert (answer.status, answer.read()) == (201, b"<h1>hello</h1>")
        assert answer.headers["content-type"] == "text/html"
        assert answer.headers["x-a"] == "b"
        assert answer.headers.get_all("set-cookie") == ["a=1", "b=2"]
        assert answer.headers["transfer-encoding"] == "chunked"
        assert answer.headers["access-control-allow-origin"] == "*"


def test_a_stream_without_prelude_has_its_content_type(project: Project) -> None:
    with asked(project, "/") as answer:
        assert (answer.status, answer.read()) == (200, b"data: one\n\ndata: two\n\n")
        assert answer.headers["content-type"] == "text/plain"


def test_each_piece_comes_when_it_is_written(project: Project) -> None:
    with gate() as door, asked(project, f"/events?port={door.port}") as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        assert answer.read1() == b"data: one\n\n"
        door.open()
        assert answer.read() == b"data: two\n\n"


def test_a_large_stream_arrives_whole(project: Project) -> None:
    with asked(project, "/large") as answer:
        assert len(answer.read()) == 160 * 65536 + 22


def test_a_function_that_fails_before_its_first_byte_is_a_bad_gateway(project: Project) -> None:
    with asked(project, "/fails") as answer:
        assert (answer.status, answer.read()) == (502, b"Internal Server Error")


def test_a_function_that_fails_later_cuts_its_answer(project: Project) -> None:
    with asked(project, "/late") as answer:
        assert answer.status == 200
        with pytest.raises(http.client.IncompleteRead):
            answer.read()


def test_head_hears_the_head_only(project: Project) -> None:
    with asked(project, "/page", method="HEAD") as answer:
        assert (answer.status, answer.read()) == (201, b"")


def test_what_is_not_streamed_is_sent_as_it_is(project: Project) -> None:
    with asked(project, "/", "plain") as answer:
        assert (answer.status, json.loads(answer.read())) == (200, {"statusCode": 418, "body": "tea"})


def test_a_client_that_leaves_does_not_stop_the_function(project: Project) -> None:
    with gate() as door:
        with asked(project, f"/events?port={door.port}&left=1") as answer:
            answer.read1()
        wait_until(lambda: "left=1 200" in project.log_text(), "a line of the request that was left")
        door.open()
    with asked(project, "/page") as answer:
        assert answer.status == 201
