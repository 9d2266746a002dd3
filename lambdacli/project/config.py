"""Makes the project of a lam.yaml. All its problems are told at once, each with file, line and key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from yaml import Node

from lambdacli.model.arn import FunctionKey
from lambdacli.model.captured import CaptureRules
from lambdacli.model.concurrency import unreserved_minimum
from lambdacli.model.event import HistoryBounds
from lambdacli.model.function import Debugging, Network
from lambdacli.model.http_apis import HttpApi
from lambdacli.model.identity import Identities, Role
from lambdacli.model.layer import LayerKey, Substitutions, parse_layer_arn, substitution_hint
from lambdacli.model.limits import ENVIRONMENT_VARIABLES_BYTES, TAGS_PER_RESOURCE
from lambdacli.model.location import find_project
from lambdacli.model.policy_document import PolicyDocument, PolicyKind, policy_of
from lambdacli.model.record import record
from lambdacli.model.role_trust import decide_assumption
from lambdacli.model.runtime_names import RUNTIMES
from lambdacli.model.schedule import Schedule
from lambdacli.model.variables import is_too_large, measured_text
from lambdacli.project.declared import DeclaredEventInvoke, role_name
from lambdacli.project.declared_settings import declared_of
from lambdacli.project.dotenv import DotenvError, parse_dotenv
from lambdacli.project.http_apis import WrittenRoutes, build_apis
from lambdacli.project.kinds import LAYER_ARN, Written, variable_name_fault
from lambdacli.project.policies import documents_of
from lambdacli.project.reading import Entry, NodeReader, Settings, position_of, value_of, where
from lambdacli.project.records import ConfigError, FunctionSettings, Problem, Project
from lambdacli.project.schedule_kinds import schedules_of
from lambdacli.project.schema import (
    FUNCTION,
    TOP_LEVEL,
)

__all__ = ["ConfigError", "FunctionSettings", "Problem", "Project", "find_project", "load_project"]


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


@record
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


class _Reader(NodeReader):
    """From the values of one lam.yaml to its project."""

    def read_project(self) -> Project | None:
        root = self._root()
        if root is None:
            return None
        top: Settings = {}
        defaults: Settings = {}
        functions: dict[str, tuple[Node, Settings]] = {}
        for name, key, value in self._entries(root, ""):
            if name == "defaults":
                defaults = self._read_settings(value, name) if self._is_mapping(value, name) else {}
            elif name == "functions":
                functions = self._read_functions(value)
            else:
                self._read_key(TOP_LEVEL, name, key, value, "", top)
        account = value_of(top, "account", TOP_LEVEL)
        region = value_of(top, "region", TOP_LEVEL)
        layers = _Layers(account, region, self._substitutions(top, account, region))
        built = [
            self._build_function(name, node, defaults, own, layers) for name, (node, own) in functions.items()
        ]
        account_concurrency = value_of(top, "account_concurrency", TOP_LEVEL)
        self._check_concurrency(built, functions, defaults, account_concurrency)
        identities = Identities(
            roles=_with_own_roles(value_of(top, "roles", TOP_LEVEL), built, region, account),
            attached=value_of(top, "identities", TOP_LEVEL),
        )
        self._check_roles(built, functions, defaults, identities, region, account)
        apis = self._apis(top, defaults, functions)
        taken = tuple(function for function in built if function is not None)
        return Project(
            file=self.file,
            region=region,
            account=account,
            port=value_of(top, "port", TOP_LEVEL),
            is_port_chosen="port" in top,
            is_region_chosen="region" in top,
            services=value_of(top, "services", TOP_LEVEL),
            max_environments=value_of(top, "max_environments", TOP_LEVEL),
            account_concurrency=account_concurrency,
            idle_exit_minutes=value_of(top, "idle_exit_minutes", TOP_LEVEL),
            file_systems=self._file_systems(top),
            is_strict=value_of(top, "strict", TOP_LEVEL),
            is_durable=value_of(top, "durability", TOP_LEVEL) == "full",
            has_stream_bandwidth=value_of(top, "stream_bandwidth", TOP_LEVEL) == "lambda",
            capture=value_of(top, "capture", TOP_LEVEL) or CaptureRules(),
            history=_history(value_of(top, "history", TOP_LEVEL)),
            functions=taken,
            declared=declared_of(
                taken, self.file, lambda name, key: _line_of(*functions[name], defaults, key)
            ),
            substitutions=layers.substitutions,
            identities=identities,
            checks_signatures=value_of(top, "auth", TOP_LEVEL),
            keys=self._absolute(top["keys"].value) if "keys" in top else None,
            warnings=tuple(self.warnings),
            apis=apis,
            schedules=self._schedules(defaults, functions, account, region),
            template_file=self._template(top),
            parameters=value_of(top, "parameters", TOP_LEVEL),
            imports=value_of(top, "imports", TOP_LEVEL),
            jwt_keys={
                issuer: self._absolute(file) for issuer, file in value_of(top, "jwt_keys", TOP_LEVEL).items()
            },
        )

    def _template(self, top: Settings) -> Path | None:
        if "template" not in top:
            return None
        entry = top["template"]
        file = self._absolute(entry.value)
        if not file.is_file():
            self._complain(entry.node, entry.path, f"{entry.value} does not exist", "")
        return file

    def _apis(
        self, top: Settings, defaults: Settings, functions: dict[str, tuple[Node, Settings]]
    ) -> tuple[HttpApi, ...]:
        for key in ("http", "websocket"):
            if key in defaults:
                entry = defaults[key]
                self._complain(entry.node, entry.path, "a route leads to one function", "write it there")
        written = [
            WrittenRoutes(name, own[key].path, own[key].value, is_websocket=key == "websocket")
            for name, (_, own) in functions.items()
            for key in ("http", "websocket")
            if key in own
        ]
        return build_apis(
            value_of(top, "apis", TOP_LEVEL), written, tuple(functions), self._complain, self.folder
        )

    def _schedules(
        self, defaults: Settings, functions: dict[str, tuple[Node, Settings]], account: str, region: str
    ) -> tuple[Schedule, ...]:
        if "schedule" in defaults:
            entry = defaults["schedule"]
            self._complain(entry.node, entry.path, "a schedule invokes one function", "write it there")
        made: dict[str, Schedule] = {}
        for name, (_, own) in functions.items():
            if "schedule" not in own:
                continue
            key = FunctionKey(account, region, name)
            for schedule in schedules_of(own["schedule"].value, key, self.file.name):
                if schedule.name in made:
                    entry, other = own["schedule"], made[schedule.name].where
                    message = f"a schedule {schedule.name} is there already ({other})"
                    self._complain(entry.node, entry.path, message, "give one of them another `name`")
                made[schedule.name] = schedule
        return tuple(made.values())

    # From values to a function

    def _build_function(
        self, name: str, node: Node, defaults: Settings, own: Settings, around: _Layers
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
            role=self._role(name, own, both, around.account),
            code=code or self.folder,
            description=value_of(both, "description", FUNCTION),
            memory_mb=value_of(both, "memory", FUNCTION),
            timeout_seconds=value_of(both, "timeout", FUNCTION),
            ephemeral_storage_mb=value_of(both, "ephemeral_storage", FUNCTION),
            architecture=value_of(both, "architecture", FUNCTION),
            variables=variables,
            tags=tags,
            layers=layers,
            reserved_concurrency=value_of(both, "concurrency", FUNCTION),
            virtual_environment=virtual_environment,
            env_files=env_files,
            freezes=value_of(both, "freeze", FUNCTION),
            preloads=value_of(both, "preload", FUNCTION),
            has_cpu_share=value_of(both, "cpu_share", FUNCTION),
            network=Network(value_of(both, "network", FUNCTION)),
            url=value_of(both, "url", FUNCTION) or None,
            debugging=self._debugging(both, family),
            build=value_of(both, "build", FUNCTION),
            is_role_given="role" in both,
            policies=value_of(both, "policies", FUNCTION),
            alias=value_of(both, "alias", FUNCTION),
            dead_letter=value_of(both, "dead_letter", FUNCTION),
            event_invoke=_event_invoke(both),
            provisioned_concurrency=value_of(both, "provisioned", FUNCTION),
            log_retention_days=value_of(both, "log_retention", FUNCTION),
            permissions=value_of(both, "permissions", FUNCTION),
            mappings=value_of(both, "sources", FUNCTION),
        )

    def _role(self, name: str, own: Settings, both: Settings, account: str) -> str:
        """A function with `policies` has a role of its own, which has exactly those."""
        if "role" in both:
            if "policies" in own:
                entry = own["policies"]
                message = "has no effect beside `role`: that role's policies count"
                self._complain(entry.node, entry.path, message, "remove one of the two")
            return str(both["role"].value)
        own_name = role_name(name) if "policies" in both else "lam"
        return f"arn:aws:iam::{account}:role/{own_name}"

    def _debugging(self, settings: Settings, family: str | None) -> Debugging | None:
        given = value_of(settings, "debug", FUNCTION)
        debugging = given if isinstance(given, Debugging) else None
        if debugging is not None and family == "provided":
            entry = settings["debug"]
            if not entry.path.startswith("defaults."):
                self._complain(
                    entry.node, entry.path, "what a provided.* function runs cannot be debugged", "remove it"
                )
            return None
        return debugging

    def _was_refused(self, path: str, key: str) -> bool:
        """The key is there, but wrong: that was told already."""
        return any(problem.key_path in (f"{path}.{key}", f"defaults.{key}") for problem in self.problems)

    def _code(self, settings: Settings) -> Path | None:
        if "code" not in settings:
            return self.folder
        entry = settings["code"]
        return self._folder_or_archive(entry.value, entry.node, entry.path)

    def _layers(self, settings: Settings, around: _Layers) -> tuple[Path | str, ...]:
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

    def _substitutions(self, top: Settings, account: str, region: str) -> Substitutions:
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

    def _file_systems(self, top: Settings) -> dict[str, Path]:
        """A folder that is not there yet is made when a function needs it."""
        folders: dict[str, Path] = {}
        for arn, written in (top["file_systems"].value if "file_systems" in top else {}).items():
            folder = self._absolute(written.value)
            if folder.exists() and not folder.is_dir():
                self._complain(written.node, f"file_systems.{arn}", f"{written.value} must be a folder", "")
            folders[arn] = folder
        return folders

    def _virtual_environment(self, settings: Settings) -> Path | None:
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

    def _warn_of_missing_module(self, handler: Entry, code: Path) -> None:
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
        line, column = position_of(handler.node)
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

    def _tags(self, path: str, node: Node, defaults: Settings, own: Settings) -> dict[str, str]:
        tags: dict[str, str] = {}
        for level in (defaults, own):
            if "tags" in level:
                tags.update(level["tags"].value)
        if len(tags) > TAGS_PER_RESOURCE:
            message = f"has {len(tags)} tags; Lambda allows {TAGS_PER_RESOURCE}"
            self._complain(*where("tags", own, defaults, (node, path)), message, "")
        return tags

    def _variables(
        self, path: str, node: Node, defaults: Settings, own: Settings
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
            self._complain(*where("env", own, defaults, (node, path)), message, "")
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
        functions: dict[str, tuple[Node, Settings]],
        defaults: Settings,
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
        functions: dict[str, tuple[Node, Settings]],
        defaults: Settings,
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
            place = where("role", own, defaults, (node, f"functions.{function.name}"))
            hint = "its `trust` in `roles` must allow lambda.amazonaws.com sts:AssumeRole"
            self._complain(*place, f"the role {function.role} cannot be assumed by Lambda", hint)


def _line_of(node: Node, own: Settings, defaults: Settings, key: str) -> int:
    return position_of(where(key, own, defaults, (node, ""))[0])[0]


def _event_invoke(settings: Settings) -> DeclaredEventInvoke | None:
    """Two keys make one setting of Lambda's."""
    tries: DeclaredEventInvoke | None = value_of(settings, "event_invoke", FUNCTION)
    told: DeclaredEventInvoke | None = value_of(settings, "destinations", FUNCTION)
    if tries is None or told is None:
        return tries or told
    return replace(tries, on_success=told.on_success, on_failure=told.on_failure)


def _with_own_roles(
    roles: Mapping[str, Role], functions: Iterable[FunctionSettings | None], region: str, account: str
) -> Mapping[str, Role]:
    """The roles that `policies` of functions make, with the rights that the settings imply, as a deployment
    makes them; what a policy says that is not known here, is not known of the whole role."""
    made = {
        function.role: Role(None, (*documents, *_implied(function, region, account)))
        for function in functions
        if function is not None and function.policies and not function.is_role_given
        for documents in [documents_of(function.policies)]
        if documents is not None
    }
    return {**made, **roles}


def _implied(function: FunctionSettings, region: str, account: str) -> tuple[PolicyDocument, ...]:
    # Late: few functions have policies.
    from lambdacli.project.policy_templates import Here
    from lambdacli.project.role_needs import needs_of
    from lambdacli.project.role_policy import partition_of, role_policy

    needs = replace(needs_of(function, Here(partition_of(region), region, account)), policies=())
    document = role_policy(needs).document
    if document is None:
        return ()
    return (policy_of(dict(document), PolicyKind.IDENTITY, "what the settings imply"),)


def _seen_from(folder: Path, path: Path) -> Path:
    return path.relative_to(folder) if path.is_relative_to(folder) else path


def _history(members: Mapping[str, int]) -> HistoryBounds:
    unsaid = HistoryBounds()
    size_mb = members.get("size")
    return HistoryBounds(
        days=members.get("days", unsaid.days),
        events=members.get("events", unsaid.events),
        payload_bytes=unsaid.payload_bytes if size_mb is None else size_mb * 1024 * 1024,
    )
