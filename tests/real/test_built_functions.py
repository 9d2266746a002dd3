"""Functions whose sources do not run by themselves: built when they are invoked, and when they change."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.real.functions_house import House, open_house, wait_until
from tests.real.house import PYTHON_RUNTIME
from tests.real.test_same_builds import write_wheel
from tests.real.toolchains import need

pytestmark = pytest.mark.real

BOOTSTRAP = """\
#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
while true; do
    head=$(curl -sS -D - -o /dev/null "$api/next" | tr -d '\\r' | grep -i ^lambda-runtime-aws-request-id)
    id=${head#*: }
    curl -sS -o /dev/null -d '"WORD"' "$api/$id/response"
done
"""
# Go compiles what a program imports: this one asks for next to nothing of Go's library.
GO = """\
package main

import "syscall"

func main() {
	syscall.Exec("/bin/sh", []string{"sh", "-c", `PROGRAM`}, syscall.Environ())
}
""".replace("PROGRAM", BOOTSTRAP.replace("WORD", "from Go"))
MAKEFILE = 'build-made:\n\tsed s/WORD/$(shell cat word)/ run.sh > "$(ARTIFACTS_DIR)/bootstrap"\n'
LAYERED = """\
import greeting, own

def handler(event, context):
    return [greeting.main.__name__, own.WORD]
"""
WHEEL = "greeting-1.0-py3-none-any.whl"
FILES = {
    "made/Makefile": MAKEFILE + '\tchmod +x "$(ARTIFACTS_DIR)/bootstrap"\n',
    "made/run.sh": BOOTSTRAP,
    "made/word": "one\n",
    "unmade/Makefile": "# fills $ARTIFACTS_DIR\nbuild-unmade:\n\t@echo no compiler today; exit 1\n",
    "typed/src/app.ts": 'export const handler = async (): Promise<string> => "typed";\n',
    "layered/app.py": LAYERED,
    "tools/requirements.txt": f"../{WHEEL}\n",
    "tools/own.py": "WORD = 'one'\n",
    "made-layer/Makefile": "build-made-layer:\n\tinstall -D own.txt $(ARTIFACTS_DIR)/note.txt\n",
    "made-layer/own.txt": "made",
    "noted/app.py": "def handler(event, context):\n    return open('/opt/note.txt').read()\n",
    "go/go.mod": "module orders\n\ngo 1.21\n",
    "go/main.go": GO,
}
FUNCTIONS = {
    "made": {"runtime": "provided.al2023", "code": "made", "timeout": 20},
    "unmade": {"runtime": "provided.al2023", "code": "unmade"},
    "typed": {"runtime": "nodejs22.x", "handler": "src/app.handler", "code": "typed"},
    "layered": {"runtime": PYTHON_RUNTIME, "handler": "app.handler", "code": "layered", "layers": ["tools"]},
    "noted": {"runtime": PYTHON_RUNTIME, "handler": "app.handler", "code": "noted", "layers": ["made-layer"]},
    # Declared for another processor, it runs on this one.
    "go": {"runtime": "provided.al2023", "code": "go", "architecture": "arm64", "timeout": 20},
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    need("node", "npm", "make", "curl")
    variables = {"GOPROXY": "off", "GOTOOLCHAIN": "local"}
    with open_house(tmp_path_factory.mktemp("built") / "p", FUNCTIONS, FILES, variables=variables) as house:
        yield house


def test_a_makefile_is_run_when_the_function_is_invoked_and_when_a_file_changed(house: House) -> None:
    assert house.invoke("made").json == "one"
    (house.folder / "made" / "word").write_text("two\n")
    wait_until(lambda: house.invoke("made").json == "two", "the change is built")
    assert sorted(path.name for path in (house.folder / "made").iterdir()) == ["Makefile", "run.sh", "word"]


def test_a_published_version_keeps_what_it_was_built_of(house: House) -> None:
    client = house.client()
    before = house.invoke("made").json
    version = client.publish_version(FunctionName="made")["Version"]
    (house.folder / "made" / "word").write_text("three\n")
    wait_until(lambda: house.invoke("made").json == "three", "the change is built")
    answer = client.invoke(FunctionName="made", Qualifier=version)
    assert answer["Payload"].read() == f'"{before}"'.encode()
    client.close()


def test_what_cannot_be_built_is_told_to_the_caller(house: House) -> None:
    client = house.client()
    with pytest.raises(client.exceptions.ServiceException, match="no compiler today"):
        client.invoke(FunctionName="unmade")
    client.close()


def test_typescript_is_bundled(house: House) -> None:
    client = house.client()
    try:
        answer = client.invoke(FunctionName="typed")
    except client.exceptions.ServiceException as error:
        if "could not be installed by npm" not in str(error):
            raise
        pytest.skip(f"npm does not give esbuild here: {str(error)[-200:]}")
    finally:
        client.close()
    assert answer["Payload"].read() == b'"typed"'
    assert [path.name for path in (house.folder / "typed").iterdir()] == ["src"]


def test_a_layers_packages_are_where_the_runtime_looks_and_its_changes_count(house: House) -> None:
    write_wheel(house.folder / WHEEL)
    assert house.invoke("layered").json == ["main", "one"]
    (house.folder / "tools" / "own.py").write_text("WORD = 'two'\n")
    wait_until(lambda: house.invoke("layered").json == ["main", "two"], "the change is laid out")


def test_a_layer_is_made_by_its_makefile(house: House) -> None:
    if not house.is_walled:
        pytest.skip("without walls there is no /opt of a function's own")
    assert house.invoke("noted").json == "made"


def test_go_is_compiled_for_this_machine_whatever_the_function_declares(house: House) -> None:
    need("go")
    assert house.invoke("go").json == "from Go"
