"""From a document to the resolved template."""

from __future__ import annotations

from lambdacli.project.cloudformation.document import Document
from lambdacli.project.cloudformation.template import Surroundings, Template


def template_of(document: Document, surroundings: Surroundings) -> Template:
    """Raises TemplateError with every problem that was found."""
    raise NotImplementedError
