"""Where a Node.js function finds packages: layers, package.json, the SDK; by require and by import."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.functions_house import House, open_house
from tests.real.toolchains import need, node_from_npm

pytestmark = pytest.mark.real

COMMON = """\
const found = {};
for (const name of ["layered", "numbered", "named"]) {
  try { found[name] = require(name); } catch (error) { found[name] = error.code; }
}
exports.handler = async () => found;
"""
MODULE = """\
const found = {};
for (const name of ["layered", "numbered", "named", "only-module", "only-module/part", "nowhere"]) {
  try { found[name] = (await import(name)).default; } catch (error) { found[name] = error.code; }
}
export const handler = async () => found;
"""
DYNAMIC = "exports.handler = async () => (await import('only-module')).default;\n"
STATIC = 'import word from "layered";\nexport const handler = async () => word;\n'
SDK = """\
import { toUtf8 } from "@smithy/util-utf8";
export const handler = async () => toUtf8(new Uint8Array([104, 105]));
"""
LAYER = {
    "layer/nodejs/node_modules/layered/index.js": "module.exports = 'from the layer';\n",
    "layer/nodejs/node22/node_modules/numbered/index.js": "module.exports = 'for 22';\n",
    "layer/nodejs/node24/node_modules/numbered/index.js": "module.exports = 'for 24';\n",
    "layer/nodejs/node_modules/only-module/package.json": json.dumps(
        {"name": "only-module", "exports": {".": {"import": "./main.mjs"}, "./part": "./lib/part.mjs"}}
    ),
    "layer/nodejs/node_modules/only-module/main.mjs": "export default 'a module';\n",
    "layer/nodejs/node_modules/only-module/lib/part.mjs": "export default 'a part';\n",
}
FILES = {
    **LAYER,
    "plain/common.js": COMMON,
    "plain/module.mjs": MODULE,
    "plain/static.mjs": STATIC,
    "plain/dynamic.js": DYNAMIC,
    "named/common.js": COMMON,
    "named/module.mjs": MODULE,
    "named/package.json": json.dumps(
        {"dependencies": {"named": "file:../local"}, "scripts": {"prepare": "exit 1"}}
    ),
    "local/package.json": '{"name": "named", "version": "1.0.0"}',
    "local/index.js": "module.exports = 'from package.json';\n",
    "broken/index.js": "",
    "broken/package.json": '{"dependencies": {"lam-nowhere": "file:../nowhere.tgz"}}',
    "sdk/index.mjs": SDK,
    "nosdk/index.mjs": 'import "@aws-sdk/client-there-is-none";\nexport const handler = 1;\n',
}


def functions(runtime: str) -> dict[str, dict[str, object]]:
    layers = ["layer"]
    common: dict[str, object] = {"runtime": runtime, "timeout": 20, "layers": layers}
    return {
        "common": {**common, "code": "plain", "handler": "common.handler"},
        "module": {**common, "code": "plain", "handler": "module.handler"},
        "static": {**common, "code": "plain", "handler": "static.handler"},
        "dynamic": {**common, "code": "plain", "handler": "dynamic.handler"},
        "named": {**common, "code": "named", "handler": "common.handler"},
        "named-module": {**common, "code": "named", "handler": "module.handler"},
        "broken": {**common, "code": "broken", "handler": "index.handler"},
        "sdk": {**common, "code": "sdk", "handler": "index.handler"},
        "nosdk": {**common, "code": "nosdk", "handler": "index.handler"},
    }


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    need("node", "npm")
    with open_house(tmp_path_factory.mktemp("packages") / "p", functions("nodejs22.x"), FILES) as house:
        yield house


@pytest.fixture(scope="module", params=[18, 22, 24, 26])
def on_real(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The same functions on a Node.js of this very version."""
    folder = tmp_path_factory.mktemp(f"node{request.param}")
    node = node_from_npm(folder / "node", request.param)
    path = os.pathsep.join([str(node), os.environ["PATH"]])
    chosen = {
        name: settings
        for name, settings in functions(f"nodejs{request.param}.x").items()
        if name in ("common", "module", "static", "dynamic")
    }
    with open_house(folder / "p", chosen, FILES, variables={"PATH": path}) as house:
        yield house


def test_a_layers_packages_are_required_by_the_runtimes_own_number_too(house: House) -> None:
    assert house.invoke("common").json == {
        "layered": "from the layer",
        "numbered": "for 22",
        "named": "MODULE_NOT_FOUND",
    }


IMPORTED = {
    "layered": "from the layer",
    "numbered": "for 22",
    "named": "ERR_MODULE_NOT_FOUND",
    "only-module": "a module",
    "only-module/part": "a part",
    "nowhere": "ERR_MODULE_NOT_FOUND",
}


def test_a_layers_packages_are_imported_as_they_are_required(house: House) -> None:
    assert house.invoke("module").json == IMPORTED
    assert house.invoke("static").json == "from the layer"
    assert house.invoke("dynamic").json == "a module"


def test_real_versions_find_the_same(on_real: House) -> None:
    answer = on_real.invoke("common")
    assert answer.json["layered"] == "from the layer"
    assert on_real.invoke("static").json == "from the layer"
    assert on_real.invoke("dynamic").json == "a module"
    found = on_real.invoke("module").json
    assert {**found, "numbered": ""} == {**IMPORTED, "numbered": ""}
    flags = "is not installed here"
    assert flags not in on_real.lam("invoke", "common").stderr


def test_package_json_is_installed_once_and_nothing_is_written_beside_it(house: House) -> None:
    assert house.invoke("named").json["named"] == "from package.json"
    assert house.invoke("named-module").json["named"] == "from package.json"
    assert sorted(path.name for path in (house.folder / "named").iterdir()) == [
        "common.js",
        "module.mjs",
        "package.json",
    ]
    assert house.journal().count(f"installing {house.folder / 'named' / 'package.json'}") == 1


def test_packages_that_cannot_be_installed_are_told(house: House) -> None:
    client = house.client()
    with pytest.raises(client.exceptions.ServiceException) as caught:
        client.invoke(FunctionName="broken")
    assert f"{house.folder / 'broken' / 'package.json'} could not be installed by npm" in str(caught.value)
    client.close()


def test_the_sdks_packages_that_the_code_imports_are_there(house: House) -> None:
    answer = house.invoke("sdk")
    if "lam fetches it by npm" in answer.log:
        pytest.skip("npm reaches no registry here")
    assert answer.json == "hi"
    assert list((house.folder / "sdk").iterdir()) == [house.folder / "sdk" / "index.mjs"]


def test_what_npm_does_not_have_is_missing_as_on_aws_and_a_line_says_what_to_do(house: House) -> None:
    answer = house.invoke("nosdk")
    name = "@aws-sdk/client-there-is-none"
    assert answer.json["errorMessage"] == f"Cannot find package '{name}' imported from /var/task/index.mjs"
    assert f"lam: {name} comes with nodejs22.x on AWS; lam fetches it by npm" in answer.log
    assert Path(house.folder / "nosdk" / "node_modules").exists() is False
