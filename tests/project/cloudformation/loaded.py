"""A template read as the project room reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lambdacli.project.cloudformation.document import read_document
from lambdacli.project.cloudformation.loading import template_of
from lambdacli.project.cloudformation.template import Surroundings, Template


def load_template(file: Path, **told: Any) -> Template:
    return template_of(read_document(file), Surroundings(**told))
