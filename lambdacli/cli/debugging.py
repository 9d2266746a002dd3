"""What a developer is told of a function's debugger: where it is, and VS Code's lines for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lambdacli.cli import render
from lambdacli.cli.errors import CommandError
from lambdacli.client import local
from lambdacli.client.local import Endpoint
from lambdacli.model.attachment import HOST, Attachment
from lambdacli.project import vscode


def launch_file(folder: Path) -> Path:
    """Of a project in this folder."""
    return folder / ".vscode" / "launch.json"


def announce(endpoint: Endpoint, function: str, folder: Path | None, *, waits: bool) -> None:
    """Opens the function's port, and says where to attach."""
    attachment = _attachment(local.open_debugger(endpoint, function))
    render.say(f"lam: attach a debugger to {function} at {HOST}:{attachment.port}")
    for note in attachment.notes:
        render.note(note)
    entry = vscode.configuration(attachment, folder or attachment.folder)
    if folder is None or not _has(launch_file(folder), entry):
        render.say("VS Code's lines for it, which `lam init --vscode` puts into .vscode/launch.json:")
        render.say(json.dumps(entry, indent=4))
    if waits:
        render.say("waiting for a debugger; ^C ends the waiting")


def write_launch_file(endpoint: Endpoint, folder: Path) -> tuple[Path, list[str], bool]:
    """The file, the functions in it that can be debugged, and whether it had to be changed."""
    attachments = [_attachment(told) for told in local.debuggers(endpoint)]
    file = launch_file(folder)
    before = file.read_text() if file.exists() else None
    try:
        after = vscode.merged(before, [vscode.configuration(each, folder) for each in attachments])
    except vscode.LaunchFileError as error:
        raise CommandError(
            f"{file} cannot be added to: {error}", "mend it, or move it away; nothing was written"
        ) from error
    if after != before:
        file.parent.mkdir(exist_ok=True)
        partial = file.with_name(f".{file.name}.new~")
        partial.write_text(after)
        partial.replace(file)
    return file, [each.function for each in attachments], after != before


def _has(file: Path, entry: vscode.Configuration) -> bool:
    try:
        text = file.read_text()
        return vscode.merged(text, [entry]) == text
    except (OSError, vscode.LaunchFileError):
        return False


def _attachment(told: dict[str, Any]) -> Attachment:
    return Attachment(
        function=told["function"],
        language=told["language"],
        port=told["port"],
        folder=Path(told["folder"]),
        seen_as=told["seen_as"],
        notes=tuple(told["notes"]),
    )
