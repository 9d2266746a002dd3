"""What a function that works gets to see, and what its caller gets back: variables, context, log, search
paths."""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import subprocess
import sys
import time
import urllib.parse
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import uv

from lambdacli.service.sessions import account_of_access_key
from tests.real.functions_house import INTERPRETERS, VERSION, House, open_house, wait_until

pytestmark = pytest.mark.real

MODULE = """\
import json, logging, os, subprocess, sys, tempfile, time

INITIAL = dict(os.environ)


def sees(event, context):
    return {"initial": INITIAL, "now": dict(os.environ)}


def echo(event, context):
    return event


def places(event, context):
    return {
        "cwd": os.getcwd(), "path": sys.path, "temporary": tempfile.gettempdir(), "argv": sys.argv,
        "executable": sys.executable, "version": list(sys.version_info[:2]), "file": __file__,
        "umask": os.umask(0o22), "stdin": sys.stdin.read(), "group": os.getpgid(0) == os.getpid(),
        "command": open("/proc/self/cmdline").read(),
    }


def identity(event, context):
    import grp, pwd, resource, socket
    seen = {"uid": os.getuid(), "pid": os.getpid(), "parent": os.getppid(), "host": socket.gethostname()}
    user = pwd.getpwuid(os.getuid())
    seen |= {"user": user.pw_name, "home": user.pw_dir}
    try:
        seen["group"] = grp.getgrgid(os.getgid()).gr_name
    except KeyError:
        seen["group"] = None
    seen["api"] = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")[0]
    seen["hosts"] = {}
    for line in open("/etc/hosts"):
        address, *known = line.split("#")[0].split() or [""]
        for name in known:
            if "sandbox" in name:
                seen["hosts"][name] = address
    seen["processes"] = sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
    mounts = {line.split()[1]: line.split()[2] for line in open("/proc/self/mounts")}
    seen["tmp"] = [mounts.get("/tmp"), os.stat("/tmp").st_mode & 0o7777]
    folders = ["/", "/etc", "/opt", "/run", "/tmp", "/usr", "/var", "/var/lang", "/var/runtime", "/var/task"]
    seen["writable"] = [folder for folder in folders if os.access(folder, os.W_OK)]
    limits = [resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC]
    seen["limits"] = [resource.getrlimit(each) for each in limits]
    return seen


def context(event, context):
    client = context.client_context
    return {
        "aws_request_id": context.aws_request_id,
        "function_name": context.function_name,
        "function_version": context.function_version,
        "invoked_function_arn": context.invoked_function_arn,
        "memory_limit_in_mb": context.memory_limit_in_mb,
        "log_group_name": context.log_group_name,
        "log_stream_name": context.log_stream_name,
        "tenant_id": context.tenant_id,
        "identity": [context.identity.cognito_identity_id, context.identity.cognito_identity_pool_id],
        "client_context": client and {
            "custom": client.custom, "env": client.env, "title": client.client.app_title,
            "package": client.client.app_package_name,
        },
        "remaining": context.get_remaining_time_in_millis(),
        "trace": os.environ.get("_X_AMZN_TRACE_ID"),
    }


def remains(event, context):
    before = context.get_remaining_time_in_millis()
    time.sleep(0.2)
    return [before, context.get_remaining_time_in_millis()]


def logs(event, context):
    logging.getLogger().setLevel("DEBUG")
    print("one")
    logging.debug("two")
    print("three", file=sys.stderr)
    logging.info("four\\nand a half")
    print("five\\nsix")
    logging.warning("seven")
    logging.error("eight")
    logging.critical("nine")
    os.write(1, b"ten")
    os.write(1, b" and eleven\\n")
    logging.getLogger("own").warning("twelve %s", {"a": 1})
    print("thirteen", end="")
    context.log("fourteen\\n")
    subprocess.run(["/bin/echo", "fifteen"])
    print("sixteen é ü \\u2028")


def stays_quiet_below_warning(event, context):
    logging.info("not shown")
    logging.warning("shown")


def nothing(event, context):
    pass


def logs_much(event, context):
    for number in range(1000):
        print("line %04d" % number)


def logs_a_long_line(event, context):
    print("a" * 10000 + "end")


def imports(event, context):
    found = {}
    for name in event:
        try:
            if name == "which_layer":
                found[name] = __import__("from_layer").NAME
                continue
            module = __import__(name)
            found[name] = getattr(module, "__file__", None)
        except ImportError:
            found[name] = None
    return found


def runs(event, context):
    done = subprocess.run(event, capture_output=True, text=True)
    return [done.returncode, done.stdout, done.stderr]


def fails_quietly(event, context):
    raise ValueError(event)
"""

WRAPPER = """\
#!/bin/sh
echo "wrapped: $# $(basename "$1") $(basename "$2")"
export WRAPPED=yes
exec "$@"
"""

SHELL_RUNTIME = """\
#!/bin/sh
set -eu
. "$LAMBDA_TASK_ROOT/$(echo "$_HANDLER" | cut -d. -f1).sh"
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
while true; do
  headers=$(mktemp)
  event=$(curl -sS -LD "$headers" "$api/next")
  id=$(grep -Fi Lambda-Runtime-Aws-Request-Id "$headers" | tr -d '[:space:]' | cut -d: -f2)
  answer=$($(echo "$_HANDLER" | cut -d. -f2) "$event")
  curl -sS -o /dev/null -d "$answer" "$api/$id/response"
done
"""

FILES = {
    "code/app.py": MODULE,
    "code/loader.py": "import used_by_handler as used\n\n\ndef handler(event, context):\n    return used.A\n",
    "code/used_by_handler.py": "A = 'a module beside'\n",
    "code/wrap.sh": WRAPPER,
    "code/plain.txt": "no script\n",
    "layer/python/from_layer.py": "NAME = 'layer'\n",
    f"layer/python/lib/{VERSION}/site-packages/from_site.py": "NAME = 'site'\n",
    "layer/bin/layer-tool": "#!/bin/sh\necho from the layer\n",
    "layer/wrap.sh": WRAPPER,
    "second/python/from_layer.py": "NAME = 'second'\n",
    "with-requirements/app.py": MODULE,
    "with-requirements/requirements.txt": "iniconfig==2.0.0\n",
    "shell/bootstrap": SHELL_RUNTIME,
    "shell/function.sh": 'handler() { echo "noted: $1" >&2; echo "{\\"echo\\": $1}"; }\n',
    "shell/sees.sh": """handler() { printf '"'; env | tr '\\n"\\\\' '|..'; printf '"'; }\n""",
    "empty/readme.txt": "nothing to start\n",
    "not-executable/bootstrap": "echo never\n",
    "no-program/bootstrap": "#!/nowhere/at/all\n",
    "garbage/bootstrap": "#!\x01\x02",
    "no-format/bootstrap": "\x00\x01 no program\n",
}


def functions() -> dict[str, dict[str, object]]:
    names = re.findall(r"^def (\w+)\(event, context\)", MODULE, re.MULTILINE)
    found: dict[str, dict[str, object]] = {
        name.replace("_", "-"): {"handler": f"app.{name}", "timeout": 10} for name in names
    }
    found["sees"] |= {"memory": 256, "env": {"OWN": "a $HOME b", "TZ": "Europe/Rome", "LANG": "C"}}
    found["sees-plain"] = {"handler": "app.sees"}
    found["loader"] = {"handler": "loader.handler"}
    # The SDK is compiled when it is first imported; a share of a processor that 128 MB get would take long.
    layered: dict[str, object] = {"handler": "app.imports", "timeout": 20, "memory": 1769}
    found["imports"] = layered
    found["one-layer"] = {**layered, "layers": ["layer"]}
    found["two-layers"] = {**layered, "layers": ["layer", "second"]}
    found["layer-runs"] = {**layered, "handler": "app.runs", "layers": ["layer"]}
    found["own-path"] = {**layered, "layers": ["layer"], "env": {"PYTHONPATH": "own/path"}}
    found["venv"] = {**layered, "venv": "venv"}
    for name, wrapper in {
        "wrapped": "/var/task/wrap.sh",
        "wrapped-by-layer": "/opt/wrap.sh",
        "wrapper-missing": "/var/task/missing.sh",
        "wrapper-no-program": "/var/task/plain.txt",
    }.items():
        found[name] = {
            "handler": "app.sees",
            "timeout": 10,
            "layers": ["layer"],
            "env": {"AWS_LAMBDA_EXEC_WRAPPER": wrapper},
        }
    for name in ("first", "second"):
        found[f"requirements-{name}"] = {**layered, "code": "with-requirements"}
    for version in range(8, 16):
        found[f"python3-{version}"] = {
            "runtime": f"python3.{version}",
            "handler": "app.places",
            "timeout": 10,
        }
    for name in ("empty", "not-executable", "no-program", "garbage", "no-format"):
        found[name] = {"runtime": "provided.al2023", "code": name, "handler": "x"}
    found["shell"] = {"runtime": "provided.al2023", "code": "shell", "handler": "function.handler"}
    found["shell-sees"] = {"runtime": "provided.al2023", "code": "shell", "handler": "sees.handler"}
    found["java"] = {"runtime": "java21", "handler": "example.Handler::handle"}
    return found


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("success")
    site = folder / "venv" / "lib" / VERSION / "site-packages"
    site.mkdir(parents=True)
    (folder / "venv" / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (site / "only_in_venv.py").write_text("")
    # Variables of the developer's own shell, which no function may see.
    shell = {
        "MARKER_OF_THE_HOST": "1",
        "AWS_PROFILE": "default",
        "AWS_SESSION_TOKEN": "of the developer",
        "VIRTUAL_ENV": "/somewhere",
        "PYTHONSTARTUP": "/somewhere",
        "LD_PRELOAD": "",
        "TZ": "America/Lima",
    }
    (folder / "project").mkdir()
    (folder / "project" / "venv").symlink_to(folder / "venv")
    with open_house(folder / "project", functions(), FILES, variables=shell) as house:
        (house.folder / "no-format" / "bootstrap").chmod(0o755)
        yield house


# Variables


def variables_of(house: House, name: str, stream: str, api: str, more: dict[str, str]) -> dict[str, str]:
    """All that §5.1 of Lambda's documentation lists, at the places where these walls have them."""
    task, runtime = house.seen(house.folder / "code"), house.seen(house.state / "runtime" / "python")
    opt = house.seen(house.state / "runtime" / "opt")
    minor = int(VERSION.partition(".")[2])
    return {
        "_HANDLER": "app.sees",
        "_AWS_XRAY_DAEMON_ADDRESS": "169.254.100.1",
        "_AWS_XRAY_DAEMON_PORT": "2000",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": house.endpoint,
        "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": house.endpoint,
        "AWS_ENDPOINT_URL_LAMBDA": house.endpoint,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{VERSION}",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_LAMBDA_RUNTIME_API": api,
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "169.254.100.1:2000",
        "LAMBDA_TASK_ROOT": task,
        "LAMBDA_RUNTIME_DIR": runtime,
        "LANG": "en_US.UTF-8",
        "LD_LIBRARY_PATH": (
            f"/var/lang/lib:/lib64:/usr/lib64:{runtime}:{runtime}/lib:{task}:{task}/lib:{opt}/lib"
        ),
        "PATH": f"/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:{opt}/bin",
        "PWD": task,
        "PYTHONPATH": runtime,
        "SHLVL": "0",
        "TZ": ":UTC",
        **({"LC_CTYPE": "C.UTF-8"} if minor >= 12 else {}),
        **more,
    }


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("sees-plain", {}),
        (
            "sees",
            {
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
                "OWN": "a $HOME b",
                "TZ": "Europe/Rome",
                "LANG": "C",
            },
        ),
    ],
)
def test_variables_are_lambdas_and_nothing_of_the_host(house: House, name: str, more: dict[str, str]) -> None:
    answer = house.invoke(name).json
    seen = answer["initial"]
    if not house.is_walled:  # where /tmp is the machine's
        assert Path(seen.pop("TMPDIR")).parent == house.state / "tmp"
    # Python itself sets this one when it finds the C locale.
    if "LC_CTYPE" in seen and int(VERSION.partition(".")[2]) < 12:
        assert seen.pop("LC_CTYPE") == "C.UTF-8"
    api, stream = seen["AWS_LAMBDA_RUNTIME_API"], seen["AWS_LAMBDA_LOG_STREAM_NAME"]
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    access_key, secret, token = session = [seen[each] for each in names]
    assert account_of_access_key(access_key) == "000000000000"
    assert (len(secret), token[:4]) == (40, "lam-")
    others = {each: value for each, value in seen.items() if value not in session}
    assert others == variables_of(house, name, stream, api, more)
    assert re.fullmatch(r"127\.\d+\.\d+\.\d+:9001|127\.0\.0\.1:\d+", api)
    assert re.fullmatch(r"20\d\d/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", stream)
    added = answer["now"].keys() - answer["initial"].keys() - {"TMPDIR", "LC_CTYPE"}
    assert added == {"_X_AMZN_TRACE_ID"}


def test_own_runtimes_have_no_execution_environment(house: House) -> None:
    answer = house.invoke("shell-sees")
    names = {line.partition("=")[0] for line in answer.json.split("|")}
    assert {"_HANDLER", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "PATH"} <= names
    assert not {"AWS_EXECUTION_ENV", "PYTHONPATH", "_LAMBDA_TELEMETRY_LOG_FD", "HOME"} & names
    assert not {name for name in names if "MARKER" in name or name.startswith("_LAM_")}


def test_places(house: House) -> None:
    seen = house.invoke("places").json
    task = house.seen(house.folder / "code")
    assert (seen["cwd"], seen["file"]) == (task, f"{task}/app.py")
    assert seen["path"][:2] == [task, house.seen(house.state / "runtime" / "python")]
    if house.is_walled:
        assert {entry.split("/lib/")[0] for entry in seen["path"][2:]} == {"/var/lang"}
    assert not [entry for entry in seen["path"] if "site-packages" in entry or "dist-packages" in entry]
    assert seen["argv"] == [house.seen(house.state / "runtime" / "python" / "bootstrap.py")]
    assert (seen["umask"], seen["stdin"], seen["group"]) == (0o22, "", True)
    assert not (house.folder / "code" / "__pycache__").exists()
    assert seen["command"].split("\0")[-2:] == [*seen["argv"], ""]
    if house.is_walled:
        assert seen["temporary"] == "/tmp"
        assert Path(seen["executable"]).is_relative_to("/var/lang/bin")
    else:
        assert Path(seen["temporary"]).parent == house.state / "tmp"


def test_identity(house: House) -> None:
    seen = house.invoke("identity").json
    if not house.is_walled:
        assert seen["uid"] == os.getuid()
        return
    assert (seen["uid"], seen["user"], seen["home"]) == (993, "sbx_user1051", "/home/sbx_user1051")
    assert seen["group"] is None, "as on Lambda its number has no name"
    assert seen["host"] == "sandbox.localdomain"
    assert seen["hosts"] == {"sandbox.localdomain": seen["api"], "sandbox": seen["api"]}
    # One guardian, one runtime, and nobody else's.
    assert seen["processes"] == [1, seen["pid"]]
    assert seen["parent"] == 1
    assert seen["tmp"] == ["tmpfs", 0o1777]
    assert seen["writable"] == ["/tmp"]
    assert seen["limits"] == [[1024, 1024], [1025, 1025]]


# Context


def test_context_of_a_plain_invocation(house: House) -> None:
    answer = house.invoke("context")
    seen = answer.json
    assert 9_000 < seen.pop("remaining") <= 10_000
    trace = r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0;Lineage=1:[0-9a-f]{8}:0"
    assert re.fullmatch(trace, seen.pop("trace"))
    stream = seen.pop("log_stream_name")
    assert stream in {urllib.parse.unquote(stream) for stream, _ in house.events("context")}
    assert seen == {
        "aws_request_id": answer.request_id,
        "function_name": "context",
        "function_version": "$LATEST",
        "invoked_function_arn": "arn:aws:lambda:us-east-1:000000000000:function:context",
        "memory_limit_in_mb": "128",
        "log_group_name": "/aws/lambda/context",
        "tenant_id": None,
        "identity": [None, None],
        "client_context": None,
    }


def test_qualifier_is_a_part_of_the_invoked_arn(house: House) -> None:
    seen = house.invoke("context", Qualifier="$LATEST").json
    assert seen["invoked_function_arn"] == "arn:aws:lambda:us-east-1:000000000000:function:context:$LATEST"


def test_client_context_makes_the_round_trip(house: House) -> None:
    document = {
        "custom": {"ä": [1, None]},
        "env": {"locale": "de"},
        "client": {"app_title": "t", "app_package_name": "p"},
    }
    given = base64.b64encode(json.dumps(document).encode()).decode()
    seen = house.invoke("context", ClientContext=given).json["client_context"]
    assert seen == {"custom": {"ä": [1, None]}, "env": {"locale": "de"}, "title": "t", "package": "p"}
    done = house.lam("invoke", "context", "--client-context", json.dumps(document), "--payload", "{}")
    assert json.loads(done.stdout)["client_context"] == seen
    given = base64.b64encode(json.dumps(document, indent=2, ensure_ascii=False).encode()).decode()
    assert house.invoke("context", ClientContext=given).json["client_context"] == seen, "over several lines"


def test_remaining_time_falls_with_the_clock(house: House) -> None:
    before, after = house.invoke("remains").json
    assert 190 <= before - after <= 600


def test_trace_of_the_caller_reaches_the_function(house: House) -> None:
    status, headers, body = raw_invoke(
        house, "context", {"X-Amzn-Trace-Id": "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"}
    )
    assert status == 200
    came, _, lineage = json.loads(body)["trace"].partition(";Lineage=")
    assert came == "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"
    assert re.fullmatch("1:[0-9a-f]{8}:0", lineage)
    assert headers["x-amzn-trace-id"] == "root=1-5759e988-bd862e3fe1be46a994272793;sampled=1"


# Log


def test_log_events_in_the_order_in_which_they_were_written(house: House) -> None:
    answer = house.invoke("logs")
    record = rf"\t\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z\t{answer.request_id}\t"
    expected = [
        "INIT_START .*\n",
        rf"START RequestId: {answer.request_id} Version: \$LATEST\n",
        "one\n",
        rf"\[DEBUG\]{record}two\n",
        "three\n",
        rf"\[INFO\]{record}four\nand a half\n",
        "five\n",
        "six\n",
        rf"\[WARNING\]{record}seven\n",
        rf"\[ERROR\]{record}eight\n",
        rf"\[CRITICAL\]{record}nine\n",
        "ten and eleven\n",
        rf"\[WARNING\]{record}twelve \{{'a': 1\}}\n",
        "thirteenfourteen\n",
        "fifteen\n",
        "sixteen é ü \u2028\n",
        rf"END RequestId: {answer.request_id}\n",
        rf"REPORT RequestId: {answer.request_id}\t.*\n",
    ]
    messages = [message for _, message in house.events("logs")][: len(expected)]
    assert len(messages) == len(expected)
    for message, pattern in zip(messages, expected, strict=True):
        assert re.fullmatch(pattern, message), (message, pattern)


def test_root_logger_shows_warnings_and_worse(house: House) -> None:
    log = house.invoke("stays-quiet-below-warning").log
    assert "\tshown\n" in log
    assert "not shown" not in log


def test_tail_is_the_last_four_kilobytes(house: House) -> None:
    answer = house.invoke("logs-much")
    assert len(answer.log.encode()) == 4096
    lines = answer.log.splitlines()
    assert lines[-3:-1] == ["line 0999", f"END RequestId: {answer.request_id}"]
    assert lines[-1].startswith(f"REPORT RequestId: {answer.request_id}\t")
    again = house.invoke("logs-a-long-line")
    assert len(again.log.encode()) == 4096
    assert re.match(r"a+end\nEND RequestId", again.log)


def test_every_environment_has_a_stream_and_lam_logs_shows_it(house: House) -> None:
    house.invoke("loader")
    streams = {stream for stream, _ in house.events("loader")}
    assert len(streams) == 1
    assert re.fullmatch(r"20\d\d%2F\d\d%2F\d\d%2F%5B%24LATEST%5D[0-9a-f]{32}", streams.pop())
    done = house.lam("logs", "loader", "--since", "10m")
    assert "INIT_START" in done.stdout and "REPORT" in done.stdout


# Answers


def test_headers_of_an_answer(house: House) -> None:
    status, headers, body = raw_invoke(house, "echo", {"X-Amz-Log-Type": "Tail"}, b'{"a": 1}')
    assert (status, body) == (200, b'{"a": 1}')
    assert headers["x-amz-executed-version"] == "$LATEST"
    assert "x-amz-function-error" not in headers
    log = base64.b64decode(headers["x-amz-log-result"]).decode()
    assert f"START RequestId: {headers['x-amzn-requestid']} " in log
    assert headers["content-type"] == "application/json"
    status, headers, _ = raw_invoke(house, "fails-quietly", {})
    assert (status, headers["x-amz-function-error"]) == (200, "Unhandled")
    assert "x-amz-log-result" not in headers


def test_no_payload_is_an_empty_event(house: House) -> None:
    assert house.invoke("echo").payload == b"{}"
    assert house.invoke("nothing").payload == b"null"


def test_dry_run_runs_nothing(house: House) -> None:
    client = house.client()
    answer = client.invoke(FunctionName="runs", InvocationType="DryRun")
    assert (answer["StatusCode"], answer["Payload"].read()) == (204, b"")
    assert "ExecutedVersion" not in answer
    client.close()


def test_event_is_run_behind_the_callers_back_and_a_failed_one_waits(house: House) -> None:
    client = house.client()
    answer = client.invoke(FunctionName="echo", InvocationType="Event", Payload=b'{"b": 2}')
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")
    assert not {"ExecutedVersion", "FunctionError", "LogResult"} & answer.keys()
    wait_until(lambda: f"REPORT RequestId: {request_id}" in house.log("echo"), "the event's attempt")
    failing = client.invoke(FunctionName="fails-quietly", InvocationType="Event", Payload=b'"why"')
    request_id = failing["ResponseMetadata"]["RequestId"]
    wait_until(
        lambda: "ValueError" in house.lam("queue", "show", request_id).stdout, "what its attempt came to"
    )
    assert house.log("fails-quietly").count(f"START RequestId: {request_id}") == 1
    house.lam("queue", "drop", request_id)
    client.close()


# What can be imported and run


def test_sdk_comes_from_the_runtime_and_nothing_of_the_developers_interpreter(house: House) -> None:
    found = house.invoke("imports", ["boto3", "botocore", "pytest", "lambdacli", "pip", "psutil"]).json
    assert found["boto3"] == house.seen(house.state / "runtime" / "python" / "boto3" / "__init__.py")
    assert found["botocore"] == house.seen(house.state / "runtime" / "python" / "botocore" / "__init__.py")
    assert {name: found[name] for name in ("pytest", "lambdacli", "pip", "psutil")} == dict.fromkeys(
        ("pytest", "lambdacli", "pip", "psutil")
    )


def test_sdk_inside_a_function_reaches_this_service(house: House) -> None:
    source = (
        "import boto3\n\n\ndef handler(event, context):\n"
        "    client = boto3.client('lambda')\n"
        "    answer = client.invoke(FunctionName='echo', Payload=b'[1]')\n"
        "    return answer['Payload'].read().decode()\n"
    )
    path = house.folder / "zipped.zip"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("caller.py", source)
    client = house.client()
    client.create_function(
        FunctionName="caller",
        Runtime=VERSION,
        Role="arn:aws:iam::000000000000:role/r",
        Handler="caller.handler",
        Timeout=20,
        MemorySize=1769,
        Code={"ZipFile": path.read_bytes()},
    )
    assert house.invoke("caller").json == "[1]"
    client.delete_function(FunctionName="caller")
    client.close()


def test_packages_of_a_virtual_environment_only_where_it_is_named(house: House) -> None:
    assert house.invoke("imports", ["only_in_venv"]).json == {"only_in_venv": None}
    found = house.invoke("venv", ["only_in_venv"]).json["only_in_venv"]
    assert found is not None and found.endswith("site-packages/only_in_venv.py")


@pytest.fixture(scope="module")
def index_is_reachable() -> None:
    """Installs once by hand what the test asks for, into nowhere."""
    arguments = [uv.find_uv_bin(), "pip", "install", "--dry-run", "--quiet", "--system-certs"]
    arguments += ["--python", sys.executable, "--target", "/nowhere", "iniconfig==2.0.0"]
    done = subprocess.run(arguments, capture_output=True, text=True)
    if done.returncode:
        if os.environ.get("LAM_TEST_COMPLETE"):
            pytest.fail(done.stderr)
        pytest.skip("no package index can be reached")


@pytest.mark.usefixtures("index_is_reachable")
def test_requirements_are_installed_once(house: House) -> None:
    first = house.invoke("requirements-first", ["iniconfig"]).json["iniconfig"]
    cache = house.folder / "home" / ".cache" / "lam" / "python"
    assert first is not None and first.startswith("/var/packages/0/" if house.is_walled else str(cache))
    began = house.journal().count("installing")
    assert began == 1
    assert house.invoke("requirements-second", ["iniconfig"]).json["iniconfig"] == first
    assert house.journal().count("installing") == began
    assert house.invoke("imports", ["iniconfig"]).json == {"iniconfig": None}


def test_layers(house: House) -> None:
    one = house.invoke("one-layer", ["from_layer", "from_site"]).json
    assert one["from_layer"] == house.seen(house.folder / "layer" / "python" / "from_layer.py")
    assert one["from_site"] is not None
    two = house.invoke("two-layers", ["from_layer", "from_site"]).json
    assert house.invoke("two-layers", ["which_layer"]).json == {"which_layer": "second"}
    assert two["from_site"] is not None
    assert house.invoke("imports", ["from_layer"]).json == {"from_layer": None}
    ran = house.invoke("layer-runs", ["layer-tool"]).json
    assert ran == [0, "from the layer\n", ""]


def test_own_python_path_replaces_the_layers(house: House) -> None:
    own = house.folder / "code" / "own" / "path"
    own.mkdir(parents=True)
    (own / "from_own_path.py").write_text("")
    found = house.invoke("own-path", ["from_own_path", "from_layer", "boto3", "used_by_handler"]).json
    assert found["from_own_path"] is not None
    assert found["from_layer"] is None
    assert found["boto3"] is not None and found["used_by_handler"] is not None


def test_exec_wrapper_gets_the_whole_command(house: House) -> None:
    for name in ("wrapped", "wrapped-by-layer"):
        answer = house.invoke(name)
        assert answer.json["initial"]["WRAPPED"] == "yes"
        assert f"wrapped: 2 {VERSION} bootstrap.py\n" in answer.log


@pytest.mark.parametrize(
    ("name", "status", "text"),
    [
        ("wrapper-missing", 127, "/var/task/missing.sh: does not exist\n"),
        ("wrapper-no-program", 126, "/var/task/plain.txt: is not an executable\n"),
    ],
)
def test_exec_wrapper_that_cannot_run(house: House, name: str, status: int, text: str) -> None:
    answer = house.invoke(name)
    assert answer.plain(answer.payload.decode()) == (
        '{"errorType":"Runtime.ExitError","errorMessage":"RequestId: <id> Error: '
        f'Runtime exited with error: exit status {status}"}}'
    )
    assert text in answer.log


# Interpreters


@pytest.mark.parametrize("minor", range(8, 16))
def test_the_interpreter_asked_for_or_the_nearest(house: House, minor: int) -> None:
    name = f"python3-{minor}"
    answer = house.lam("invoke", name, "--payload", "{}")
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)["version"]
    note = f"python3.{minor} is not installed here; running on "
    usable = [version for version in INTERPRETERS if version >= (3, 8)]
    if (3, minor) in INTERPRETERS:
        assert found == [3, minor]
        assert note not in answer.stderr
    else:
        assert found[1] in [version[1] for version in usable]
        assert abs(found[1] - minor) == min(abs(version[1] - minor) for version in usable)
        assert answer.stderr.count(note) == 1


# Own runtimes


def test_a_shell_script_as_runtime(house: House) -> None:
    for count in (1, 2):
        answer = house.invoke("shell", {"n": count})
        assert answer.json == {"echo": {"n": count}}
        assert f'noted: {{"n": {count}}}' in answer.log
    assert len({stream for stream, _ in house.events("shell")}) == 1


NO_BOOTSTRAP = "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("empty", NO_BOOTSTRAP),
        ("not-executable", NO_BOOTSTRAP),
        ("no-program", "fork/exec /var/task/bootstrap: no such file or directory"),
        ("garbage", "fork/exec /var/task/bootstrap: no such file or directory"),
        ("no-format", "fork/exec /var/task/bootstrap: exec format error"),
    ],
)
def test_nothing_to_start(house: House, name: str, text: str) -> None:
    answer = house.invoke(name)
    assert answer.plain(answer.payload.decode()) == json.dumps(
        {"errorType": "Runtime.InvalidEntrypoint", "errorMessage": f"RequestId: <id> Error: {text}"},
        separators=(",", ":"),
    )
    kinds = [line.split(" ")[0] for line in answer.log.splitlines()]
    assert kinds == ["INIT_START", "INIT_REPORT", "INIT_REPORT", "START", "END", "REPORT"]
    assert answer.log.endswith("\tStatus: error\tError Type: Runtime.InvalidEntrypoint\n")
    assert house.invoke(name).function_error == "Unhandled"


def test_a_runtime_that_is_not_built(house: House) -> None:
    client = house.client()
    with pytest.raises(client.exceptions.ClientError) as caught:
        client.invoke(FunctionName="java")
    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert response["Error"]["Code"].startswith("NotBuilt")
    assert "java21" in response["Error"]["Message"]
    client.close()


def raw_invoke(
    house: House, name: str, headers: dict[str, str], body: bytes = b""
) -> tuple[int, dict[str, str], bytes]:
    address = urllib.parse.urlsplit(house.endpoint)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    try:
        connection.request("POST", f"/2015-03-31/functions/{name}/invocations", body, signed() | headers)
        answer = connection.getresponse()
        return (
            answer.status,
            {key.lower(): value for key, value in answer.getheaders()},
            answer.read(),
        )
    finally:
        connection.close()


def signed() -> dict[str, str]:
    day = time.strftime("%Y%m%d", time.gmtime())
    scope = f"test/{day}/us-east-1/lambda/aws4_request"
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00"}
