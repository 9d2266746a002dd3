"""samconfig.toml and the file of `--env-vars`, as SAM reads them."""

from __future__ import annotations

import pytest

from lambdacli.project.env_vars import read_env_vars
from lambdacli.project.records import ConfigError
from lambdacli.project.samconfig import read_samconfig

HELLO = """
version = 0.1

[default.global.parameters]
stack_name = "hello"

[default.build.parameters]
cached = true

[default.deploy.parameters]
capabilities = "CAPABILITY_IAM"
region = "eu-central-1"
profile = "work"
parameter_overrides = "Stage=\\"dev\\" Table=orders"

[default.local_invoke.parameters]
env_vars = "env.json"

[prod.deploy.parameters]
region = "us-west-2"
parameter_overrides = ["Stage=prod", "Table=orders"]
"""


def test_what_a_team_settled_is_found_in_its_tables(tmp_path):
    (tmp_path / "samconfig.toml").write_text(HELLO)
    config = read_samconfig(tmp_path)
    assert (config.stack, config.region, config.profile) == ("hello", "eu-central-1", "work")
    assert config.options.parameters == {"Stage": "dev", "Table": "orders"}
    assert config.options.env_vars == tmp_path / "env.json"


def test_another_environment_is_another_part(tmp_path):
    (tmp_path / "samconfig.toml").write_text(HELLO)
    config = read_samconfig(tmp_path, "prod")
    assert (config.region, config.options.parameters["Stage"], config.options.env_vars) == (
        "us-west-2",
        "prod",
        None,
    )


def test_what_is_said_for_running_comes_before_what_is_said_for_deploying(tmp_path):
    text = HELLO + '[default.local_start_api.parameters]\nparameter_overrides = "Stage=laptop"\n'
    (tmp_path / "samconfig.toml").write_text(text)
    assert read_samconfig(tmp_path).options.parameters == {"Stage": "laptop"}


def test_without_the_file_nothing_is_settled(tmp_path):
    assert read_samconfig(tmp_path).options.parameters == {}


@pytest.mark.parametrize(
    ("text", "environment", "told"),
    [
        ("[default\n", "default", "samconfig.toml:1:1: is no TOML: "),
        ("version = 0.1\n", "prod", "samconfig.toml:1:1: has no environment prod; it is a table, [prod.…]"),
        (
            "[default.deploy.parameters]\n[prod.deploy.parameters]\n",
            "qa",
            "samconfig.toml:1:1: has no environment qa; there is default, prod",
        ),
        (
            "[default.deploy.parameters]\nregion = 1\n",
            "default",
            "samconfig.toml:2:1: region: must be a text, not 1",
        ),
        (
            '[default.deploy.parameters]\nparameter_overrides = "Stage"\n',
            "default",
            "samconfig.toml:2:1: parameter_overrides: 'Stage' overrides no parameter",
        ),
    ],
)
def test_what_cannot_be_understood_is_told_with_its_line(tmp_path, text, environment, told):
    (tmp_path / "samconfig.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_samconfig(tmp_path, environment)
    assert str(caught.value).startswith(told)


def test_variables_are_for_all_functions_or_for_each_by_name(tmp_path):
    file = tmp_path / "env.json"
    file.write_text('{"Parameters": {"ALL": 1}, "Hello": {"DEBUG": true, "NONE": null, "TEXT": "x"}}')
    assert read_env_vars(file, tmp_path) == {
        "Parameters": {"ALL": "1"},
        "Hello": {"DEBUG": "true", "NONE": "", "TEXT": "x"},
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "env.json:1:1: does not exist; it is named by --env-vars or samconfig.toml"),
        ("{\n  'a': 1}", "env.json:2:1: is no JSON: "),
        ("[]", "env.json:1:1: must be an object of functions' names and their variables"),
        ('{"DEBUG": "1"}', "env.json:1:1: DEBUG: must be an object of variables; use Parameters for all"),
        ('{"Hello": {"A": {}}}', "env.json:1:1: Hello.A: "),
        ('{"Hello": {"AWS_REGION": "x"}}', "env.json:1:1: Hello.AWS_REGION: reserved"),
        ('{"Hello": {"LIST": []}}', "env.json:1:1: Hello.LIST: must be a text; JSON goes into a text"),
    ],
)
def test_a_file_of_variables_that_is_wrong_is_told(tmp_path, text, told):
    file = tmp_path / "env.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_env_vars(file, tmp_path)
    assert str(caught.value).startswith(told)
