"""Reads lam.yaml into frozen records. All its problems are told at once, each with file, line and key."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from yaml import MappingNode, Node

from lambdacli.model.arn import FunctionKey
from lambdacli.model.concurrency import unreserved_minimum
from lambdacli.model.function import Network
from lambdacli.model.identity import Identities
from lambdacli.model.layer import LayerKey, Substitutions, parse_layer_arn, substitution_hint
from lambdacli.model.limits import ENVIRONMENT_VARIABLES_BYTES, TAGS_PER_RESOURCE
from lambdacli.model.location import find_project
from lambdacli.model.role_trust import decide_assumption
from lambdacli.model.runtime_names import RUNTIMES
from lambdacli.model.variables import is_too_large, measured_text
from lambdacli.project.dotenv import DotenvError, parse_dotenv
from lambdacli.project.kinds import LAYER_ARN, Written, variable_name_fault
from lambdacli.project.schema import (
    FUNCTION,
    FUNCTION_NAME_PATTERN,
    TOP_LEVEL,
    Key,
    unknown_key_hint,
)
from lambdacli.project.yaml_nodes import Complain, YamlError, entries, found, is_nothing, parse_yaml

__all__ = ["ConfigError", "FunctionSettings", "Problem", "Project", "find_project", "load_project"]


@dataclass(frozen=True, slots=True)
class Problem:
    file: Path
    line: int
    column: int
    key_path: str
    message: str
    hint: str = ""

    def text(self, folder: Path) -> str:
        """One line, the file named as seen from this folder."""
        file = self.file.relative_to(folder) if self.file.is_relative_to(folder) else self.file
        key = f" {self.key_path}:" if self.key_path else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{file}:{self.line}:{self.column}:{key} {self.message}{hint}"


class ConfigError(Exception):
    """A lam.yaml that cannot be used. Its text has one line per problem."""

    def __init__(self, folder: Path, problems: tuple[Problem, ...]) -> None:
        super().__init__(folder, problems)
        self.folder = folder
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(problem.text(self.folder) for problem in self.problems)


@dataclass(frozen=True, slots=True)
class FunctionSettings:
    """One function as lam.yaml wants it; all paths are absolute."""

    name: str
    runtime: str
    handler: str
    role: str
    code: Path
    """A folder, or a .zip file."""
    description: str
    memory_mb: int
    timeout_seconds: int
    ephemeral_storage_mb: int
    architecture: str
    variables: Mapping[str, str] | None
    """None: neither `env` nor `env_file` was written."""
    tags: Mapping[str, str]
    layers: tuple[Path | str, ...]
    """Folders, .zip files, or ARNs, in order; the ARN of a layer without a version means its newest one."""
    reserved_concurrency: int | None
    virtual_environment: Path | None
    env_files: tuple[Path, ...] = ()
    freezes: bool = True
    preloads: bool = True
    has_cpu_share: bool = True
    network: Network = Network.HOST

    @property
    def layer_paths(self) -> tuple[Path, ...]:
        return tuple(layer for layer in self.layers if isinstance(layer, Path))


@dataclass(frozen=True, slots=True)
class Project:
    file: Path
    region: str
    account: str
    port: int
    is_port_chosen: bool
    """The port was written down: when it is taken, that is an error; a default slides on."""
    services: Mapping[str, str]
    """Addresses of neighbour services by the names of SERVICES."""
    max_environments: int | None
    account_concurrency: int
    idle_exit_minutes: int
    functions: tuple[FunctionSettings, ...]
    substitutions: Substitutions = field(default_factory=Substitutions)
    """What stands for layers of other accounts."""
    file_systems: Mapping[str, Path] = field(default_factory=dict)
    """Folders by the ARNs of the access points they stand for."""
    is_strict: bool = False
    is_durable: bool = False
    """An accepted event survives a power cut."""
    identities: Identities = field(default_factory=Identities)
    checks_signatures: bool = False
    keys: Path | None = None
    """The file with the access keys; None: where every project of this user has it."""
    warnings: tuple[Problem, ...] = field(default=())

    @property
    def folder(self) -> Path:
        return self.file.parent

    @property
    def watched_paths(self) -> frozenset[Path]:
        """Folders and files whose changes may change a function."""
        paths = {self.folder}
        for function in self.functions:
            paths.update((function.code, *function.layer_paths, *function.env_files))
        return frozenset((*paths, *self.substitute_paths))

    @property
    def substitute_paths(self) -> tuple[Path, ...]:
        return tuple(each for each in self.substitutions.by_arn.values() if isinstance(each, Path))


def load_project(file: Path) -> Project:
    """Raises ConfigError with all problems."""
    file = file.absolute()
    reader = _Reader(file)
    project = reader.read_project()
    if reader.problems:
        in_order = sorted(dict.fromkeys(reader.problems), key=lambda problem: (problem.line, problem.column))
        raise ConfigError(file.parent, tuple(in_order))
    assert project is not None
    return project


@dataclass(frozen=True, slots=True)
class _Entry:
    """A value that was read, and where it stands."""

    value: Any
    node: Node
    path: str


_Settings = dict[str, _Entry]


@dataclass(frozen=True, slots=True)
class _Layers:
    """What the names of layers depend on."""

    account: str
    region: str
    substitutions: Substitutions

    def is_at_hand(self, arn: str) -> bool:
        """Whether it can be a layer of this service's own."""
        reference = parse_layer_arn(arn)
        is_own = reference is not None and reference.key.account == self.account
        return is_own or self.substitutions.of(arn) is not None


class _Reader:
    """Walks the nodes of one lam.yaml and gathers problems and warnings on the way."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.folder = file.parent
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def read_project(self) -> Project | None:
        root = self._root()
        if root is None:
            return None
        top: _Settings = {}
        defaults: _Settings = {}
        functions: dict[str, tuple[Node, _Settings]] = {}
        for name, key, value in self._entries(root, ""):
            if name == "defaults":
                defaults = self._read_settings(value, name) if self._is_mapping(value, name) else {}
            elif name == "functions":
                functions = self._read_functions(value)
            else:
                self._read_key(TOP_LEVEL, name, key, value, "", top)
        account = _value(top, "account", TOP_LEVEL)
        region = _value(top, "region", TOP_LEVEL)
        layers = _Layers(account, region, self._substitutions(top, account, region))
        built = [
            self._build_function(name, node, defaults, own, layers) for name, (node, own) in functions.items()
        ]
        account_concurrency = _value(top, "account_concurrency", TOP_LEVEL)
        self._check_concurrency(built, functions, defaults, account_concurrency)
        identities = Identities(
            roles=_value(top, "roles", TOP_LEVEL), attached=_value(top, "identities", TOP_LEVEL)
        )
        self._check_roles(built, functions, defaults, identities, region, account)
        return Project(
            file=self.file,
            region=region,
            account=account,
            port=_value(top, "port", TOP_LEVEL),
            is_port_chosen="port" in top,
            services=_value(top, "services", TOP_LEVEL),
            max_environments=_value(top, "max_environments", TOP_LEVEL),
            account_concurrency=account_concurrency,
            idle_exit_minutes=_value(top, "idle_exit_minutes", TOP_LEVEL),
            file_systems=self._file_systems(top),
            is_strict=_value(top, "strict", TOP_LEVEL),
            is_durable=_value(top, "durability", TOP_LEVEL) == "full",
            functions=tuple(function for function in built if function is not None),
            substitutions=layers.substitutions,
            identities=identities,
            checks_signatures=_value(top, "auth", TOP_LEVEL),
            keys=self._absolute(top["keys"].value) if "keys" in top else None,
            warnings=tuple(self.warnings),
        )

    # From the file to values by the table

    def _root(self) -> Node | None:
        try:
            text = self.file.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self._add(self.file, 1, 1, "", f"not UTF-8: byte {error.start + 1} cannot be read")
            return None
        except OSError as error:
            self._add(self.file, 1, 1, "", f"cannot be read: {error.strerror}")
            return None
        try:
            root = parse_yaml(text)
        except YamlError as error:
            self._add(self.file, error.line, error.column, "", error.message, error.hint)
            return None
        if root is None:
            return MappingNode("tag:yaml.org,2002:map", [])
        if not isinstance(root, MappingNode) and not is_nothing(root):
            self._complain(
                root, "", f"lam.yaml must be a mapping, not {found(root)}", "begin with `functions:`"
            )
            return None
        return root

    def _read_functions(self, node: Node) -> dict[str, tuple[Node, _Settings]]:
        functions: dict[str, tuple[Node, _Settings]] = {}
        if not self._is_mapping(node, "functions"):
            return functions
        for name, key, value in self._entries(node, "functions"):
            path = f"functions.{name}"
            if re.fullmatch(FUNCTION_NAME_PATTERN, name) is None:
                hint = "1 to 64 letters, digits, hyphens and underscores"
                self._complain(key, path, "not a name that Lambda takes for a function", hint)
            if self._is_mapping(value, path):
                functions[name] = (key, self._read_settings(value, path))
        return functions

    def _read_settings(self, node: Node, path: str) -> _Settings:
        settings: _Settings = {}
        for name, key, value in self._entries(node, path):
            self._read_key(FUNCTION, name, key, value, path, settings)
        return settings

    def _read_key(
        self, keys: tuple[Key, ...], name: str, key: Node, value: Node, parent: str, into: _Settings
    ) -> None:
        path = f"{parent}.{name}" if parent else name
        row = next((row for row in keys if row.name == name), None)
        if row is None:
            hint = unknown_key_hint(name, is_top_level=keys is TOP_LEVEL)
            self._complain(key, path, "unknown key", hint)
            return
        read = row.kind.read(value, self._complain_below(path))
        if read is not None:
            into[name] = _Entry(read, value, path)

    def _is_mapping(self, node: Node, path: str) -> bool:
        """Nothing counts as an empty mapping: `demo:` alone takes all from the defaults."""
        if isinstance(node, MappingNode) or is_nothing(node):
            return True
        self._complain(node, path, f"must be a mapping, not {found(node)}", "")
        return False

    def _entries(self, node: Node, path: str) -> list[tuple[str, Node, Node]]:
        return list(entries(node, self._complain_below(path)))

    # From values to a function

    def _build_function(
        self, name: str, node: Node, defaults: _Settings, own: _Settings, around: _Layers
    ) -> FunctionSettings | None:
        path = f"functions.{name}"
        both = {**defaults, **own}
        runtime: str | None = both["runtime"].value if "runtime" in both else None
        if runtime is None and not self._was_refused(path, "runtime"):
            self._complain(node, path, "has no runtime", "for example `runtime: python3.13`")
        # The rest is looked at all the same, so that every problem is told at once.
        family = None if runtime is None else RUNTIMES[runtime].family
        handler = both["handler"].value if "handler" in both else "bootstrap"
        needs_handler = family not in ("provided", None)
        if "handler" not in both and needs_handler and not self._was_refused(path, "handler"):
            self._complain(node, path, "has no handler", "for example `handler: app.handler`")
        code = self._code(both)
        if family == "python" and code is not None and "handler" in both:
            self._warn_of_missing_module(both["handler"], code)
        variables, env_files = self._variables(path, node, defaults, own)
        tags = self._tags(path, node, defaults, own)
        if "venv" in own and family not in ("python", None):
            self._complain(
                own["venv"].node, own["venv"].path, f"only python has one, not {runtime}", "remove it"
            )
        layers = self._layers(both, around)
        virtual_environment = self._virtual_environment(both) if family in ("python", None) else None
        if runtime is None:
            return None
        return FunctionSettings(
            name=name,
            runtime=runtime,
            handler=handler,
            role=both["role"].value if "role" in both else f"arn:aws:iam::{around.account}:role/lam",
            code=code or self.folder,
            description=_value(both, "description", FUNCTION),
            memory_mb=_value(both, "memory", FUNCTION),
            timeout_seconds=_value(both, "timeout", FUNCTION),
            ephemeral_storage_mb=_value(both, "ephemeral_storage", FUNCTION),
            architecture=_value(both, "architecture", FUNCTION),
            variables=variables,
            tags=tags,
            layers=layers,
            reserved_concurrency=_value(both, "concurrency", FUNCTION),
            virtual_environment=virtual_environment,
            env_files=env_files,
            freezes=_value(both, "freeze", FUNCTION),
            preloads=_value(both, "preload", FUNCTION),
            has_cpu_share=_value(both, "cpu_share", FUNCTION),
            network=Network(_value(both, "network", FUNCTION)),
        )

    def _was_refused(self, path: str, key: str) -> bool:
        """The key is there, but wrong: that was told already."""
        return any(problem.key_path in (f"{path}.{key}", f"defaults.{key}") for problem in self.problems)

    def _code(self, settings: _Settings) -> Path | None:
        if "code" not in settings:
            return self.folder
        entry = settings["code"]
        return self._folder_or_archive(entry.value, entry.node, entry.path)

    def _layers(self, settings: _Settings, around: _Layers) -> tuple[Path | str, ...]:
        if "layers" not in settings:
            return ()
        entry = settings["layers"]
        layers = [
            (written, f"{entry.path}[{index}]", self._layer(written, f"{entry.path}[{index}]", around))
            for index, written in enumerate(entry.value)
        ]
        for written, path, layer in layers:
            if isinstance(layer, str) and not around.is_at_hand(layer):
                message = f"{layer} is a layer of another account, which cannot be fetched from here"
                self._complain(written.node, path, message, substitution_hint(layer))
        return tuple(layer for _, _, layer in layers if layer is not None)

    def _substitutions(self, top: _Settings, account: str, region: str) -> Substitutions:
        if "layers" not in top:
            return Substitutions()
        around = _Layers(account, region, Substitutions())
        entry = top["layers"]
        substitutes = {
            arn: self._layer(written, f"{entry.path}.{arn}", around) for arn, written in entry.value.items()
        }
        return Substitutions({arn: each for arn, each in substitutes.items() if each is not None})

    def _layer(self, written: Written, path: str, around: _Layers) -> Path | str | None:
        """What lies at a path comes before a published layer of that name."""
        text = written.value
        if text.startswith("arn:"):
            if LAYER_ARN.fullmatch(text) is not None:
                return text
            self._complain(written.node, path, f"{text} is not the ARN of a layer", "")
            return None
        name = re.fullmatch(r"([a-zA-Z0-9-_]{1,140})(:[0-9]{1,18})?", text)
        if name is None or self._absolute(text).exists():
            return self._folder_or_archive(text, written.node, path)
        return f"{LayerKey(around.account, around.region, name[1]).arn}{name[2] or ''}"

    def _folder_or_archive(self, text: str, node: Node, path: str) -> Path | None:
        target = self._absolute(text)
        if target.is_dir() or (target.is_file() and target.suffix == ".zip"):
            return target
        message = "must be a folder or a .zip file" if target.exists() else "does not exist"
        self._complain(node, path, f"{text} {message}", "")
        return None

    def _file_systems(self, top: _Settings) -> dict[str, Path]:
        """A folder that is not there yet is made when a function needs it."""
        folders: dict[str, Path] = {}
        for arn, written in (top["file_systems"].value if "file_systems" in top else {}).items():
            folder = self._absolute(written.value)
            if folder.exists() and not folder.is_dir():
                self._complain(written.node, f"file_systems.{arn}", f"{written.value} must be a folder", "")
            folders[arn] = folder
        return folders

    def _virtual_environment(self, settings: _Settings) -> Path | None:
        if "venv" not in settings:
            return None
        entry = settings["venv"]
        folder = self._absolute(entry.value)
        if (folder / "pyvenv.cfg").is_file():
            return folder
        message = "is no virtual environment" if folder.exists() else "does not exist"
        self._complain(
            entry.node, entry.path, f"{entry.value} {message}", f"make it by `python -m venv {entry.value}`"
        )
        return None

    def _warn_of_missing_module(self, handler: _Entry, code: Path) -> None:
        # A warning only: the cloud takes such a function too, and fails when it is invoked.
        if not code.is_dir():
            return
        module, dot, _ = handler.value.rpartition(".")
        if not dot:
            message, hint = f"{handler.value} names no function", "write it as file.function"
        elif self._has_module(code, module):
            return
        else:
            file = code / (module.replace(".", "/") + ".py")
            message, hint = (
                f"the file {_seen_from(self.folder, file)} does not exist",
                "an invocation will fail",
            )
        line, column = _position(handler.node)
        warning = Problem(self.file, line, column, handler.path, message, hint)
        if warning not in self.warnings:
            self.warnings.append(warning)

    @staticmethod
    def _has_module(code: Path, module: str) -> bool:
        base = code / module.replace(".", "/")
        return (
            base.with_name(base.name + ".py").is_file()
            or (base / "__init__.py").is_file()
            or any(base.parent.glob(f"{base.name}.*.so"))
        )

    def _tags(self, path: str, node: Node, defaults: _Settings, own: _Settings) -> dict[str, str]:
        tags: dict[str, str] = {}
        for level in (defaults, own):
            if "tags" in level:
                tags.update(level["tags"].value)
        if len(tags) > TAGS_PER_RESOURCE:
            message = f"has {len(tags)} tags; Lambda allows {TAGS_PER_RESOURCE}"
            self._complain(*_where("tags", own, defaults, (node, path)), message, "")
        return tags

    def _variables(
        self, path: str, node: Node, defaults: _Settings, own: _Settings
    ) -> tuple[dict[str, str] | None, tuple[Path, ...]]:
        """The function's own settings win over the defaults, `env` over `env_file` on each level."""
        variables: dict[str, str] | None = None
        env_files: list[Path] = []
        for level in (defaults, own):
            if "env_file" in level:
                entry = level["env_file"]
                for index, written in enumerate(entry.value):
                    file = self._absolute(written.value)
                    is_single = written.node is entry.node
                    at = entry.path if is_single else f"{entry.path}[{index}]"
                    read = self._read_env_file(file, written, at)
                    variables = {**(variables or {}), **read}
                    env_files.append(file)
            if "env" in level:
                texts = {name: written.value for name, written in level["env"].value.items()}
                variables = {**(variables or {}), **texts}
        if variables is not None and is_too_large(variables):
            size = len(measured_text(variables).encode())
            message = (
                f"the variables measure {size} bytes as JSON; Lambda allows {ENVIRONMENT_VARIABLES_BYTES}"
            )
            self._complain(*_where("env", own, defaults, (node, path)), message, "")
        return variables, tuple(env_files)

    def _read_env_file(self, file: Path, written: Written, path: str) -> dict[str, str]:
        try:
            found_variables = parse_dotenv(file.read_bytes().decode())
        except DotenvError as error:
            self._add(file, error.line, 1, "", error.message)
            return {}
        except UnicodeDecodeError:
            self._complain(written.node, path, f"{written.value} is not UTF-8", "")
            return {}
        except OSError as error:
            reason = (
                "does not exist"
                if isinstance(error, FileNotFoundError)
                else f"cannot be read: {error.strerror}"
            )
            self._complain(written.node, path, f"{written.value} {reason}", "")
            return {}
        for variable in found_variables:
            fault = variable_name_fault(variable.name)
            if fault is not None:
                self._add(file, variable.line, 1, variable.name, *fault)
        return {variable.name: variable.value for variable in found_variables}

    def _check_concurrency(
        self,
        built: list[FunctionSettings | None],
        functions: dict[str, tuple[Node, _Settings]],
        defaults: _Settings,
        account_concurrency: int,
    ) -> None:
        reservable = account_concurrency - unreserved_minimum(account_concurrency)
        total = 0
        for function in built:
            if function is None or function.reserved_concurrency is None:
                continue
            was_within = total <= reservable
            total += function.reserved_concurrency
            if total > reservable and was_within:
                _, own = functions[function.name]
                at_fault = {**defaults, **own}["concurrency"]
                message = f"the functions up to {function.name} reserve {total}"
                hint = f"Lambda lets {reservable} of {account_concurrency} be reserved"
                self._complain(at_fault.node, at_fault.path, message, hint)

    def _check_roles(
        self,
        built: list[FunctionSettings | None],
        functions: dict[str, tuple[Node, _Settings]],
        defaults: _Settings,
        identities: Identities,
        region: str,
        account: str,
    ) -> None:
        for function in built:
            trust = None if function is None else identities.trust_of(function.role)
            if function is None or trust is None:
                continue
            arn = FunctionKey(account, region, function.name).arn
            if decide_assumption(function.role, trust, arn).is_allowed:
                continue
            node, own = functions[function.name]
            place = _where("role", own, defaults, (node, f"functions.{function.name}"))
            hint = "its `trust` in `roles` must allow lambda.amazonaws.com sts:AssumeRole"
            self._complain(*place, f"the role {function.role} cannot be assumed by Lambda", hint)

    def _absolute(self, text: str) -> Path:
        return Path(os.path.normpath(self.folder / Path(text).expanduser()))

    # Problems

    def _complain_below(self, path: str) -> Complain:
        def complain(node: Node, below: str, message: str, hint: str) -> None:
            self._complain(node, (path + below).removeprefix("."), message, hint)

        return complain

    def _complain(self, node: Node, path: str, message: str, hint: str) -> None:
        self._add(self.file, *_position(node), path, message, hint)

    def _add(self, file: Path, line: int, column: int, path: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(file, line, column, path, message, hint))


def _value(settings: _Settings, name: str, keys: tuple[Key, ...]) -> Any:
    """What was written, else the table's default."""
    if name in settings:
        return settings[name].value
    return next(key.default for key in keys if key.name == name)


def _where(name: str, own: _Settings, defaults: _Settings, otherwise: tuple[Node, str]) -> tuple[Node, str]:
    """The place to name for a fault of what both levels give together."""
    return next(
        ((level[name].node, level[name].path) for level in (own, defaults) if name in level), otherwise
    )


def _position(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _seen_from(folder: Path, path: Path) -> Path:
    return path.relative_to(folder) if path.is_relative_to(folder) else path
