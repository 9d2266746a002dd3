"""Python environments are forks of a template that has modules loaded: nothing in them tells, but the time
they take. Every trap is tried behind walls and without."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.real.functions_house import INTERPRETERS, House, wait_until
from tests.real.toolchains import missing
from tests.real.walled import open_in_mode

pytestmark = pytest.mark.real

SECONDS = 30.0

APP = """\
import atexit, builtins, gc, json, logging, os, random, resource, secrets, signal, sys, time, uuid
import own, quiet

DRAWN = [random.random(), uuid.uuid4().hex, secrets.token_hex(8), os.urandom(8).hex(), quiet.drawn()]
atexit.register(print, "at the end of", os.getpid())


def handler(event, context):
    return globals()[event["look"]]()


def loaded():
    return {
        "pid": os.getpid(), "quiet": quiet.PID, "own": own.PID, "own_runs": builtins.runs_of_own,
        "value": quiet.VALUE, "drawn": DRAWN,
    }


def process():
    with open("/proc/self/status") as file:
        status = dict(line.rstrip("\\n").split(":\\t", 1) for line in file if ":\\t" in line)
    main = sys.modules["__main__"]
    limits = [name for name in dir(resource) if name.startswith("RLIMIT_")]
    return {
        "variables": dict(os.environ),
        "argv": sys.argv, "arguments": getattr(sys, "orig_argv", None), "executable": sys.executable,
        "flags": repr(sys.flags), "options": repr(sys._xoptions), "warnings": repr(sys.warnoptions),
        "main": [main.__name__, main.__file__, repr(main.__spec__), sorted(vars(main))],
        "handlers": {number: repr(signal.getsignal(number)) for number in signal.valid_signals()},
        "signals": [status[name] for name in ("SigBlk", "SigIgn", "SigCgt")],
        "wakeup": signal.set_wakeup_fd(-1),
        "name": status["Name"], "threads": status["Threads"], "privileges": status.get("NoNewPrivs"),
        "descriptors": descriptors(),
        "inheritable": [os.get_inheritable(number) for number in (0, 1, 2, 62)],
        "umask": os.umask(0o22), "nice": os.nice(0), "folder": os.getcwd(),
        "limits": {name: resource.getrlimit(getattr(resource, name)) for name in limits},
        "leads": [os.getsid(0) == os.getpid(), os.getpgrp() == os.getpid()],
        "collector": [gc.isenabled(), gc.get_threshold(), gc.get_debug()],
        "streams": [
            [stream.encoding, stream.errors, stream.fileno(), stream.isatty(), stream.line_buffering]
            for stream in (sys.stdout, sys.stderr, sys.stdin)
        ],
        "path": sys.path, "bytecode": sys.pycache_prefix,
        "hooks": [getattr(hook, "__name__", type(hook).__name__) for hook in sys.meta_path],
        "import": [sys.dont_write_bytecode, len(sys.path_hooks)],
        "excepthook": sys.excepthook is sys.__excepthook__, "trace": repr(sys.gettrace()),
        "logging": [len(logging.getLogger().handlers), logging.getLogger().level],
        "interval": sys.getswitchinterval(), "recursion": sys.getrecursionlimit(),
        "atexit": atexit._ncallbacks(), "builtins": sorted(vars(builtins)),
    }


def descriptors():
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[name] = os.readlink("/proc/self/fd/" + name).split("[")[0]
        except OSError:
            continue
    return found


def modules():
    return sorted(sys.modules)


def leave():
    sys.exit(3)


def zone():
    return [time.strftime("%z", time.localtime(0)), os.environ["TZ"]]
"""
OWN = """\
import builtins, os
builtins.runs_of_own = getattr(builtins, "runs_of_own", 0) + 1
PID = os.getpid()
"""
QUIET = """\
import os, random
PID = os.getpid()
VALUE = "first"
def drawn():
    return random.random()
"""
ODD = """\
import os
import {odd}
PID = os.getpid()
def handler(event, context):
    return {{"pid": os.getpid(), "odd": {odd}.PID, "works": {odd}.works()}}
"""
ODD_MODULES = {
    "prints": 'import os\nprint("loading")\nPID = os.getpid()\ndef works():\n    return True\n',
    "threads": (
        "import os, threading\nPID = os.getpid()\nturns = threading.Event()\n"
        "def turn():\n    turns.set()\n    threading.Event().wait()\n"
        "thread = threading.Thread(target=turn, daemon=True)\nthread.start()\n"
        "def works():\n    return thread.is_alive() and turns.wait(5)\n"
    ),
    "spawns": (
        "import os, subprocess\nPID = os.getpid()\n"
        'child = subprocess.Popen(["sleep", "1000"])\n'
        "def works():\n    return child.poll() is None\n"
    ),
    "raises": 'raise ValueError("never loads")\n',
}
CODE: dict[str, str] = {
    "code/app.py": APP,
    "code/own.py": OWN,
    "layer/python/quiet.py": QUIET,
    "layer/wrapper": '#!/bin/sh\nexport WRAPPED=yes\nexec "$@"\n',
    **{f"{name}/app.py": ODD.format(odd=f"odd_{name}") for name in ODD_MODULES},
    **{f"layer/python/odd_{name}.py": text for name, text in ODD_MODULES.items()},
    "vendored/app.py": "import boto3\ndef handler(event, context):\n    return boto3.NAME\n",
    "vendored/boto3/__init__.py": 'NAME = "the function\'s own"\n',
    "client/app.py": (
        "import inspect, boto3, botocore.config\n"
        "looks = []\n"
        "plain = inspect.getfullargspec\n"
        "inspect.getfullargspec = lambda look: looks.append(look) or plain(look)\n"
        "client = boto3.client('s3', config=botocore.config.Config(parameter_validation=True))\n"
        "url = client.generate_presigned_url('get_object', Params={'Bucket': 'bucket', 'Key': 'a b'})\n"
        "def handler(event, context):\n"
        "    return {'looks': len(looks), 'url': url.partition('?')[0]}\n"
    ),
    "broken/app.py": 'import quiet\nraise KeyError("at import")\n',
    "named/app.py": "import os, resource, select, signal\n"
    "def handler(event, context):\n"
    "    return [module.NAME for module in (resource, select, signal)] + [signal.PID == os.getpid()]\n",
    **{
        f"named/{name}.py": 'import os\nPID, NAME = os.getpid(), "its own"\n'
        for name in ("resource", "select", "signal")
    },
    "late/app.py": "def handler(event, context):\n    import unreadable\n",
    "late/unreadable.py": "def\n",
    "wrapped/app.py": (
        "import os, quiet\ndef handler(event, context):\n    return [os.environ['WRAPPED'], quiet.VALUE]\n"
    ),
}
FUNCTIONS: dict[str, dict[str, object]] = {
    "probe": {"handler": "app.handler"},
    "fresh": {"handler": "app.handler", "preload": False},
    "tokyo": {"handler": "app.handler", "env": {"TZ": "Asia/Tokyo"}},
    **{name: {"handler": "app.handler", "code": name} for name in ODD_MODULES},
    "broken": {"handler": "app.handler", "code": "broken"},
    "broken_fresh": {"handler": "app.handler", "code": "broken", "preload": False},
    "named": {"handler": "app.handler", "code": "named"},
    "late": {"handler": "app.handler", "code": "late"},
    "late_fresh": {"handler": "app.handler", "code": "late", "preload": False},
    "vendored": {"handler": "app.handler", "code": "vendored"},
    "client": {"handler": "app.handler", "code": "client"},
    "wrapped": {
        "handler": "app.handler",
        "code": "wrapped",
        "env": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrapper"},
    },
}
FOR_ALL: dict[str, object] = {"layers": ["layer"], "timeout": 20, "memory": 1769}


@dataclass(frozen=True)
class Scene:
    house: House
    mode: str

    def cold(self, function: str, look: str = "loaded") -> Any:
        """What an environment answers that never ran anything."""
        done = self.house.lam("invoke", function, "--cold", "--payload", json.dumps({"look": look}))
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def kinds(self, function: str) -> list[str]:
        """How its environments were started, in order."""
        told = json.loads(self.house.lam("envs", function, "--json").stdout)
        return [each["start_kind"] for each in told["environments"]]

    def until(self, function: str, is_so: Callable[[Any], bool], what: str) -> Any:
        """The first answer of a new environment that is so."""
        answers: list[Any] = []

        def one_is() -> bool:
            answers.append(self.cold(function))
            return is_so(answers[-1])

        wait_until(one_is, what, SECONDS)
        return answers[-1]

    def until_preloaded(self, function: str = "probe") -> Any:
        return self.until(function, lambda told: told["quiet"] != told["pid"], "modules are loaded ahead")


@pytest.fixture(scope="module", params=["walled", "portable"])
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    functions = {name: {**FOR_ALL, **own} for name, own in FUNCTIONS.items()}
    with open_in_mode(mode_of(request.param), functions, CODE) as house:
        yield Scene(house, request.param)


def mode_of(name: str) -> str:
    return name if name == "portable" else "root" if os.getuid() == 0 else "rootless"


def test_what_the_first_environment_loaded_is_loaded_ahead_but_its_own_code_never(scene: Scene) -> None:
    told = scene.until_preloaded()
    assert told["own"] == told["pid"]
    assert told["own_runs"] == 1
    assert scene.kinds("probe")[-1] == "forked"


def test_nothing_is_loaded_ahead_where_it_is_not_wanted(scene: Scene) -> None:
    for _ in range(2):
        told = scene.cold("fresh")
        assert told["quiet"] == told["own"] == told["pid"]
    assert set(scene.kinds("fresh")) == {"spawned"}


def test_what_is_drawn_by_chance_differs_in_each(scene: Scene) -> None:
    scene.until_preloaded()
    drawn = [scene.cold("probe")["drawn"] for _ in range(4)]
    for column in zip(*drawn, strict=True):
        assert len(set(column)) == 4, column


def test_a_fork_is_a_process_like_a_fresh_one(scene: Scene) -> None:
    scene.until_preloaded()
    forked, fresh = scene.cold("probe", "process"), scene.cold("fresh", "process")
    own = {"AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME"}
    own |= {"AWS_LAMBDA_RUNTIME_API", "_X_AMZN_TRACE_ID", "TMPDIR"}
    own |= {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
    for told in (forked, fresh):
        assert "variables" in told, told
        assert own <= {*told["variables"], "TMPDIR"}
        for name in own:
            told["variables"].pop(name, None)
    for name in fresh:
        assert forked[name] == fresh[name], name


def test_a_fork_has_loaded_what_a_fresh_one_has(scene: Scene) -> None:
    scene.until_preloaded()
    forked, fresh = set(scene.cold("probe", "modules")), set(scene.cold("fresh", "modules"))
    assert forked - fresh == set()
    assert fresh - forked == set()


def test_its_time_zone_is_the_functions(scene: Scene) -> None:
    scene.until_preloaded("tokyo")
    assert scene.cold("tokyo", "zone") == ["+0900", "Asia/Tokyo"]
    assert scene.cold("probe", "zone") == ["+0000", ":UTC"]


def test_what_is_registered_for_the_end_runs_once(scene: Scene) -> None:
    scene.until_preloaded()
    before = scene.house.log("probe").count("at the end of")
    assert scene.cold("probe", "leave")["errorType"] == "Runtime.ExitError"
    wait_until(
        lambda: scene.house.log("probe").count("at the end of") == before + 1, "the end is told", SECONDS
    )
    scene.cold("probe")
    assert scene.house.log("probe").count("at the end of") == before + 1


def loadings(scene: Scene, name: str) -> list[str]:
    return [message for _, message in scene.house.events(name) if message.strip() == "loading"]


@pytest.mark.parametrize("name", ["prints", "threads", "spawns"])
def test_a_module_that_does_more_than_being_loaded_is_not_loaded_ahead(scene: Scene, name: str) -> None:
    before = len(loadings(scene, name))
    for _ in range(4):
        told = scene.cold(name)
        assert told["odd"] == told["pid"]
        assert told["works"] is True
    if name == "prints":
        # Once for each environment, and never by a template.
        assert len(loadings(scene, name)) == before + 4


def test_a_module_that_raises_fails_in_each_as_always(scene: Scene) -> None:
    answers = [scene.cold("raises") for _ in range(3)]
    assert {answer["errorType"] for answer in answers} == {"ValueError"}
    assert {answer["errorMessage"] for answer in answers} == {"never loads"}


def test_code_that_raises_at_import_fails_as_in_a_fresh_process(scene: Scene) -> None:
    answers = [scene.cold(name) for name in ("broken", "broken", "broken", "broken_fresh")]
    for answer in answers:
        answer.pop("requestId", None)
    assert answers[0]["errorType"] == "KeyError"
    assert answers[1:] == answers[:1] * 3


def test_a_module_that_cannot_be_read_fails_late_as_in_a_fresh_process(scene: Scene) -> None:
    answers = [scene.cold(name) for name in ("late", "late", "late", "late_fresh")]
    for answer in answers:
        answer.pop("requestId")
    assert answers[0]["errorType"] == "SyntaxError"
    assert answers[1:] == answers[:1] * 3


def test_modules_of_the_function_may_be_named_as_those_that_a_template_needs(scene: Scene) -> None:
    for _ in range(3):
        assert scene.cold("named") == ["its own", "its own", "its own", True]
    assert set(scene.kinds("named")) == {"forked"}


def test_boto3_in_the_code_folder_is_the_one_that_counts(scene: Scene) -> None:
    for _ in range(3):
        assert scene.cold("vendored") == "the function's own"


def test_what_an_sdk_session_finds_out_is_found_out_ahead(scene: Scene) -> None:
    first = scene.cold("client")
    later = scene.until("client", lambda told: told["looks"] < first["looks"] // 4, "a client is made ahead")
    assert first["looks"] > 50
    assert later["url"] == first["url"]
    assert first["url"].endswith("/bucket/a%20b")


def test_what_an_exec_wrapper_starts_is_no_fork(scene: Scene) -> None:
    if scene.mode == "portable":
        pytest.skip("only walls show a layer at /opt")
    for _ in range(2):
        assert scene.cold("wrapped") == ["yes", "first"]
    assert set(scene.kinds("wrapped")) == {"spawned"}


def test_a_change_of_code_or_of_a_layer_starts_another_template(tmp_path: Path, scene: Scene) -> None:
    with open_in_mode(
        mode_of(scene.mode),
        {"probe": {**FOR_ALL, "handler": "app.handler"}},
        {name: CODE[name] for name in ("code/app.py", "code/own.py", "layer/python/quiet.py")},
    ) as house:
        own = Scene(house, scene.mode)
        own.until_preloaded()
        (house.folder / "layer/python/quiet.py").write_text(QUIET.replace("first", "second"))
        own.until("probe", lambda told: told["value"] == "second", "the layer's change counts")
        own.until_preloaded()
        (house.folder / "code/own.py").write_text(OWN.replace("+ 1", "+ 100"))
        own.until("probe", lambda told: told["own_runs"] == 100, "the code's change counts")
        told = own.until_preloaded()
        assert (told["value"], told["own_runs"]) == ("second", 100)


# Every interpreter


@pytest.mark.parametrize("mode", ["walled", "portable"])
def test_every_interpreter_can_be_a_template(mode: str) -> None:
    labels = [f"python{major}.{minor}" for major, minor in sorted(INTERPRETERS)]
    functions = {
        label.replace(".", "_"): {**FOR_ALL, "runtime": label, "handler": "app.handler"} for label in labels
    }
    with open_in_mode(mode_of(mode), functions, CODE) as house:
        scene = Scene(house, mode)
        for name in functions:
            told = scene.until_preloaded(name)
            assert told["own_runs"] == 1, name
            again = scene.cold(name)
            assert set(again["drawn"]).isdisjoint(told["drawn"]), name
            assert scene.kinds(name)[-1] == "forked", name


# numpy


NUMPY = """\
import os
import numpy
DRAWN = [float(numpy.random.random()), float(numpy.random.default_rng().random())]
def handler(event, context):
    return {"pid": os.getpid(), "drawn": DRAWN + [float(numpy.random.random())]}
"""


def test_numpys_global_generator_differs_in_each() -> None:
    files = {"code/app.py": NUMPY, "code/requirements.txt": "numpy\n"}
    settings: dict[str, object] = {"timeout": 20, "memory": 1769, "handler": "app.handler"}
    mode = mode_of("walled")
    with open_in_mode(mode, {"numbers": settings}, files) as house:
        scene = Scene(house, mode)
        done = house.lam("invoke", "numbers", "--payload", "{}")
        if "drawn" not in done.stdout:
            missing(f"numpy from a package index ({done.stdout[-200:]} {done.stderr[-200:]})")
        wait_until(
            lambda: scene.cold("numbers") and scene.kinds("numbers")[-1] == "forked", "a fork", SECONDS
        )
        drawn = [scene.cold("numbers")["drawn"] for _ in range(5)]
        assert len({value for values in drawn for value in values}) == 15


# Interpreters that cannot be one

CUSTOMS = {
    "without ctypes": (
        'import sys\nsys.modules["_ctypes"] = None  # as where Python was built without libffi\n',
        "import of _ctypes halted; None in sys.modules",
    ),
    "that ends": (
        'import os\nif "_LAM_TEMPLATE" in os.environ:\n    os._exit(1)\n',
        "it ended",
    ),
}
AFRESH = """\
import os
def handler(event, context):
    return {"pid": os.getpid(), "descriptors": sorted(map(int, os.listdir("/proc/self/fd")))[:4]}
"""


@pytest.mark.parametrize("mode", ["walled", "portable"])
@pytest.mark.parametrize("what", CUSTOMS)
def test_an_interpreter_that_can_be_no_template_starts_each_environment_afresh(what: str, mode: str) -> None:
    customs, reason = CUSTOMS[what]
    settings: dict[str, object] = {"timeout": 20, "handler": "app.handler", "env": {"PYTHONPATH": "."}}
    files = {"code/app.py": AFRESH, "code/sitecustomize.py": customs}
    with open_in_mode(mode_of(mode), {"afresh": settings}, files) as house:
        scene = Scene(house, mode)
        for _ in range(3):
            assert scene.cold("afresh")["descriptors"][:3] == [0, 1, 2]
        assert set(scene.kinds("afresh")) == {"spawned"}
        (house.folder / "code" / "app.py").write_text(AFRESH.replace("[:4]", "[:3]"))
        scene.until("afresh", lambda told: len(told["descriptors"]) == 3, "the code's change counts")
        told = [line for line in house.journal().splitlines() if "cannot load modules ahead" in line]
        assert len(told) == 1, told
        assert told[0].endswith(f"({reason}): each environment starts afresh, which takes longer")
