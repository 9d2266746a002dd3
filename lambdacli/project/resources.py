"""Finds the folders that are shipped beside the code: `templates/` and `completions/`."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def resource_folder(name: str) -> Path:
    """In an installed wheel they lie inside the package; in a checkout, at the top of the repository."""
    installed = _PACKAGE / name
    return installed if installed.is_dir() else _PACKAGE.parent / name
