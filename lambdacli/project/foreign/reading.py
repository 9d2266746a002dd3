"""The template of a project file, whichever tool it is for, and the files that it was read from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lambdacli.model.project_files import ASSEMBLY_FOLDER, ASSEMBLY_MANIFEST, SERVERLESS_NAMES
from lambdacli.model.template_options import STAGE_VARIABLE
from lambdacli.project.records import Problem

if TYPE_CHECKING:
    from lambdacli.project.cloudformation.template import Surroundings, Template


def is_of_another_tool(file: Path) -> bool:
    return file.name in SERVERLESS_NAMES or is_of_assembly(file)


def is_of_assembly(file: Path) -> bool:
    """The manifest of what `cdk synth` wrote, or a stack's template beside it."""
    folder = file.parent
    is_named = file.name == ASSEMBLY_MANIFEST or file.name.endswith(".template.json")
    return is_named and (folder / ASSEMBLY_MANIFEST).is_file() and _is_marked(folder)


def _is_marked(folder: Path) -> bool:
    """The toolkit lays an empty file beside a manifest; one written by hand has at least its name."""
    return (folder / ASSEMBLY_FOLDER).is_file() or folder.name == ASSEMBLY_FOLDER


def read_template(
    file: Path, surroundings: Surroundings, environment: Mapping[str, str], stage: str | None = None
) -> tuple[Template, tuple[Path, ...]]:
    """Raises TemplateError with every problem that was found."""
    if file.name in SERVERLESS_NAMES:
        from lambdacli.project.foreign import serverless

        if stage is None and "stage" not in surroundings.overrides:
            stage = environment.get(STAGE_VARIABLE)
        options = {"stage": stage} if stage else {}
        return serverless.load(file, surroundings, serverless.ServerlessOptions(environment, options))
    if stage is not None:
        from lambdacli.project.cloudformation.template import TemplateError

        problem = Problem(file, 1, 1, "", "has no stages: a serverless.yml has", "leave out --stage")
        raise TemplateError(file.parent, (problem,))
    if is_of_assembly(file):
        from lambdacli.project.foreign import cdk

        return cdk.load(file, surroundings)
    from lambdacli.project.cloudformation.document import read_document
    from lambdacli.project.cloudformation.loading import template_of

    return template_of(read_document(file), surroundings), ()
