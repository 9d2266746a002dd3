"""What the layers named in lam.yaml become, and what is told when they cannot be had."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lambdacli.model.arn import FunctionKey
from lambdacli.model.function import FolderCode, Function, LocalLayer, Origin, PublishedLayer
from lambdacli.model.layer import LayerKey, LayerVersion
from lambdacli.project.config import load_project
from lambdacli.service.project_layers import ProjectLayers, UnusableLayers, depends_on, uses_folder
from lambdacli.store.code import CodeStore
from lambdacli.store.database import open_database
from lambdacli.store.layers import LayerStore
from tests.api_house import zip_of

HERE = ("000000000000", "us-east-1")
TOOLS = LayerKey(*HERE, "tools")
FOREIGN = "arn:aws:lambda:us-east-1:123456789012:layer:tools"


class Shop:
    """A project, and layers beside it."""

    def __init__(self, folder, connection):
        self.folder = folder
        self.code = CodeStore(folder / "code")
        self.store = LayerStore(connection)
        self.layers = ProjectLayers(self.store, self.code)

    def publish(self, text="1", key=TOOLS, **changes):
        code = self.code.add(zip_of(x=text))
        return self.store.publish(LayerVersion(key, 0, code, datetime(2026, 1, 1, tzinfo=UTC), **changes))

    def project(self, layers, top=""):
        file = self.folder / "lam.yaml"
        file.write_text(
            f"{top}\nfunctions:\n  f:\n    runtime: provided.al2023\n    layers: [{', '.join(layers)}]\n"
        )
        return load_project(file)

    def of(self, *layers, top="", former=None):
        project = self.project(layers, top)
        return self.layers.of(project, project.functions[0], former)

    def refusal(self, *layers, top=""):
        with pytest.raises(UnusableLayers) as caught:
            self.of(*layers, top=top)
        return str(caught.value)


@pytest.fixture
def shop(tmp_path):
    with closing(open_database(tmp_path / "lam.db")) as connection:
        yield Shop(tmp_path, connection)


def function(*layers):
    return Function(
        key=FunctionKey(*HERE, "f"),
        runtime="provided.al2023",
        handler="x",
        role="arn:aws:iam::000000000000:role/r",
        code=FolderCode(Path("/code")),
        origin=Origin.PROJECT,
        revision_id="one",
        last_modified=datetime(2026, 1, 1, tzinfo=UTC),
        layers=layers,
    )


def test_a_name_is_the_newest_version_and_an_arn_the_one_it_names(shop):
    first = shop.publish()
    second = shop.publish("2")
    assert shop.of("tools") == (PublishedLayer(second.arn, second.code, second.code.size_bytes),)
    for name in ("'tools:1'", first.arn):
        assert shop.of(name) == (PublishedLayer(first.arn, first.code, first.code.size_bytes),)


def test_a_folder_of_that_name_comes_first(shop):
    shop.publish()
    (shop.folder / "tools").mkdir()
    assert shop.of("tools") == (LocalLayer(shop.folder / "tools"),)


def test_what_stands_for_another_accounts_layer_keeps_its_arn(shop):
    own = shop.publish()
    (shop.folder / "stand-in").mkdir()
    (shop.folder / "stand-in" / "x").write_text("12345")
    assert shop.of(f"{FOREIGN}:3", top=f"layers: {{'{FOREIGN}': stand-in}}") == (
        PublishedLayer(f"{FOREIGN}:3", FolderCode(shop.folder / "stand-in"), 5),
    )
    assert shop.of(f"{FOREIGN}:3", top=f"layers: {{'{FOREIGN}': tools}}") == (
        PublishedLayer(f"{FOREIGN}:3", own.code, own.code.size_bytes),
    )


def test_a_version_that_was_deleted_stays_with_who_has_it(shop):
    version = shop.publish()
    (layer,) = shop.of(version.arn)
    shop.store.delete(TOOLS, 1)
    assert shop.of(version.arn, former=function(layer)) == (layer,)
    assert shop.refusal(version.arn) == f"Layer version {version.arn} does not exist."


def test_what_was_never_published_says_how_to_publish_it(shop):
    assert shop.refusal("tools") == (
        "there is neither a folder nor a published layer tools; "
        "`lam layer publish tools FOLDER` publishes one"
    )


def test_layers_that_do_not_go_together_are_refused_as_aws_does(shop):
    for _ in range(2):
        shop.publish()
    arns = [f"{TOOLS.arn}:{number}" for number in (1, 2)]
    assert "are versions of the same layer." in shop.refusal("'tools:1'", "tools")
    assert "are versions of the same layer." in shop.refusal(*arns)
    elsewhere = "arn:aws:lambda:eu-west-1:000000000000:layer:tools:1"
    assert "Layers are expected to be in region us-east-1." in shop.refusal(elsewhere)


def test_a_stand_in_that_is_itself_not_here_names_the_key(shop):
    other = FOREIGN.replace("tools", "other")
    refusal = shop.refusal(f"{FOREIGN}:3", top=f"layers: {{'{FOREIGN}': '{other}:1'}}")
    assert refusal.endswith(
        f"`{FOREIGN}: ./a-folder` below `layers:` at the top level of lam.yaml stands for it"
    )


def test_a_change_of_a_layer_concerns_those_who_name_it(shop):
    other = replace(TOOLS, name="other")
    assert depends_on(shop.project(["tools"]), TOOLS)
    assert depends_on(shop.project(["'tools:7'"]), TOOLS)
    assert depends_on(shop.project([], top=f"layers: {{'{FOREIGN}': tools}}"), TOOLS)
    assert not depends_on(shop.project(["tools"]), other)


@pytest.mark.parametrize(("path", "expected"), [("/a", True), ("/a/b/c", True), ("/ab", False), ("/", False)])
def test_files_of_a_stand_in_belong_to_the_functions_that_use_it(path, expected):
    used = function(LocalLayer(Path("/local")), PublishedLayer("arn", FolderCode(Path("/a")), 1))
    assert uses_folder(used, Path(path)) is expected
