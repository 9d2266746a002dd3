"""What decides the outcome of a build, as one short key: files by their content, and words."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from lambdacli.package.files import code_files

OUTCOMES = frozenset({"node_modules", "target", ".aws-sam", ".serverless", "cdk.out", ".gradle"})
"""What builds leave at the top of a folder of sources."""


def digest_of_folder(folder: Path, leaves_out: frozenset[str] = OUTCOMES) -> str:
    """Names, contents and whether a file can be run; neither times nor where the folder lies."""
    digest = hashlib.sha256()
    for file in code_files(folder, skips_unfit=True, leaves_out=leaves_out):
        line = f"{file.name}\0{int(file.is_executable)}\0{digest_of_file(file.path)}\n"
        digest.update(os.fsencode(line))
    return digest.hexdigest()


def digest_of_file(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return "-"


def key_of(words: Iterable[object]) -> str:
    return hashlib.sha256("\0".join(map(str, words)).encode()).hexdigest()[:32]
