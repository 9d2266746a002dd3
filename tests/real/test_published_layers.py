"""Published layers below /opt of real functions, made over the API, by `lam layer`, and named in lam.yaml."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.real.functions_house import VERSION, House, open_house, wait_until
from tests.real.toolchains import need

pytestmark = pytest.mark.real

ROLE = "arn:aws:iam::000000000000:role/r"
FOREIGN = "arn:aws:lambda:us-east-1:123456789012:layer:public"

PYTHON = """\
import os, subprocess

def handler(event, context):
    found = {}
    for name in event["modules"]:
        try:
            found[name] = __import__(name).NAME
        except ImportError:
            found[name] = None
    if event.get("tool"):
        found["tool"] = subprocess.run([event["tool"]], capture_output=True, text=True).stdout
    found["library path"] = os.environ["LD_LIBRARY_PATH"].split(":")
    found["data"] = [os.path.exists(each) for each in event.get("files", ())]
    return found
"""

NODE = """\
exports.handler = async () => [require("everywhere"), require("versioned"), require("both")];
"""

RUBY = "require 'layered'\nrequire 'gemmed'\ndef run(event:, context:) = [Layered, Gemmed]\n"

RUBY_LAYER = {
    "ruby/lib/layered.rb": "Layered = 'from lib'\n",
    "ruby/gems/3.4.0/specifications/gemmed-1.0.0.gemspec": (
        "Gem::Specification.new do |s|\n  s.name = 'gemmed'\n  s.version = '1.0.0'\n  s.summary = 'x'\n"
        "  s.authors = ['x']\n  s.files = ['lib/gemmed.rb']\n  s.require_paths = ['lib']\nend\n"
    ),
    "ruby/gems/3.4.0/gems/gemmed-1.0.0/lib/gemmed.rb": "Gemmed = 'from a gem'\n",
}

FILES = {
    "code/app.py": PYTHON,
    "tools/python/from_tools.py": "NAME = 'tools 1'\n",
    "tools/.lamignore": "*.secret\n",
    "tools/python/key.secret": "never\n",
    "stand-in/python/public.py": "NAME = 'stand-in'\n",
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    handler = {"handler": "app.handler", "timeout": 10}
    functions = {
        "newest": {**handler, "layers": ["made-by-lam"]},
        "stands": {**handler, "layers": [f"{FOREIGN}:3"]},
    }
    settings = {"layers": {FOREIGN: "stand-in"}}
    with open_house(tmp_path_factory.mktemp("layers") / "p", functions, FILES, settings) as house:
        yield house


def zip_of(files: Mapping[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o100755 if text.startswith("#!") else 0o100644) << 16
            archive.writestr(entry, text)
    return out.getvalue()


def published(client: Any, name: str, files: Mapping[str, str]) -> str:
    arn = client.publish_layer_version(LayerName=name, Content={"ZipFile": zip_of(files)})["LayerVersionArn"]
    return str(arn)


def made(client: Any, name: str, code: Mapping[str, str], layers: list[str], **members: Any) -> None:
    client.create_function(
        **{
            "FunctionName": name,
            "Runtime": VERSION,
            "Handler": "app.handler",
            "Role": ROLE,
            "Timeout": 20,
            "Code": {"ZipFile": zip_of(code)},
            "Layers": layers,
            **members,
        }
    )


def test_python_finds_modules_programs_and_files_of_its_layers_in_order(house: House) -> None:
    client = house.client()
    first = published(
        client,
        "first",
        {
            "python/plain.py": "NAME = 'first'\n",
            "python/both.py": "NAME = 'first'\n",
            "bin/layer-tool": "#!/bin/sh\necho from the layer\n",
            "data/one.txt": "1",
        },
    )
    second = published(
        client,
        "second",
        {
            f"python/lib/{VERSION}/site-packages/deep.py": "NAME = 'second'\n",
            "python/both.py": "NAME = 'second'\n",
            "lib/libnothing.so": "",
        },
    )
    made(client, "py", {"app.py": PYTHON}, [first, second], Publish=True)
    event: dict[str, Any] = {"modules": ["plain", "deep", "both", "none"], "tool": "layer-tool"}
    if house.is_walled:
        event["files"] = ["/opt/data/one.txt", "/opt/lib/libnothing.so"]
    found = house.invoke("py", event).json
    assert {name: found[name] for name in ("plain", "deep", "both", "none", "tool")} == {
        "plain": "first",
        "deep": "second",
        "both": "second",
        "none": None,
        "tool": "from the layer\n",
    }
    assert all(found["data"])
    if house.is_walled:
        assert "/opt/lib" in found["library path"]
    # The other order, the other winner; what was published keeps what it had, also without the layer.
    client.update_function_configuration(FunctionName="py", Layers=[second, first])
    client.delete_layer_version(LayerName="second", VersionNumber=1)
    assert house.invoke("py", {"modules": ["both"]}).json["both"] == "first"
    assert house.invoke("py", {"modules": ["both", "deep"]}, Qualifier="1").json["both"] == "second"
    client.update_function_configuration(FunctionName="py", Layers=[])
    assert house.invoke("py", {"modules": ["both"]}).json["both"] is None
    client.close()


def test_node_finds_packages_of_its_layers(house: House) -> None:
    need("node")
    client = house.client()
    module = "module.exports = '{}';\n"
    layer = published(
        client,
        "node",
        {
            "nodejs/node_modules/everywhere/index.js": module.format("every version"),
            "nodejs/node22/node_modules/versioned/index.js": module.format("22 only"),
            "nodejs/node_modules/both/index.js": module.format("every version"),
            "nodejs/node22/node_modules/both/index.js": module.format("22 only"),
        },
    )
    made(client, "node", {"app.js": NODE}, [layer], Runtime="nodejs22.x")
    assert house.invoke("node").json == ["every version", "22 only", "22 only"]
    client.close()


def test_ruby_finds_files_and_gems_of_its_layers(house: House) -> None:
    need("ruby")
    client = house.client()
    layer = published(client, "ruby", RUBY_LAYER)
    made(client, "ruby", {"app.rb": RUBY}, [layer], Runtime="ruby3.4", Handler="app.run")
    assert house.invoke("ruby").json == ["from lib", "from a gem"]
    client.close()


def test_a_layer_published_by_lam_reaches_the_functions_of_lam_yaml(house: House) -> None:
    assert "nor a published layer made-by-lam" in house.lam("invoke", "newest").stderr
    done = house.lam("layer", "publish", "made-by-lam", "tools", "--runtime", VERSION, "--description", "d")
    arn = "arn:aws:lambda:us-east-1:000000000000:layer:made-by-lam"
    assert (done.returncode, done.stdout) == (0, f"{arn}:1\n"), done.stderr
    assert house.invoke("newest", {"modules": ["from_tools"]}).json["from_tools"] == "tools 1"
    shown = json.loads(house.lam("show", "newest", "--json").stdout)
    assert shown["layers"] == [f"{arn}:1"]
    with zipfile.ZipFile(
        house.lam("layer", "show", "made-by-lam").stdout.split("zip ")[1].split()[0]
    ) as package:
        assert package.namelist() == ["python/from_tools.py"]
    # The next version comes by itself, and the one before when it is deleted.
    (house.folder / "tools" / "python" / "from_tools.py").write_text("NAME = 'tools 2'\n")
    assert house.lam("layer", "publish", "made-by-lam", "tools").stdout == f"{arn}:2\n"
    assert house.invoke("newest", {"modules": ["from_tools"]}).json["from_tools"] == "tools 2"
    assert house.lam("layer", "delete", "made-by-lam:2").returncode == 0
    assert house.invoke("newest", {"modules": ["from_tools"]}).json["from_tools"] == "tools 1"
    listed = house.lam("layer", "list", "made-by-lam").stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["VERSION", "1"]


def test_a_folder_stands_for_a_public_layer_and_is_followed(house: House) -> None:
    client = house.client()
    made(client, "stands-over-api", {"app.py": PYTHON}, [f"{FOREIGN}:3"])
    for name in ("stands", "stands-over-api"):
        assert house.invoke(name, {"modules": ["public"]}).json["public"] == "stand-in"
        layers = client.get_function_configuration(FunctionName=name)["Layers"]
        assert [layer["Arn"] for layer in layers] == [f"{FOREIGN}:3"]
    shown = json.loads(house.lam("show", "stands", "--json").stdout)["layers"]
    assert shown == [f"{FOREIGN}:3, for which {house.folder / 'stand-in'} stands"]
    (house.folder / "stand-in" / "python" / "public.py").write_text("NAME = 'changed since'\n")
    for name in ("stands", "stands-over-api"):
        wait_until(
            lambda name=name: house.invoke(name, {"modules": ["public"]}).json["public"] == "changed since",
            "the change arrives",
        )
    refused = FOREIGN.replace("public", "unknown")
    with pytest.raises(client.exceptions.ClientError, match="is not authorized to perform"):
        made(client, "refused", {"app.py": PYTHON}, [f"{refused}:1"])
    assert f"`{refused}: ./a-folder` below `layers:` at the top level of lam.yaml" in house.journal()
    client.close()


def test_permissions_by_lam(house: House) -> None:
    house.lam("layer", "publish", "shared", "tools")
    done = house.lam("layer", "permit", "shared:1", "--principal", "123456789012", "--statement-id", "s1")
    assert done.stderr.endswith("permitted arn:aws:iam::123456789012:root (s1) to use shared:1\n")
    assert (
        "permitted to  arn:aws:iam::123456789012:root (s1)\n" in house.lam("layer", "show", "shared").stdout
    )
    assert house.lam("layer", "forbid", "shared:1", "s1").returncode == 0
    assert "permitted" not in house.lam("layer", "show", "shared:1").stdout
    again = house.lam("layer", "forbid", "shared:1", "s1")
    assert again.returncode == 1
    assert again.stderr.endswith(
        "error: ResourceNotFoundException: No policy is associated with the given resource.\n"
    )
