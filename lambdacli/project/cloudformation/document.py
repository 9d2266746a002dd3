"""A template's text as plain values, short tags written out, and the place of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lambdacli.project.cloudformation.places import Places


@dataclass(frozen=True, slots=True)
class Document:
    """Values are dicts, lists, texts, numbers, booleans and None; `!Ref X` is `{"Ref": "X"}`. Whoever makes
    templates from something else (a serverless.yml) makes one of these."""

    file: Path
    values: Mapping[str, Any]
    places: Places


def read_document(file: Path) -> Document:
    """Raises TemplateError for what is no template in YAML or JSON."""
    raise NotImplementedError
