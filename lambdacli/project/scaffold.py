"""What `lam init` writes: a new project, or one more function in one. Plans first, then writes."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
from pathlib import Path

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from yaml import MappingNode, Node, ScalarNode

from lambdacli.model.location import find_project
from lambdacli.model.nearest import nearest
from lambdacli.model.project_files import LAM_NAMES
from lambdacli.model.record import record
from lambdacli.model.runtime_names import RUNTIMES
from lambdacli.project.config import ConfigError, load_project
from lambdacli.project.resources import resource_folder
from lambdacli.project.schema import FUNCTION_NAME_PATTERN
from lambdacli.project.yaml_nodes import is_nothing, parse_yaml


class ScaffoldError(Exception):
    """Nothing was written: why, then what to do."""


@record
class Template:
    name: str
    runtime: str
    handler: str
    test_command: str


TEMPLATES = {
    template.name: template
    for template in (
        Template("python", "python3.13", "lambda_function.lambda_handler", "python3 -m unittest"),
        Template("nodejs", "nodejs22.x", "index.handler", "node --test"),
        Template("ruby", "ruby3.4", "lambda_function.lambda_handler", "ruby test_lambda_function.rb"),
        Template("custom", "provided.al2023", "function.handler", "sh test.sh"),
    )
}


@record
class NewFile:
    path: Path
    content: bytes
    is_executable: bool = False


@record
class Plan:
    """All that will be written, and what to type afterwards."""

    function_name: str
    files: tuple[NewFile, ...]
    project_file: Path
    changed_project: str | None
    """The new text of an existing lam.yaml; None: the project is new, lam.yaml is among the files."""
    next_steps: tuple[str, ...]


def plan_new_function(
    start: Path, name: str | None = None, template: str = "python", runtime: str | None = None
) -> Plan:
    """What `lam init NAME` does in this folder; nothing is written.

    Without a project above, a new one: in a folder called NAME, or here when no name is given."""
    chosen = TEMPLATES.get(template)
    if chosen is None:
        raise ScaffoldError(f"there is no template {template}; choose from {', '.join(TEMPLATES)}")
    if runtime is not None:
        _check_runtime(runtime, chosen)
    start = start.absolute()
    function_name = _checked_name(name if name is not None else start.name, is_from_folder=name is None)
    project_file = find_project(start)
    if project_file is None:
        plan = _plan_project(start if name is None else start / function_name, function_name, chosen, runtime)
    elif project_file.name not in LAM_NAMES:
        raise ScaffoldError(f"{project_file} describes this project; add the function to it")
    elif name is None:
        raise ScaffoldError(f"{project_file} exists already; to add a function, give it a name")
    else:
        plan = _plan_addition(start / function_name, function_name, chosen, runtime, project_file)
    in_the_way = [file.path for file in plan.files if os.path.lexists(file.path)]
    if in_the_way:
        names = ", ".join(str(_seen_from(start, path)) for path in in_the_way)
        raise ScaffoldError(f"nothing was written, for these exist already: {names}")
    return _with_next_steps(plan, start, chosen)


@record
class Created:
    files: tuple[Path, ...]
    next_steps: tuple[str, ...]
    changed: Path | None
    """The lam.yaml that got an entry more."""
    project_file: Path


def create_function_files(
    start: Path, name: str | None = None, template: str = "python", runtime: str | None = None
) -> Created:
    plan = plan_new_function(start, name, template, runtime)
    changed = plan.project_file if plan.changed_project is not None else None
    return Created(create(plan), plan.next_steps, changed, plan.project_file)


def create(plan: Plan) -> tuple[Path, ...]:
    """Writes all of a plan or nothing; the paths that were written, a changed lam.yaml last."""
    written: list[Path] = []
    made: list[Path] = []
    try:
        for file in plan.files:
            made += _make_folders(file.path.parent)
            # "x": what appeared since the plan was made is not overwritten either.
            with file.path.open("xb") as target:
                written.append(file.path)
                target.write(file.content)
            if file.is_executable:
                file.path.chmod(0o755)
        if plan.changed_project is not None:
            _replace(plan.project_file, plan.changed_project)
            written.append(plan.project_file)
    except OSError as error:
        _undo(written, made)
        raise ScaffoldError(f"nothing was written: {error.filename}: {error.strerror}") from error
    except BaseException:
        _undo(written, made)
        raise
    return tuple(written)


def _check_runtime(runtime: str, template: Template) -> None:
    if runtime not in RUNTIMES:
        near = nearest(runtime.lower(), RUNTIMES)
        hint = f"did you mean {near}?" if near else f"known are {', '.join(RUNTIMES)}"
        raise ScaffoldError(f"{runtime} is no runtime that a function can be made with; {hint}")
    family = RUNTIMES[template.runtime].family
    if RUNTIMES[runtime].family != family:
        raise ScaffoldError(
            f"the template {template.name} is for {family} runtimes such as {template.runtime}, not {runtime}"
        )


def _checked_name(name: str, *, is_from_folder: bool) -> str:
    if re.fullmatch(FUNCTION_NAME_PATTERN, name):
        return name
    rule = "Lambda takes 1 to 64 letters, digits, hyphens and underscores"
    if is_from_folder:
        raise ScaffoldError(f"the folder's name {name!r} is no name for a function ({rule}); give one")
    raise ScaffoldError(f"{name!r} is no name for a function: {rule}")


def _plan_project(folder: Path, name: str, template: Template, runtime: str | None) -> Plan:
    text = f"functions:\n{_entry_text(name, _settings(template, runtime, None), '  ', '  ')}"
    files = (
        NewFile(folder / "lam.yaml", text.encode()),
        *_gitignore(folder),
        *_template_files(template, folder),
    )
    return Plan(name, files, folder / "lam.yaml", None, ())


def _gitignore(folder: Path) -> tuple[NewFile, ...]:
    """Only where there is none: .lam/ has an ignore file of its own, so one that exists is left alone."""
    file = folder / ".gitignore"
    return () if os.path.lexists(file) else (NewFile(file, b".lam/\n"),)


def _plan_addition(
    folder: Path, name: str, template: Template, runtime: str | None, project_file: Path
) -> Plan:
    try:
        project = load_project(project_file)
    except ConfigError as error:
        raise ScaffoldError(f"lam.yaml has problems; mend them first:\n{error}") from error
    if any(function.name == name for function in project.functions):
        raise ScaffoldError(f"{project_file} has a function {name} already; choose another name")
    code = folder.relative_to(project_file.parent).as_posix()
    text = project_file.read_bytes().decode()
    changed = with_function(text, name, _settings(template, runtime, code))
    return Plan(name, _template_files(template, folder), project_file, changed, ())


def _settings(template: Template, runtime: str | None, code: str | None) -> dict[str, str]:
    settings = {"runtime": runtime or template.runtime, "handler": template.handler}
    return settings if code is None else {**settings, "code": code}


def _template_files(template: Template, folder: Path) -> tuple[NewFile, ...]:
    source = resource_folder("templates") / template.name
    paths = sorted(path for path in source.rglob("*") if path.is_file() and path.suffix != ".pyc")
    # Told by its first line: an installer may have lost the mode.
    return tuple(
        NewFile(folder / path.relative_to(source), content, content.startswith(b"#!"))
        for path in paths
        for content in (path.read_bytes(),)
    )


def _with_next_steps(plan: Plan, start: Path, template: Template) -> Plan:
    folder = next(file.path for file in plan.files if file.path.parent.name == "events").parent.parent
    inside = _seen_from(start, folder)
    commands = []
    if plan.changed_project is not None:
        commands = [
            f"lam invoke {plan.function_name} --event {shlex.quote(str(inside / 'events' / 'event.json'))}",
            f"(cd {shlex.quote(str(inside))} && {template.test_command})",
        ]
    else:
        if folder != start:
            commands.append(f"cd {shlex.quote(str(inside))}")
        commands += [f"lam invoke {plan.function_name} --event events/event.json", template.test_command]
    return Plan(plan.function_name, plan.files, plan.project_file, plan.changed_project, tuple(commands))


# The entry in an existing lam.yaml


def with_function(text: str, name: str, settings: dict[str, str]) -> str:
    """lam.yaml's text with one more function, every other byte as it was.

    Only a `functions: {…}` on one line has to be written anew, by ruamel, which keeps its comments."""
    functions = _functions_node(text)
    newline = "\r\n" if "\r\n" in text else "\n"
    if isinstance(functions, MappingNode) and functions.flow_style and functions.value:
        changed = _with_flow_entry(text, name, settings)
    elif isinstance(functions, MappingNode) and functions.value:
        changed = _with_block_entry(text, functions, name, settings, newline)
    else:
        changed = _with_first_entry(text, functions, name, settings, newline)
    # Read as texts only: what is compared is what stands there, not what YAML makes of it.
    before = yaml.load(text, Loader=yaml.BaseLoader) or {}
    known = before.get("functions")
    wanted = {**before, "functions": {**(known if isinstance(known, dict) else {}), name: settings}}
    assert yaml.load(changed, Loader=yaml.BaseLoader) == wanted, changed
    return changed


def _functions_node(text: str) -> Node | None:
    root = parse_yaml(text)
    if not isinstance(root, MappingNode):
        return None
    return next((value for key, value in root.value if key.value == "functions"), None)


def _with_block_entry(
    text: str, functions: MappingNode, name: str, settings: dict[str, str], newline: str
) -> str:
    """Right below the last function's last line: comments after it belong to what follows."""
    indentation = " " * functions.value[0][0].start_mark.column
    last = functions.value[-1][1]
    inner = "  "
    if isinstance(last, MappingNode) and last.value and not last.flow_style:
        inner = " " * (last.value[0][0].start_mark.column - len(indentation))
    lines = text.splitlines(keepends=True)
    has_blank_lines = (
        len(functions.value) > 1 and not lines[functions.value[-1][0].start_mark.line - 1].strip()
    )
    entry = _entry_text(name, settings, indentation, inner)
    return _inserted(lines, _line_after(last), ("\n" if has_blank_lines else "") + entry, newline)


def _with_first_entry(
    text: str, functions: Node | None, name: str, settings: dict[str, str], newline: str
) -> str:
    lines = text.splitlines(keepends=True)
    entry = _entry_text(name, settings, "  ", "  ")
    if functions is None:
        return _inserted(lines, len(lines), f"functions:\n{entry}", newline)
    # `functions: {}` or `functions:` with nothing
    line = functions.start_mark.line
    if not is_nothing(functions) or functions.value:
        start, end = functions.start_mark.column, functions.end_mark.column
        lines[line] = (lines[line][:start].rstrip() + lines[line][end:].rstrip("\r\n")).rstrip() + newline
    return _inserted(lines, line + 1, entry, newline)


def _with_flow_entry(text: str, name: str, settings: dict[str, str]) -> str:
    editor = YAML()
    editor.preserve_quotes = True
    editor.width = 10_000
    document = editor.load(text)
    entry = CommentedMap(settings)
    entry.fa.set_flow_style()
    document["functions"][name] = entry
    target = io.StringIO()
    editor.dump(document, target)
    return target.getvalue()


def _line_after(node: Node) -> int:
    """The line below the last one that holds a part of this value. The mark at a mapping's end does not tell:
    it stands before the next key, beyond comments and blank lines."""
    if isinstance(node, ScalarNode) or getattr(node, "flow_style", False) or not node.value:
        end = node.end_mark
        return int(end.line) if end.column == 0 and end.line > node.start_mark.line else int(end.line) + 1
    last = node.value[-1]
    return _line_after(last[1] if isinstance(last, tuple) else last)


def _entry_text(name: str, settings: dict[str, str], indentation: str, inner: str) -> str:
    # A name of digits only would be a number for other readers of the file.
    lines = [f"{indentation}{_quoted(name)}:"]
    lines += [f"{indentation}{inner}{key}: {_quoted(value)}" for key, value in settings.items()]
    return "".join(f"{line}\n" for line in lines)


def _quoted(text: str) -> str:
    is_plain = re.fullmatch(r"[A-Za-z0-9_./-]+", text) is not None and yaml.safe_load(text) == text
    return text if is_plain else "'" + text.replace("'", "''") + "'"


def _inserted(lines: list[str], at: int, addition: str, newline: str) -> str:
    above, below = lines[:at], lines[at:]
    if above and not above[-1].endswith("\n"):
        above[-1] += newline
    return "".join([*above, addition.replace("\n", newline), *below])


# Writing


def _make_folders(folder: Path) -> list[Path]:
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir()
    return list(reversed(missing))


def _replace(file: Path, text: str) -> None:
    # A link to a lam.yaml elsewhere stays a link: its target is replaced.
    target = file.resolve()
    partial = target.with_name(f".{target.name}.new~")
    try:
        partial.write_bytes(text.encode())
        partial.chmod(target.stat().st_mode & 0o777)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _undo(files: list[Path], folders: list[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)
    for folder in reversed(folders):
        with contextlib.suppress(OSError):
            folder.rmdir()


def _seen_from(start: Path, path: Path) -> Path:
    return path.relative_to(start) if path.is_relative_to(start) else path
