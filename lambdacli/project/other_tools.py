"""How the tool that a template was written for deploys it, and into which stacks: what its own files say."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from lambdacli.model.project_files import ASSEMBLY_MANIFEST, SERVERLESS_NAMES, TEMPLATE_NAMES
from lambdacli.model.record import record
from lambdacli.model.template_options import DEFAULT_CONFIG_ENVIRONMENT
from lambdacli.project.foreign.reading import is_of_assembly
from lambdacli.project.samconfig import FILE_NAME as SAMCONFIG
from lambdacli.project.samconfig import SamConfig, read_samconfig

_PACKAGED = "packaged.yaml"
_TRANSFORM = re.compile(rb"AWS::Serverless-2016-10-31")


@record
class Asked:
    """What was said on the command line, which the other tool must be told too."""

    profile: str | None = None
    region: str | None = None
    config_environment: str = DEFAULT_CONFIG_ENVIRONMENT


@record
class OwnTool:
    command: str
    """For the shell, in the folder of the project."""
    why: str = ""
    """Where its arguments come from, if from a file."""
    stacks: tuple[str, ...] = ()
    """Those that it makes, as far as its files name them."""
    profile: str | None = None
    """With which it asks AWS, if its files name one."""


def own_tool(file: Path, asked: Asked) -> OwnTool:
    """Of a template, as `is_template_file` knows it. Raises ConfigError for files that cannot be read."""
    if file.name in SERVERLESS_NAMES:
        words = ["--aws-profile", asked.profile] if asked.profile else []
        words += ["--region", asked.region] if asked.region else []
        return OwnTool(_command("serverless deploy", words))
    if is_of_assembly(file):
        return _cdk(file, asked)
    config = read_samconfig(file.parent, asked.config_environment)
    is_sam = _TRANSFORM.search(file.read_bytes()) is not None
    return _sam(file, config, asked) if is_sam or config.file is not None else _cloudformation(file, asked)


def _cdk(file: Path, asked: Asked) -> OwnTool:
    from lambdacli.project.foreign.cdk_manifest import read_assembly

    assembly = read_assembly(file.parent)
    is_whole = file.name == ASSEMBLY_MANIFEST
    stacks = assembly.stacks if is_whole else assembly.needed_by(file)
    named = ["--all"] if is_whole and len(stacks) > 1 else [stacks[-1].display_name]
    if not is_whole:
        named = [each.display_name for each in stacks if each.file.resolve() == file.resolve()]
    profile = ["--profile", asked.profile] if asked.profile else []
    return OwnTool(
        _command("cdk deploy", [*named, *profile]), stacks=tuple(each.stack_name for each in stacks)
    )


def _sam(file: Path, config: SamConfig, asked: Asked) -> OwnTool:
    template = [] if file.name in TEMPLATE_NAMES else ["-t", file.name]
    environment: list[str] = []
    if asked.config_environment != DEFAULT_CONFIG_ENVIRONMENT:
        environment = ["--config-env", asked.config_environment]
    account = _account_words(asked)
    if config.stack is None:
        # It asks for what is not settled, and writes the answers into samconfig.toml.
        account = ["--guided", *account]
    build = _command("sam build", [*template, *environment])
    deploy = _command("sam deploy", [*environment, *account])
    settled = [f"stack {config.stack}"] if config.stack else []
    settled += [f"region {config.region}"] if config.region and not asked.region else []
    settled += [f"profile {config.profile}"] if config.profile and not asked.profile else []
    return OwnTool(
        f"{build} && {deploy}",
        why=f"{SAMCONFIG} says {', '.join(settled)}" if settled else "",
        stacks=(config.stack,) if config.stack else (),
        profile=config.profile,
    )


def _cloudformation(file: Path, asked: Asked) -> OwnTool:
    account = _account_words(asked)
    package = ["--template-file", file.name, "--s3-bucket", "BUCKET", "--output-template-file", _PACKAGED]
    deploy = ["--template-file", _PACKAGED, "--stack-name", "NAME", "--capabilities", "CAPABILITY_NAMED_IAM"]
    return OwnTool(
        f"{_command('aws cloudformation package', [*package, *account])} && "
        f"{_command('aws cloudformation deploy', [*deploy, *account])}"
    )


def _account_words(asked: Asked) -> list[str]:
    words = ["--profile", asked.profile] if asked.profile else []
    return [*words, "--region", asked.region] if asked.region else words


def _command(begin: str, words: Sequence[str | None]) -> str:
    return " ".join([begin, *(shlex.quote(word) for word in words if word)])
