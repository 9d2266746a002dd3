"""Makes the project of whatever describes it: a lam.yaml, a template, or both."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lambdacli.model.project_files import LAM_NAMES, SERVERLESS_NAMES, TEMPLATE_NAMES
from lambdacli.model.record import record
from lambdacli.model.template_options import NO_OPTIONS, TemplateOptions
from lambdacli.project.config import load_project as load_lam_yaml
from lambdacli.project.env_vars import read_env_vars
from lambdacli.project.foreign.reading import is_of_another_tool, read_template
from lambdacli.project.records import ConfigError, Problem, Project
from lambdacli.project.schema import TOP_LEVEL

if TYPE_CHECKING:
    from lambdacli.project.cloudformation.template import DynamicReference, Lookup
    from lambdacli.project.samconfig import SamConfig

DEFAULT_ENDPOINT = "http://127.0.0.1:4566"
_RESOURCES = re.compile(rb"^\s*\{?\s*[\"']?Resources[\"']?\s*:", re.MULTILINE)


@record
class Surroundings:
    """What neither lam.yaml nor a template says."""

    options: TemplateOptions = NO_OPTIONS
    endpoint: str = DEFAULT_ENDPOINT
    lookup: Lookup | None = None


ALONE = Surroundings()


def load_project(file: Path, around: Surroundings = ALONE) -> Project:
    """Raises ConfigError with all problems."""
    file = file.absolute()
    if not is_template_file(file):
        project = load_lam_yaml(file)
        if project.template_file is not None:
            return _with_template(project, project.template_file, around)
        return project if project.functions else _told_of_forgotten_template(project)
    beside = next((file.parent / name for name in LAM_NAMES if (file.parent / name).is_file()), None)
    if beside is None:
        return _with_template(_nothing_said(file), file, around)
    # It was the template that was asked for: lam.yaml only says how it is run.
    base = replace(
        load_lam_yaml(beside),
        file=file,
        functions=(),
        apis=(),
        declared=(),
        schedules=(),
        further_files=(beside,),
    )
    return _with_template(base, file, around)


def _told_of_forgotten_template(project: Project) -> Project:
    """A lam.yaml with a setting or two, made beside a template, takes its functions away."""
    beside = next((name for name in TEMPLATE_NAMES if (project.folder / name).is_file()), None)
    if beside is None:
        return project
    message = f"{beside} beside it is not read, and here are no functions"
    problem = Problem(project.file, 1, 1, "", message, f"`template: {beside}` takes its functions in")
    return replace(project, warnings=(*project.warnings, problem))


def is_template_file(file: Path) -> bool:
    if file.name in (*LAM_NAMES, *TEMPLATE_NAMES, *SERVERLESS_NAMES):
        return file.name not in LAM_NAMES
    if is_of_another_tool(file):
        return True
    try:
        return _RESOURCES.search(file.read_bytes()) is not None
    except OSError:
        return False


def _with_template(base: Project, template_file: Path, around: Surroundings) -> Project:
    # A project of lam.yaml alone does without all of this.
    from lambdacli.project.cloudformation.template import Surroundings as TemplateSurroundings
    from lambdacli.project.from_template import project_of
    from lambdacli.project.samconfig import read_samconfig

    folder = template_file.parent
    config = read_samconfig(folder, around.options.config_environment)
    options = replace(config.options, parameters={**config.options.parameters, **base.parameters})
    options = options.changed_by(around.options)
    surroundings = TemplateSurroundings(
        overrides=options.parameters,
        imports=base.imports,
        region=base.region if base.is_region_chosen else config.region or base.region,
        account=base.account,
        stack=config.stack,
        endpoint=base.services.get("sqs", around.endpoint),
        lookup=_lookup(around.lookup, base.imports),
    )
    try:
        template, read = read_template(template_file, surroundings, os.environ, options.stage)
        variables = {} if options.env_vars is None else read_env_vars(options.env_vars, base.folder)
        project = project_of(template, base, variables)
    except ConfigError as error:
        error.base = replace(base, region=surroundings.region)
        raise
    return replace(
        project,
        template_file=template_file,
        is_region_chosen=base.is_region_chosen or config.region is not None,
        further_files=_further_files(project, template_file, config, options, read),
    )


def _lookup(asked: Lookup | None, imports: Mapping[str, str]) -> Lookup | None:
    """What `imports` has of Parameter Store and Secrets Manager needs nobody to put it there."""
    if not any(name.startswith(("ssm:", "secretsmanager:")) for name in imports):
        return asked

    def value_of(reference: DynamicReference) -> str | None:
        if reference.import_name in imports:
            return imports[reference.import_name]
        return reference.as_written if asked is None else asked(reference)

    return value_of


def _further_files(
    project: Project, template_file: Path, config: SamConfig, options: TemplateOptions, read: tuple[Path, ...]
) -> tuple[Path, ...]:
    built = template_file.parent / ".aws-sam" / "build" / "template.yaml"
    files = [*project.further_files, template_file, built]
    files += [each for each in (config.file, options.env_vars) if each is not None]
    files += [*read, *(finding.file for finding in project.findings)]
    return tuple(each for each in dict.fromkeys(files) if each != project.file)


def _nothing_said(file: Path) -> Project:
    said = {key.name: key.default for key in TOP_LEVEL}
    return Project(
        file=file,
        region=str(said["region"]),
        account=str(said["account"]),
        port=_number(said["port"]),
        is_port_chosen=False,
        services={},
        max_environments=None,
        account_concurrency=_number(said["account_concurrency"]),
        idle_exit_minutes=_number(said["idle_exit_minutes"]),
        functions=(),
    )


def _number(value: object) -> int:
    assert isinstance(value, int)
    return value
