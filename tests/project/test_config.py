"""lam.yaml: what it becomes, and every problem's whole text."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
import yaml

from lambdacli.model.event import HistoryBounds
from lambdacli.model.function import Debugging, Network
from lambdacli.model.function_url import Cors
from lambdacli.project import yaml_nodes
from lambdacli.project.config import ConfigError, FunctionSettings, find_project, load_project
from lambdacli.project.schema import FUNCTION_NAMES, TOP_LEVEL_NAMES
from lambdacli.project.urls import DeclaredUrl

MINIMAL = """
functions:
  demo:
    runtime: python3.13
    handler: app.handler
"""


@pytest.fixture
def project(tmp_path):
    """Writes lam.yaml and the files beside it; returns lam.yaml."""
    (tmp_path / "app.py").write_text("def handler(event, context): ...\n")

    def write(text: str, **files: str) -> Path:
        for name, content in files.items():
            path = tmp_path / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        file = tmp_path / "lam.yaml"
        file.write_text(textwrap.dedent(text).lstrip("\n"))
        return file

    return write


def problems_of(file: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load_project(file)
    return str(caught.value)


def the_function(file: Path) -> FunctionSettings:
    (function,) = load_project(file).functions
    return function


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("", HistoryBounds(7, 100_000, 256 * 1024 * 1024)),
        ("history:\n", HistoryBounds()),
        ("history: {days: 30}\n", HistoryBounds(days=30)),
        ("history: {events: 5000, size: 1GB}\n", HistoryBounds(events=5000, payload_bytes=1024**3)),
    ],
)
def test_what_is_not_said_of_the_history_is_as_usual(project, text, bounds):
    assert load_project(project(text)).history == bounds


def test_capture_says_all_that_it_may_be(project):
    told = problems_of(project("capture: 5\n"))
    assert (
        "capture: must be true, false or a mapping of events, redact, not the number 5; for example" in told
    )


def test_wrong_bounds_of_the_history_are_all_told(project):
    told = problems_of(project("history: {days: 0, event: 5000, size: 1TB}\n"))
    assert "history.days: must be a number from 1 to 3650, not the number 0" in told
    assert "history.event: not a known key; did you mean events?" in told
    assert (
        'history.size: must be a number from 1 to 1048576 MB (512, 512MB or 1GB), not the text "1TB"' in told
    )
    assert "must be a mapping of days, events, size, not the number 5" in problems_of(project("history: 5\n"))


def test_a_minimal_project_gets_lambdas_defaults(project):
    file = project(MINIMAL)
    loaded = load_project(file)
    assert (loaded.region, loaded.account, loaded.port) == ("us-east-1", "000000000000", 4566)
    assert (loaded.is_port_chosen, loaded.services, loaded.max_environments) == (False, {}, None)
    assert (loaded.account_concurrency, loaded.idle_exit_minutes) == (1000, 30)
    assert (loaded.file_systems, loaded.is_strict) == ({}, False)
    assert loaded.warnings == ()
    assert loaded.functions == (
        FunctionSettings(
            name="demo",
            runtime="python3.13",
            handler="app.handler",
            role="arn:aws:iam::000000000000:role/lam",
            code=file.parent,
            description="",
            memory_mb=128,
            timeout_seconds=3,
            ephemeral_storage_mb=512,
            architecture="x86_64",
            variables=None,
            tags={},
            layers=(),
            reserved_concurrency=None,
            virtual_environment=None,
        ),
    )


def test_every_key_arrives(project):
    file = project(
        """
        region: eu-central-1
        account: 012345678901
        port: 4600
        services: {sqs: "http://127.0.0.1:9324"}
        max_environments: 20
        account_concurrency: 600
        idle_exit_minutes: 60
        file_systems:
          arn:aws:elasticfilesystem:eu-central-1:012345678901:access-point/fsap-0123456789abcdef0: efs
        strict: true
        functions:
          demo:
            runtime: python3.13
            handler: app.handler
            code: src
            description: Takes orders
            memory: 1GB
            timeout: 5m
            env: {TABLE: orders}
            env_file: demo.env
            architecture: arm64
            ephemeral_storage: 1024MB
            layers: [shared, extra.zip]
            concurrency: 5
            tags: {team: orders, year: 2026}
            venv: env
            role: arn:aws:iam::123456789012:role/orders
            freeze: false
            preload: off
            cpu_share: no
            network: isolated
            url:
              auth: AWS_IAM
              invoke_mode: RESPONSE_STREAM
              cors:
                origins: ["https://page.example", "http://localhost:5173"]
                methods: GET
                headers: [x-a]
                expose: [x-b]
                max_age: 60
                credentials: true
            debug: {port: 5678, wait: true}
        """,
        src__app_py="",
        src__app="",
        shared__x="",
        env__x="",
    )
    folder = file.parent
    (folder / "src" / "app.py").write_text("")
    (folder / "extra.zip").write_bytes(b"")
    (folder / "demo.env").write_text("STAGE=dev\n")
    (folder / "env" / "pyvenv.cfg").write_text("")
    loaded = load_project(file)
    assert (loaded.region, loaded.account, loaded.port) == ("eu-central-1", "012345678901", 4600)
    assert (loaded.is_port_chosen, loaded.services) == (True, {"sqs": "http://127.0.0.1:9324"})
    assert (loaded.max_environments, loaded.account_concurrency) == (20, 600)
    assert loaded.idle_exit_minutes == 60
    point = "arn:aws:elasticfilesystem:eu-central-1:012345678901:access-point/fsap-0123456789abcdef0"
    assert (loaded.file_systems, loaded.is_strict) == ({point: folder / "efs"}, True)
    assert loaded.functions == (
        FunctionSettings(
            name="demo",
            runtime="python3.13",
            handler="app.handler",
            role="arn:aws:iam::123456789012:role/orders",
            code=folder / "src",
            description="Takes orders",
            memory_mb=1024,
            timeout_seconds=300,
            ephemeral_storage_mb=1024,
            architecture="arm64",
            variables={"STAGE": "dev", "TABLE": "orders"},
            tags={"team": "orders", "year": "2026"},
            layers=(folder / "shared", folder / "extra.zip"),
            reserved_concurrency=5,
            virtual_environment=folder / "env",
            env_files=(folder / "demo.env",),
            freezes=False,
            preloads=False,
            has_cpu_share=False,
            network=Network.ISOLATED,
            url=DeclaredUrl(
                "AWS_IAM",
                "RESPONSE_STREAM",
                Cors(
                    allow_credentials=True,
                    allow_headers=("x-a",),
                    allow_methods=("GET",),
                    allow_origins=("https://page.example", "http://localhost:5173"),
                    expose_headers=("x-b",),
                    max_age_seconds=60,
                ),
            ),
            debugging=Debugging(5678, waits=True),
            is_role_given=True,
        ),
    )
    assert loaded.watched_paths == {
        folder,
        folder / "src",
        folder / "shared",
        folder / "extra.zip",
        folder / "demo.env",
    }


def test_the_function_wins_over_the_defaults_and_env_over_env_file(project):
    file = project(
        """
        defaults:
          runtime: python3.13
          handler: app.handler
          memory: 512
          env_file: common.env
          env: {TWO: defaults.env, THREE: defaults.env, FOUR: defaults.env}
          tags: {team: a, stage: dev}
        functions:
          demo:
            memory: 256
            env_file: [demo.env]
            env: {FOUR: function.env}
            tags: {team: b}
          bare:
        """
    )
    (file.parent / "common.env").write_text(
        "ONE=defaults.env_file\nTWO=defaults.env_file\nTHREE=defaults.env_file\nFOUR=defaults.env_file\n"
    )
    (file.parent / "demo.env").write_text("THREE=function.env_file\nFOUR=function.env_file\n")
    demo, bare = load_project(file).functions
    assert demo.variables == {
        "ONE": "defaults.env_file",
        "TWO": "defaults.env",
        "THREE": "function.env_file",
        "FOUR": "function.env",
    }
    assert (demo.memory_mb, demo.tags) == (256, {"team": "b", "stage": "dev"})
    assert (bare.memory_mb, bare.tags) == (512, {"team": "a", "stage": "dev"})


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("true", "true"),
        ("False", "false"),
        ("yes", "yes"),
        ("no", "no"),
        ("1", "1"),
        ("1.10", "1.10"),
        ("007", "007"),
        ("1e3", "1e3"),
        ("2026-01-02", "2026-01-02"),
        ("", ""),
        ('""', ""),
        ('"true"', "true"),
        ("a b", "a b"),
        ("$HOME", "$HOME"),
    ],
)
def test_a_variables_value_is_the_text_that_was_written(project, written, text):
    assert the_function(project(MINIMAL + f"    env:\n      VALUE: {written}\n")).variables == {"VALUE": text}


@pytest.mark.parametrize(
    ("key", "written", "value"),
    [
        ("memory", "512", 512),
        ("memory", "512MB", 512),
        ("memory", "512 mb", 512),
        ("memory", "10GB", 10240),
        ("memory", '"256"', 256),
        ("timeout", "900", 900),
        ("timeout", "30s", 30),
        ("timeout", "15m", 900),
    ],
)
def test_units_are_understood(project, key, written, value):
    function = the_function(project(MINIMAL + f"    {key}: {written}\n"))
    assert {"memory": function.memory_mb, "timeout": function.timeout_seconds}[key] == value


def test_anchors_and_merges_are_followed(project):
    file = project(
        """
        functions:
          first: &first
            runtime: python3.13
            handler: app.handler
            memory: 256
          second:
            <<: *first
            memory: 512
        """
    )
    assert [function.memory_mb for function in load_project(file).functions] == [256, 512]


TOOLS = "arn:aws:lambda:us-east-1:123456789012:layer:tools"
OWN = "arn:aws:lambda:us-east-1:000000000000:layer"


def test_layers_are_paths_published_ones_or_what_stands_for_others(project):
    file = project(
        f"""
        layers:
          {TOOLS}: stand-in
          {TOOLS}:7: published:2
          arn:aws:lambda:::awslayer:AmazonLinux: {OWN}:linux
        functions:
          demo:
            runtime: python3.13
            handler: app.handler
            layers: [stand-in, published, "published:3", {OWN}:other:1, {TOOLS}:8]
        """,
        **{"stand-in__x": ""},
    )
    loaded = load_project(file)
    folder = file.parent / "stand-in"
    assert loaded.functions[0].layers == (
        folder,
        f"{OWN}:published",
        f"{OWN}:published:3",
        f"{OWN}:other:1",
        f"{TOOLS}:8",
    )
    substitutions = loaded.substitutions
    assert [substitutions.of(f"{TOOLS}:{number}") for number in (7, 8)] == [f"{OWN}:published:2", folder]
    assert substitutions.of("arn:aws:lambda:::awslayer:AmazonLinux") == f"{OWN}:linux"
    assert substitutions.of(f"{OWN}:published:1") is None
    assert folder in loaded.watched_paths


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("layers: [.]", "1:9: layers: must be a mapping of ARNs of layers to paths, not a list"),
        (
            "layers: {tools: .}",
            "1:10: layers.tools: not the ARN of a layer;"
            " for example arn:aws:lambda:us-east-1:123456789012:layer:name",
        ),
        (f"layers: {{'{TOOLS}': ./gone}}", f"1:63: layers.{TOOLS}: ./gone does not exist"),
        (
            f"layers: {{'{TOOLS}': 5}}",
            f"1:63: layers.{TOOLS}: must be a path, not the number 5; put it into quotes",
        ),
    ],
)
def test_a_wrong_stand_in_for_a_layer_is_told(project, line, expected):
    assert problems_of(project(f"{line}\n{MINIMAL}")) == f"lam.yaml:{expected}"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("true", DeclaredUrl()),
        ("false", None),
        ("{}", DeclaredUrl()),
        ("{cors: false}", DeclaredUrl()),
        (
            "{cors: true}",
            DeclaredUrl(cors=Cors(allow_origins=("*",), allow_methods=("*",), allow_headers=("*",))),
        ),
        ("{cors: {origins: '*'}}", DeclaredUrl(cors=Cors(allow_origins=("*",)))),
    ],
)
def test_a_url_is_asked_for_in_one_word_or_in_many(project, written, expected):
    defaults = "defaults: {url: true}\n" if written == "false" else ""
    assert the_function(project(f"{defaults}{MINIMAL}    url: {written}\n")).url == expected


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "functions:\n", "functions: {}\n"])
def test_a_project_may_have_no_functions_yet(project, text):
    assert load_project(project(text)).functions == ()


def test_a_custom_runtime_needs_no_handler(project):
    function = the_function(project("functions:\n  demo:\n    runtime: provided.al2023\n"))
    assert function.handler == "bootstrap"


def test_all_problems_are_told_at_once(project):
    file = project(
        """
        runtime: python3.13
        regin: eu-central-1
        functions:
          demo:
            runtime: python3.13
            handler: app.handler
            runtme: x
            memory: 64
          a.b:
            runtime: python3.7
            code: missing
        """
    )
    assert problems_of(file) == "\n".join(
        (
            "lam.yaml:1:1: runtime: unknown key; runtime is a key of a function or defaults",
            "lam.yaml:2:1: regin: unknown key; did you mean region?",
            "lam.yaml:7:5: functions.demo.runtme: unknown key; did you mean runtime?",
            "lam.yaml:8:13: functions.demo.memory: must be a number from 128 to 10240 MB (512, 512MB or 1GB),"
            " not the number 64",
            "lam.yaml:9:3: functions.a.b: not a name that Lambda takes for a function;"
            " 1 to 64 letters, digits, hyphens and underscores",
            "lam.yaml:10:14: functions.a.b.runtime: python3.7 is retired:"
            " Lambda creates no functions with it any more; use python3.14",
            "lam.yaml:11:11: functions.a.b.code: missing does not exist",
        )
    )


SETTINGS_PROBLEMS = [
    ("MemorySize: 512", "5:5: functions.demo.MemorySize: unknown key; did you mean memory?"),
    ("environment: {}", "5:5: functions.demo.environment: unknown key; did you mean env?"),
    ("CodeUri: .", "5:5: functions.demo.CodeUri: unknown key; did you mean code?"),
    ("region: x", "5:5: functions.demo.region: unknown key; region is a key of the top level"),
    (
        "zzz: x",
        f"5:5: functions.demo.zzz: unknown key; known are {', '.join(FUNCTION_NAMES)}",
    ),
    (
        "handler: b.c",
        "5:5: functions.demo.handler: written twice (first in line 4); keep one of them",
    ),
    (
        "timeout: 901",
        "5:14: functions.demo.timeout: must be a number from 1 to 900 seconds (30, 30s or 5m),"
        " not the number 901",
    ),
    (
        "timeout: 30ms",
        "5:14: functions.demo.timeout: must be a number from 1 to 900 seconds (30, 30s or 5m),"
        ' not the text "30ms"',
    ),
    (
        "timeout:",
        "5:13: functions.demo.timeout: must be a number from 1 to 900 seconds (30, 30s or 5m), not nothing",
    ),
    (
        "memory: [1]",
        "5:13: functions.demo.memory: must be a number from 128 to 10240 MB (512, 512MB or 1GB), not a list",
    ),
    (
        "ephemeral_storage: 20GB",
        "5:24: functions.demo.ephemeral_storage: must be a number from 512 to 10240 MB (512, 512MB or 1GB),"
        ' not the text "20GB"',
    ),
    (
        "concurrency: 901",
        "5:18: functions.demo.concurrency: must be a number from 0 to 900, not the number 901",
    ),
    (
        "concurrency: '5'",
        '5:18: functions.demo.concurrency: must be a number from 0 to 900, not the text "5"',
    ),
    (
        "architecture: arm",
        '5:19: functions.demo.architecture: must be x86_64 or arm64, not the text "arm"; did you mean arm64?',
    ),
    (
        "description: 5",
        "5:18: functions.demo.description: must be a text, not the number 5; put it into quotes",
    ),
    (f"description: {'x' * 257}", "5:18: functions.demo.description: has 257 characters; Lambda allows 256"),
    (
        "role: admin",
        "5:11: functions.demo.role: must be the ARN of a role such as arn:aws:iam::123456789012:role/orders,"
        ' not the text "admin"',
    ),
    ("code: app.py", "5:11: functions.demo.code: app.py must be a folder or a .zip file"),
    ("code: !Ref x", "5:11: functions.demo.code: must be a path, not the tag !Ref"),
    ("layers: shared", '5:13: functions.demo.layers: must be a list of paths, not the text "shared"'),
    (
        "layers: [./gone, gone.zip, arn:aws:lambda:us-east-1:1:layer:x:1, app.py]",
        "5:14: functions.demo.layers[0]: ./gone does not exist\n"
        "lam.yaml:5:22: functions.demo.layers[1]: gone.zip does not exist\n"
        "lam.yaml:5:32: functions.demo.layers[2]: arn:aws:lambda:us-east-1:1:layer:x:1 is not the ARN of a"
        " layer\n"
        "lam.yaml:5:70: functions.demo.layers[3]: app.py must be a folder or a .zip file",
    ),
    (
        "layers: ['arn:aws:lambda:us-east-1:123456789012:layer:tools:3']",
        "5:14: functions.demo.layers[0]: arn:aws:lambda:us-east-1:123456789012:layer:tools:3 is a layer of"
        " another account, which cannot be fetched from here;"
        " `arn:aws:lambda:us-east-1:123456789012:layer:tools: ./a-folder` below `layers:` at the top level of"
        " lam.yaml stands for it",
    ),
    ("layers: [., ., ., ., ., .]", "5:13: functions.demo.layers: has 6 entries; Lambda allows 5"),
    ("venv: .", "5:11: functions.demo.venv: . is no virtual environment; make it by `python -m venv .`"),
    (
        "env: {AWS_REGION: x}",
        "5:11: functions.demo.env.AWS_REGION: reserved: Lambda sets this variable itself; remove it",
    ),
    (
        "env: {A: x}",
        "5:11: functions.demo.env.A: not a name that Lambda takes for a variable;"
        " a letter first, then at least one letter, digit or underscore",
    ),
    (
        "env: {LIST: [1]}",
        "5:17: functions.demo.env.LIST: must be a text, not a list; JSON goes into quotes",
    ),
    ("env: x", '5:10: functions.demo.env: must be a mapping of names to texts, not the text "x"'),
    (
        f"env: {{BIG: {'x' * 4090}}}",
        "5:10: functions.demo.env: the variables measure 4100 bytes as JSON; Lambda allows 4096",
    ),
    ("env_file: gone.env", "5:15: functions.demo.env_file: gone.env does not exist"),
    ("env_file: [gone.env]", "5:16: functions.demo.env_file[0]: gone.env does not exist"),
    ("env_file: {}", "5:15: functions.demo.env_file: must be a path or a list of paths, not a mapping"),
    ("tags: {aws:x: y}", "5:12: functions.demo.tags.aws:x: names that begin with aws: belong to AWS"),
    (
        "tags: {" + ", ".join(f"t{number}: x" for number in range(51)) + "}",
        "5:11: functions.demo.tags: has 51 tags; Lambda allows 50",
    ),
    ("url: often", '5:10: functions.demo.url: must be true, false or a mapping, not the text "often"'),
    ("url: []", "5:10: functions.demo.url: must be true, false or a mapping, not a list"),
    (
        "url: {auth: IAM}",
        '5:17: functions.demo.url.auth: must be NONE or AWS_IAM, not the text "IAM"',
    ),
    ("url: {aut: NONE}", "5:11: functions.demo.url.aut: unknown key; did you mean auth?"),
    (
        "url: {cors: {origins: [5]}}",
        "5:28: functions.demo.url.cors.origins[0]: must be a text, not the number 5; put it into quotes",
    ),
    (
        "url: {cors: {methods: OPTIONSX}}",
        "5:27: functions.demo.url.cors.methods: has 8 characters; Lambda allows 6",
    ),
    (
        "url: {cors: {max_age: 1d}}",
        '5:27: functions.demo.url.cors.max_age: must be a number from 0 to 86400, not the text "1d"',
    ),
]


@pytest.mark.parametrize(
    ("line", "expected"),
    SETTINGS_PROBLEMS,
    ids=[line[:20] for line, _ in SETTINGS_PROBLEMS],
)
def test_a_wrong_setting_is_told_with_what_was_found(project, line, expected):
    assert problems_of(project(MINIMAL + f"    {line}\n")) == f"lam.yaml:{expected}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "functions:\n  demo:\n\truntime: x\n",
            "3:1: a tab stands in the indentation; YAML is indented with blanks only",
        ),
        (
            "functions:\n  demo: a: b\n",
            "2:10: not valid YAML: mapping values are not allowed in this context;"
            " put a text that holds `: ` into quotes",
        ),
        (
            "functions:\n  demo:\n    http: [GET /items/{id}]\n",
            "3:23: not valid YAML: did not find expected ',' or ']' (while parsing a flow sequence);"
            ' within [ ] and { } a text with braces needs quotes, as in ["GET /items/{id}"]',
        ),
        ("- a\n", "1:1: lam.yaml must be a mapping, not a list; begin with `functions:`"),
        ("functions: [a]\n", "1:12: functions: must be a mapping, not a list"),
        ("functions:\n  demo: python\n", '2:9: functions.demo: must be a mapping, not the text "python"'),
        (
            "functions:\n  demo:\n    handler: app.handler\n",
            "2:3: functions.demo: has no runtime; for example `runtime: python3.13`",
        ),
        (
            "functions:\n  demo:\n    runtime: python3.13\n",
            "2:3: functions.demo: has no handler; for example `handler: app.handler`",
        ),
        (
            "functions:\n  demo:\n    runtime: python\n    handler: app.handler\n",
            '3:14: functions.demo.runtime: the text "python" is no runtime of Lambda;'
            " did you mean python3.14?",
        ),
        (
            "functions:\n  demo:\n    runtime: nodejs22\n    handler: app.handler\n",
            '3:14: functions.demo.runtime: the text "nodejs22" is no runtime of Lambda;'
            " did you mean nodejs22.x?",
        ),
        (
            "functions:\n  demo:\n    runtime: go1.x\n    handler: app\n",
            "3:14: functions.demo.runtime: go1.x is retired: Lambda creates no functions with it any more;"
            " use provided.al2023",
        ),
        (
            "functions:\n  demo:\n    runtime: python3.13\n    handler: app handler\n",
            "4:14: functions.demo.handler: must be a handler without blanks, such as app.handler,"
            ' not the text "app handler"',
        ),
        (
            f"functions:\n  demo:\n    runtime: python3.13\n    handler: {'x' * 129}\n",
            "4:14: functions.demo.handler: has 129 characters; Lambda allows 128",
        ),
        (
            "functions:\n  demo:\n    runtime: nodejs22.x\n    handler: index.handler\n    venv: .venv\n",
            "5:11: functions.demo.venv: only python has one, not nodejs22.x; remove it",
        ),
        ("account: 12\n", "1:10: account: must be an account number of 12 digits, not the number 12"),
        ("region: Europe\n", '1:9: region: must be a region such as eu-central-1, not the text "Europe"'),
        ("port: 70000\n", "1:7: port: must be a number from 1 to 65535, not the number 70000"),
        (
            "services: {sqz: 'http://h:1'}\n",
            "1:12: services.sqz: not a service that is known here; did you mean sqs?",
        ),
        (
            "services: {sqs: localhost}\n",
            '1:17: services.sqs: must be an address, not the text "localhost"; for example http://127.0.0.1:4100',
        ),
        (
            "services: sqs\n",
            '1:11: services: must be a mapping of services to addresses, not the text "sqs"; '
            "for example `apigateway: http://127.0.0.1:4100`",
        ),
        (
            "region: us-east-1\nregion: us-east-1\n",
            "2:1: region: written twice (first in line 1); keep one of them",
        ),
        ("zzz: 1\n", f"1:1: zzz: unknown key; known are {', '.join(TOP_LEVEL_NAMES)}"),
        ("functions:\n  <<: 5\n", "2:7: functions.<<: must name a mapping, not the number 5"),
    ],
)
def test_a_wrong_file_is_told_with_its_place(project, text, expected):
    assert problems_of(project(text)) == f"lam.yaml:{expected}"


def test_a_problem_of_the_defaults_is_told_once(project):
    file = project(
        """
        defaults: {runtime: python3.13, handler: app.handler, env_file: gone.env}
        functions:
          one:
          two:
        """
    )
    assert problems_of(file) == "lam.yaml:1:65: defaults.env_file: gone.env does not exist"


def test_problems_of_an_env_file_name_that_file(project):
    file = project(MINIMAL + "    env_file: demo.env\n")
    (file.parent / "demo.env").write_text("GOOD=1\nAWS_REGION=x\n")
    assert (
        problems_of(file) == "demo.env:2:1: AWS_REGION: reserved: Lambda sets this variable itself; remove it"
    )
    (file.parent / "demo.env").write_text("GOOD=1\nnonsense\n")
    assert problems_of(file) == "demo.env:2:1: no = after nonsense"


def test_smaller_account_lets_less_be_reserved(project):
    text = "account_concurrency: 150\n" + MINIMAL.rstrip() + "\n    concurrency: 51\n"
    assert "Lambda lets 50 of 150 be reserved" in problems_of(project(text))


def test_more_reserved_concurrency_than_the_account_has_is_told_where_it_overflows(project):
    text = "defaults: {runtime: python3.13, handler: app.handler}\nfunctions:\n"
    text += "".join(f"  f{number}: {{concurrency: 400}}\n" for number in range(4))
    assert problems_of(project(text)) == (
        "lam.yaml:5:21: functions.f2.concurrency: the functions up to f2 reserve 1200;"
        " Lambda lets 900 of 1000 be reserved"
    )


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        ("app.handler", None),
        ("package/module.handler", None),
        ("package.module.handler", None),
        ("package.handler", None),
        ("native.handler", None),
        (
            "gone.handler",
            "lam.yaml:4:14: functions.demo.handler: the file gone.py does not exist; an invocation will fail",
        ),
        ("app", "lam.yaml:4:14: functions.demo.handler: app names no function; write it as file.function"),
    ],
)
def test_a_missing_python_module_is_a_warning(project, handler, expected):
    file = project(MINIMAL.replace("app.handler", handler), package__module="", native="")
    (file.parent / "package" / "__init__.py").write_text("")
    (file.parent / "package" / "module.py").write_text("")
    (file.parent / "native.cpython-313-x86_64-linux-gnu.so").write_text("")
    warnings = [warning.text(file.parent) for warning in load_project(file).warnings]
    assert warnings == ([] if expected is None else [expected])


def test_a_file_that_is_not_utf8_is_one_problem(project):
    file = project("")
    file.write_bytes(b"region: \xff\n")
    assert problems_of(file) == "lam.yaml:1:1: not UTF-8: byte 9 cannot be read"


def test_a_control_character_is_found_by_line_and_column(project):
    file = project("")
    file.write_bytes("# ééé\nregion: é\x01b\n".encode())
    assert problems_of(file) == "lam.yaml:2:10: the character #x01 is not allowed in YAML"


@pytest.mark.parametrize("loader", [yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)])
def test_both_yaml_loaders_tell_the_same(project, monkeypatch, loader):
    monkeypatch.setattr(yaml_nodes, "_Loader", loader)
    assert problems_of(project("functions:\n  démo:\n    a: @b\n")).startswith(
        "lam.yaml:3:8: not valid YAML: "
    )
    assert problems_of(project("functions:\n  démo: {runtime: 5}\n")) == (
        "lam.yaml:2:3: functions.démo: not a name that Lambda takes for a function;"
        " 1 to 64 letters, digits, hyphens and underscores\n"
        "lam.yaml:2:19: functions.démo.runtime: must be a runtime such as python3.14, not the number 5"
    )


def test_a_missing_file_is_one_problem(tmp_path):
    assert problems_of(tmp_path / "lam.yaml") == "lam.yaml:1:1: cannot be read: No such file or directory"


def test_a_mapping_that_merges_itself_is_told(project):
    file = project("functions: &all\n  <<: *all\n")
    assert problems_of(file) == "lam.yaml:2:3: functions.<<: merges a mapping into itself"


def test_the_nearest_project_upwards_is_found(tmp_path):
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert find_project(deep) is None
    (tmp_path / "lam.yml").write_text("")
    assert find_project(deep) == tmp_path / "lam.yml"
    (tmp_path / "a" / "lam.yaml").write_text("")
    assert find_project(deep) == tmp_path / "a" / "lam.yaml"


@pytest.mark.parametrize(
    ("written", "debugging"),
    [
        ("true", Debugging()),
        ("off", None),
        ("{}", Debugging()),
        ("{wait: yes}", Debugging(waits=True)),
        ("{port: 5678}", Debugging(5678)),
    ],
)
def test_a_debugger_is_asked_for_by_a_word_or_a_mapping(project, written, debugging):
    assert the_function(project(MINIMAL + f"    debug: {written}\n")).debugging == debugging


def test_a_function_says_no_to_the_debugger_of_the_defaults(project):
    file = project("defaults: {debug: true}\n" + MINIMAL + "    debug: false\n")
    assert the_function(file).debugging is None


def test_a_debugger_of_the_defaults_is_not_for_custom_runtimes(project):
    file = project("defaults: {debug: true}\nfunctions: {f: {runtime: provided.al2023}}\n")
    assert the_function(file).debugging is None


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        (
            "5678",
            "functions.demo.debug: must be true, false or a mapping with port and wait, not the number 5678",
        ),
        ("{port: 80}", "functions.demo.debug.port: must be a number from 1024 to 65535, not the number 80"),
        ("{wait: 1}", "functions.demo.debug.wait: must be true or false, not the number 1"),
        ("{host: x}", "functions.demo.debug.host: unknown key; known are port, wait"),
    ],
)
def test_a_wrong_wish_for_a_debugger_is_told(project, written, complaint):
    with pytest.raises(ConfigError) as told:
        load_project(project(MINIMAL + f"    debug: {written}\n"))
    assert complaint in str(told.value)
