"""One walk for every runtime: start, invoke, handler error, timeout, crash, init error, stop.

A language says how its function does each; what a caller sees is the same for all."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.real.functions_house import House
from tests.real.toolchains import missing, need

SHELL = """\
#!/bin/sh
api="http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime"
heads=$(mktemp)
if [ "$_HANDLER" = start.fails ]; then
  curl -sS -X POST "$api/init/error" -H "Lambda-Runtime-Function-Error-Type: Runtime.Sick" \\
    -d '{"errorMessage":"no start","errorType":"Runtime.Sick"}' >/dev/null
  exit 1
fi
count=0
while :; do
  event=$(curl -sS -D "$heads" "$api/invocation/next") || exit 1
  id=$(grep -i '^lambda-runtime-aws-request-id:' "$heads" | tr -d ' \\r' | cut -d: -f2)
  count=$((count + 1))
  echo "working"
  case "$event" in
    *fails*)
      curl -sS "$api/invocation/$id/error" -d '{"errorMessage":"boom","errorType":"Boom"}' >/dev/null ;;
    *sleeps*) sleep 60 ;;
    *crashes*) exit 7 ;;
    *) curl -sS "$api/invocation/$id/response" -d "{\\"count\\":$count}" >/dev/null ;;
  esac
done
"""

SYSTEM_PYTHON = shutil.which("python3", path="/usr/local/bin:/usr/bin:/bin")
"""What a runtime of one's own finds behind walls too, where nobody's private interpreter is shown."""

PYTHON_LOOP = (
    f"#!{SYSTEM_PYTHON}\n"
    + """\
import http.client, json, os, time

api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
PREFIX = "/2018-06-01/runtime/"


def call(method, path, body=None, headers={}):
    api.request(method, PREFIX + path, body, headers)
    answer = api.getresponse()
    return answer.headers, answer.read()


if os.environ["_HANDLER"] == "start.fails":
    error = json.dumps({"errorMessage": "no start", "errorType": "Runtime.Sick"})
    call("POST", "init/error", error, {"Lambda-Runtime-Function-Error-Type": "Runtime.Sick"})
    raise SystemExit(1)
count = 0
while True:
    headers, event = call("GET", "invocation/next")
    request = "invocation/" + headers["Lambda-Runtime-Aws-Request-Id"]
    count += 1
    print("working", flush=True)
    what = json.loads(event).get("do")
    if what == "fails":
        call("POST", request + "/error", json.dumps({"errorMessage": "boom", "errorType": "Boom"}))
    elif what == "sleeps":
        time.sleep(60)
    elif what == "crashes":
        os._exit(7)
    else:
        call("POST", request + "/response", json.dumps({"count": count}))
"""
)

COMPILED = r"""
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char buffer[65536];

static char *call(const char *method, const char *path, const char *more, const char *body) {
  char host[64], request[4096];
  strncpy(host, getenv("AWS_LAMBDA_RUNTIME_API"), sizeof host - 1);
  char *colon = strchr(host, ':');
  *colon = 0;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(colon + 1))};
  inet_pton(AF_INET, host, &address.sin_addr);
  int connection = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(connection, (struct sockaddr *)&address, sizeof address) < 0) exit(1);
  int size = snprintf(request, sizeof request,
      "%s /2018-06-01/runtime/%s HTTP/1.1\r\nHost: localhost\r\n"
      "Connection: close\r\n%sContent-Length: %zu\r\n\r\n%s",
      method, path, more, strlen(body), body);
  if (write(connection, request, size) != size) exit(1);
  int length = 0, piece;
  while ((piece = read(connection, buffer + length, sizeof buffer - 1 - length)) > 0) length += piece;
  close(connection);
  buffer[length] = 0;
  return buffer;
}

int main(void) {
  if (strcmp(getenv("_HANDLER"), "start.fails") == 0) {
    call("POST", "init/error", "Lambda-Runtime-Function-Error-Type: Runtime.Sick\r\n",
         "{\"errorMessage\":\"no start\",\"errorType\":\"Runtime.Sick\"}");
    return 1;
  }
  for (int count = 1;; count++) {
    char id[64], path[128], answer[64];
    char *event = call("GET", "invocation/next", "", "");
    char *header = strcasestr(event, "Lambda-Runtime-Aws-Request-Id:");
    if (header == NULL || sscanf(strchr(header, ':') + 1, " %63s", id) != 1) return 1;
    printf("working\n");
    fflush(stdout);
    if (strstr(event, "fails")) {
      snprintf(path, sizeof path, "invocation/%s/error", id);
      call("POST", path, "", "{\"errorMessage\":\"boom\",\"errorType\":\"Boom\"}");
    } else if (strstr(event, "sleeps")) {
      sleep(60);
    } else if (strstr(event, "crashes")) {
      _exit(7);
    } else {
      snprintf(path, sizeof path, "invocation/%s/response", id);
      snprintf(answer, sizeof answer, "{\"count\":%d}", count);
      call("POST", path, "", answer);
    }
  }
}
"""


@dataclass(frozen=True)
class Language:
    runtime: str
    files: Mapping[str, str]
    handler: str = "app.handler"
    broken_handler: str = "start.fails"
    error: tuple[str, str] = ("Boom", "boom")
    init_error: tuple[str, str] = ("Runtime.Sick", "no start")
    crash_status: int = 7
    programs: tuple[str, ...] = ()
    compiled: tuple[str, ...] = field(default=())
    """Names of C sources that become `bootstrap`."""


NODE_ACTS = """let count = 0;
HEAD = async (event) => {
  count += 1;
  console.log("working");
  if (event.do === "fails") throw Object.assign(new Error("boom"), { name: "Boom" });
  if (event.do === "sleeps") await new Promise((go) => setTimeout(go, 60000));
  if (event.do === "crashes") process.exit(7);
  return { count };
};
"""
NODE_START = ("RangeError", "no start")

LANGUAGES = {
    "python": Language(
        f"python{sys.version_info.major}.{sys.version_info.minor}",
        {
            "app.py": "import os, time\ncount = 0\nclass Boom(Exception): pass\n"
            "def handler(event, context):\n    global count\n    count += 1\n    print('working')\n"
            "    what = event.get('do')\n    if what == 'fails': raise Boom('boom')\n"
            "    if what == 'sleeps': time.sleep(60)\n    if what == 'crashes': os._exit(7)\n"
            "    return {'count': count}\n",
            "start.py": "raise ValueError('no start')\n",
        },
        init_error=("ValueError", "no start"),
    ),
    "nodejs-commonjs": Language(
        "nodejs22.x",
        {
            "app.js": NODE_ACTS.replace("HEAD", "exports.handler"),
            "start.js": "throw new RangeError('no start');",
        },
        init_error=NODE_START,
        programs=("node",),
    ),
    "nodejs-module": Language(
        "nodejs24.x",
        {
            "app.mjs": NODE_ACTS.replace("HEAD", "export const handler"),
            "start.mjs": "throw new RangeError('no start');",
        },
        init_error=NODE_START,
        programs=("node",),
    ),
    "ruby": Language(
        "ruby3.4",
        {
            "app.rb": "$count = 0\nclass Boom < StandardError; end\n"
            "def handler(event:, context:)\n"
            "  $count += 1\n  puts 'working'\n  case event['do']\n  when 'fails' then raise Boom, 'boom'\n"
            "  when 'sleeps' then sleep 60\n  when 'crashes' then exit!(7)\n  end\n"
            "  { count: $count }\nend\n",
            "start.rb": "raise RangeError, 'no start'\n",
        },
        error=("Function<Boom>", "boom"),
        init_error=("Init<RangeError>", "no start"),
        programs=("ruby",),
    ),
    "shell": Language("provided.al2023", {"bootstrap": SHELL}, programs=("curl",)),
    "script": Language(
        "provided.al2", {"bootstrap": PYTHON_LOOP}, programs=(SYSTEM_PYTHON or "/usr/bin/python3",)
    ),
    "binary": Language(
        "provided.al2023", {"bootstrap.c": COMPILED}, programs=("cc",), compiled=("bootstrap.c",)
    ),
}


def functions_of(name: str) -> dict[str, dict[str, object]]:
    language = LANGUAGES[name]
    # A whole processor: what begins anew within an invocation has only the function's own time for it.
    common: dict[str, object] = {
        "runtime": language.runtime,
        "timeout": 2,
        "memory": 1769,
        "code": name,
    }
    return {
        name: {**common, "handler": language.handler},
        f"{name}-broken": {**common, "handler": language.broken_handler},
    }


def files_of(name: str) -> dict[str, str]:
    return {f"{name}/{file}": text for file, text in LANGUAGES[name].files.items()}


def prepare(name: str, folder: Path) -> None:
    """Checks the toolchain, and compiles what is to be compiled into the code's folder."""
    language = LANGUAGES[name]
    need(*language.programs)
    for source in language.compiled:
        compiler = shutil.which("cc")
        assert compiler is not None
        words = [compiler, "-D_GNU_SOURCE", "-w", "-o", str(folder / "bootstrap"), str(folder / source)]
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode != 0:
            missing(f"a working C compiler ({done.stderr.strip()[-200:]})")


def walk(house: House, name: str) -> None:
    language = LANGUAGES[name]
    # start, invoke
    for count in (1, 2):
        answer = house.invoke(name, {})
        assert (answer.json, answer.function_error) == ({"count": count}, None), answer.log
        assert "working" in answer.log
    # an error of the handler keeps the environment
    failed = house.invoke(name, {"do": "fails"})
    told = (failed.json["errorType"], failed.json["errorMessage"], failed.function_error)
    assert told == (*language.error, "Unhandled")
    assert house.invoke(name, {}).json == {"count": 4}
    # a timeout does not
    slow = house.invoke(name, {"do": "sleeps"})
    assert slow.plain(slow.payload.decode()) == (
        '{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: <id> Error: '
        'Task timed out after 2.00 seconds"}'
    )
    assert house.invoke(name, {}).json == {"count": 1}
    # nor a crash
    crashed = house.invoke(name, {"do": "crashes"})
    assert crashed.plain(crashed.payload.decode()) == (
        '{"errorType":"Runtime.ExitError","errorMessage":"RequestId: <id> Error: '
        f'Runtime exited with error: exit status {language.crash_status}"}}'
    )
    assert house.invoke(name, {}).json == {"count": 1}
    # a start that fails
    broken = house.invoke(f"{name}-broken", {})
    told = (broken.json["errorType"], broken.json["errorMessage"], broken.function_error)
    assert told == (*language.init_error, "Unhandled")
    assert broken.log.count("INIT_REPORT") == 2
    # stop: the house sees that nothing is left
