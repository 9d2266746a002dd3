"""Puts in the values of a serverless.yml's variables; every value keeps the place that it was written at."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path
from typing import Any

from lambdacli.model.nearest import nearest
from lambdacli.model.record import record
from lambdacli.project.cloudformation.document import Document
from lambdacli.project.cloudformation.places import Place, Places, Steps
from lambdacli.project.cloudformation.template import DynamicReference, Lookup, TemplateError
from lambdacli.project.foreign.variable_syntax import (
    Literal,
    Source,
    Text,
    Variable,
    VariableSyntaxError,
    parse_text,
)
from lambdacli.project.records import Problem

_CODE_SUFFIXES = (".js", ".cjs", ".mjs", ".ts")
_DATA_SUFFIXES = (".yml", ".yaml", ".json", ".tfstate")
_SECRETS_BY_PARAMETER = "/aws/reference/secretsmanager/"
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}


@record
class VariableInputs:
    """What variables can ask for beyond the project's own files."""

    options: Mapping[str, str] = field(default_factory=dict)
    """`${opt:…}`: what would stand on the command line, stage and region too."""
    environment: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    """`${param:…}` as given on the command line: they come before those of the file."""
    imports: Mapping[str, Any] = field(default_factory=dict)
    """`${cf:stack.output}` by `stack.output`, `${s3:bucket/key}` by `bucket/key`."""
    account: str = "000000000000"
    lookup: Lookup | None = None
    """Without one, `${ssm:…}` becomes a dynamic reference, for whoever resolves the template."""


def with_values(document: Document, inputs: VariableInputs, read: Callable[[Path], Document]) -> Document:
    """Raises TemplateError with all variables that have no value."""
    resolution = _Resolution(document, inputs, read)
    known: dict[Steps, Place] = {}
    values = resolution.complete(_Found(document.values, document, ()), (), known)
    if resolution.problems:
        raise TemplateError(document.file.parent, tuple(dict.fromkeys(resolution.problems)))
    return Document(document.file, values, Places(document.file, known))


class _Fault(Exception):
    """A variable that has no value for a reason; told where the text with it stands."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint


class _ToldFault(Exception):
    """What leads to a variable with a fault has no value either; the fault is told once, where it stands."""


@record
class _Found:
    """A value as it was written, and where; what no file says has no document."""

    value: Any
    document: Document | None = None
    steps: Steps = ()

    @property
    def place(self) -> Place | None:
        return None if self.document is None else self.document.places.of(self.steps)

    @property
    def name(self) -> str:
        return ".".join(str(step) for step in self.steps) or "the file"

    def member(self, key: str) -> _Found | None:
        if isinstance(self.value, Mapping):
            # Keys such as 1234 or true are numbers and booleans to YAML.
            real = next((each for each in self.value if str(each) == key), None)
            return None if real is None else _Found(self.value[real], self.document, (*self.steps, real))
        if isinstance(self.value, list) and key.isdigit() and int(key) < len(self.value):
            return _Found(self.value[int(key)], self.document, (*self.steps, int(key)))
        return None


class _Resolution:
    def __init__(self, document: Document, inputs: VariableInputs, read: Callable[[Path], Document]) -> None:
        self.main = document
        self.inputs = inputs
        self.read = read
        self.problems: list[Problem] = []
        self._documents: dict[Path, _Found] = {}
        self._underway: list[tuple[Path, Steps]] = []
        self._instance = secrets.token_hex(8)

    # Whole values

    def complete(self, found: _Found, path: Steps, known: dict[Steps, Place]) -> Any:
        """The value with everything in it put in. What has no value is told and left out as None."""
        at = found.place
        if at is not None:
            known.setdefault(path, at)
        try:
            with self._within(found, "the value"):
                settled = self._settled(found)
                if (settled.document, settled.steps) == (found.document, found.steps):
                    return self._members(settled, path, known)
                # What a variable led to is named by the place where it stands itself.
                if settled.place is not None and not isinstance(settled.value, str):
                    known[path] = settled.place
                with self._within(settled, "the value"):
                    return self._members(settled, path, known)
        except _Fault as fault:
            self._tell(found, fault)
            return None
        except _ToldFault:
            return None

    def _members(self, found: _Found, path: Steps, known: dict[Steps, Place]) -> Any:
        value = found.value
        if isinstance(value, Mapping):
            return {
                key: self.complete(_Found(each, found.document, (*found.steps, key)), (*path, key), known)
                for key, each in value.items()
            }
        if isinstance(value, list):
            return [
                self.complete(_Found(each, found.document, (*found.steps, index)), (*path, index), known)
                for index, each in enumerate(value)
            ]
        return value

    @contextmanager
    def _within(self, found: _Found, what: str) -> Iterator[None]:
        """Refuses to come to a place that is being worked out already."""
        if found.document is None:
            yield
            return
        here = (found.document.file, found.steps)
        if here in self._underway:
            circle = [*self._underway[self._underway.index(here) :], here]
            names = [".".join(str(step) for step in steps) or file.name for file, steps in circle]
            told = " → ".join(
                name for index, name in enumerate(names) if index == 0 or name != names[index - 1]
            )
            told = told if " → " in told else f"{told} → {told}"
            raise _Fault(f"{what} leads back to itself: {told}")
        self._underway.append(here)
        try:
            yield
        finally:
            self._underway.pop()

    def _tell(self, found: _Found, fault: _Fault) -> None:
        place = found.place or Place(self.main.file, 1)
        problem = Problem(place.file, place.line, place.column, found.name, fault.message, fault.hint)
        self.problems.append(problem)

    # Texts

    def _settled(self, found: _Found) -> _Found:
        """The value without a variable at its front; what is below it stays as written."""
        if not _may_vary(found):
            return found
        try:
            text = parse_text(found.value)
        except VariableSyntaxError as error:
            raise _Fault(error.message, error.hint) from None
        if text.only_variable is not None:
            return self._value_of(text.only_variable)
        return _Found(self._joined(text), found.document, found.steps)

    def _reached(self, found: _Found) -> _Found:
        """Like `_settled`, on the way to something else: a circle shows here."""
        if not _may_vary(found):
            return found
        try:
            with self._within(found, "the variable"):
                return self._settled(found)
        except _Fault as fault:
            self._tell(found, fault)
            raise _ToldFault from fault

    def _joined(self, text: Text) -> str:
        return "".join(
            piece if isinstance(piece, str) else self._as_text(self._value_of(piece), piece)
            for piece in text.pieces
        )

    @staticmethod
    def _as_text(found: _Found, variable: Variable) -> str:
        if isinstance(found.value, Mapping | list) or found.value is None:
            is_mapping = isinstance(found.value, Mapping)
            kind = "nothing" if found.value is None else "a mapping" if is_mapping else "a list"
            raise _Fault(
                f"{variable.written} is {kind} and stands within a text", "name a text, or let it stand alone"
            )
        if isinstance(found.value, bool):
            return str(found.value).lower()
        return str(found.value)

    def _value_of(self, variable: Variable) -> _Found:
        found = self._first_of(variable)
        if found is None:
            raise _Fault(f"{variable.written} has no value", _hint_for(variable))
        return found

    def _first_of(self, variable: Variable) -> _Found | None:
        """None: none of its choices has a value. `null` as the last choice is one."""
        for choice in variable.choices:
            if isinstance(choice, Literal):
                return _Found(choice.value)
            if isinstance(choice, Text):
                return _Found(self._joined(choice))
            found = self._first_of(choice) if isinstance(choice, Variable) else self._asked(choice)
            if found is not None and found.value is not None:
                return found
        return None

    def _asked(self, source: Source) -> _Found | None:
        ask = _SOURCES.get(source.name)
        if ask is None:
            near = nearest(source.name, _SOURCES)
            hint = f"did you mean {near}?" if near else f"known are {', '.join(sorted(_SOURCES))}"
            raise _Fault(f"{source.name} is no source of variables here", hint)
        parameters = tuple(self._joined(each) for each in source.parameters)
        address = None if source.address is None else self._joined(source.address)
        found = ask(self, parameters, address)
        return None if found is None else self._reached(found)

    # Sources

    def _from_self(self, parameters: tuple[str, ...], address: str | None) -> _Found | None:
        return self._member(_Found(self.main.values, self.main, ()), address)

    def _member(self, found: _Found, address: str | None) -> _Found | None:
        current: _Found | None = found
        for key in (address or "").split(".") if address else ():
            assert current is not None
            current = self._reached(current).member(key)
            if current is None:
                return None
        return current

    def _from_options(self, parameters: tuple[str, ...], address: str | None) -> _Found | None:
        value = self.inputs.options.get(_needed(address, "opt"))
        return None if value is None else _Found(value)

    def _from_environment(self, parameters: tuple[str, ...], address: str | None) -> _Found | None:
        value = self.inputs.environment.get(_needed(address, "env"))
        return None if value is None else _Found(value)

    def _from_file(self, parameters: tuple[str, ...], address: str | None) -> _Found | None:
        if len(parameters) != 1 or not parameters[0]:
            raise _Fault("file needs one path", "write it as ${file(./name.yml):key}")
        path = Path(self.main.file.parent, Path(parameters[0]).expanduser()).resolve()
        if path.suffix in _CODE_SUFFIXES:
            message = f"{parameters[0]} is a program, whose values are known only when it runs"
            raise _Fault(message, "write its values into a .yml or .json file")
        if not path.is_file():
            return None
        if path not in self._documents:
            self._documents[path] = self._read(path, parameters[0])
        return self._member(self._documents[path], address)

    def _read(self, path: Path, written: str) -> _Found:
        try:
            if path.suffix not in _DATA_SUFFIXES:
                return _Found(path.read_text())
            document = self.read(path)
        except OSError as error:
            raise _Fault(f"{written} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise _Fault(f"{written} is not UTF-8") from None
        return _Found(document.values, document, ())

    def _from_service(self, parameters: tuple[str, ...], address: str | None) -> _Found | None:
        known = {"stage": lambda: self.stage, "instanceId": lambda: self._instance}
        return self._one_of("sls", known, address)

    def _from_account(self, parameters: tuple[str, ...], address: str | None) -> _Found | None:
        known = {
            "accountId": lambda: self.inputs.account,
            "region": lambda: self.region,
            "partition": lambda: "aws",
        }
        return self._one_of("aws", known, address)

    @staticmethod
    def _one_of(source: str, known: Mapping[str, Callable[[], str]], address: str | None) -> _Found:
        if address is None or address not in known:
            raise _Fault(
                f"{source} has no {address or 'value without a name'}", f"known are {', '.join(known)}"
            )
        return _Found(known[address]())

    @property
    def stage(self) -> str:
        return self._chosen("stage", "dev")

    @property
    def region(self) -> str:
        return self._chosen("region", "us-east-1")

    def _chosen(self, name: str, default: str) -> str:
        """Of the command line, of `provider`, or the framework's default."""
        if name in self.inputs.options:
            return self.inputs.options[name]
        found = self._from_self((), f"provider.{name}")
        value = None if found is None else self._reached(found).value
        return default if value is None else str(value)

    def _from_parameters(self, parameters: tuple[str, ...], address: str | None) -> _Found | None:
        name = _needed(address, "param")
        if name in self.inputs.parameters:
            return _Found(self.inputs.parameters[name])
        for block in (f"params.{self.stage}", f"stages.{self.stage}.params"):
            found = self._from_self((), f"{block}.{name}")
            if found is not None:
                return found
        default = self._from_self((), f"params.default.{name}")
        return default or self._from_self((), f"stages.default.params.{name}")

    def _from_text(self, parameters: tuple[str, ...], address: str | None) -> _Found | None:
        text = (parameters[0] if parameters else "").strip()
        if text.lower() not in _TRUTHS:
            raise _Fault(f"strToBool cannot tell what {text!r} is", "it takes true, false, 1 and 0")
        return _Found(_TRUTHS[text.lower()])

    def _from_parameter_store(self, parameters: tuple[str, ...], address: str | None) -> _Found | None:
        name = _needed(address, "ssm")
        is_raw = "raw" in parameters or "noDecrypt" in parameters
        # The older way to say that a value is secret.
        name = name.removesuffix("~true").removesuffix("~false")
        if name.startswith(_SECRETS_BY_PARAMETER):
            reference = DynamicReference("secretsmanager", name.removeprefix(_SECRETS_BY_PARAMETER))
        else:
            reference = DynamicReference("ssm", name, is_decrypted="noDecrypt" not in parameters)
        if self.inputs.lookup is None:
            service, named = reference.service, reference.name
            suffix = ":SecretString" if service == "secretsmanager" else ""
            return _Found(f"{{{{resolve:{service}:{named}{suffix}}}}}")
        value = self.inputs.lookup(reference)
        if value is None:
            return None
        is_object = reference.service == "secretsmanager" and not is_raw
        return _Found(_as_json(value) if is_object else value)

    def _from_stacks(self, parameters: tuple[str, ...], address: str | None) -> _Found | None:
        return self._imported(_needed(address, "cf"))

    def _from_bucket(self, parameters: tuple[str, ...], address: str | None) -> _Found | None:
        return self._imported(_needed(address, "s3"))

    def _imported(self, name: str) -> _Found | None:
        value = self.inputs.imports.get(name)
        return None if value is None else _Found(value)


_SOURCES: Mapping[str, Callable[[_Resolution, tuple[str, ...], str | None], _Found | None]] = {
    "self": _Resolution._from_self,
    "opt": _Resolution._from_options,
    "env": _Resolution._from_environment,
    "file": _Resolution._from_file,
    "sls": _Resolution._from_service,
    "aws": _Resolution._from_account,
    "param": _Resolution._from_parameters,
    "strToBool": _Resolution._from_text,
    "ssm": _Resolution._from_parameter_store,
    "cf": _Resolution._from_stacks,
    "s3": _Resolution._from_bucket,
}


def _may_vary(found: _Found) -> bool:
    """What the environment or another tool gave is taken as it is."""
    return found.document is not None and isinstance(found.value, str) and "${" in found.value


def _needed(address: str | None, source: str) -> str:
    if not address:
        raise _Fault(f"{source} does not say which", f"write it as ${{{source}:name}}")
    return address


def _as_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


_ANY_HINT = "give it a fallback, as in ${…, 'value'}"
_SSM_HINT = "Parameter Store has no such parameter here; put it there, or say it below imports: ssm:NAME"


def _hint_for(variable: Variable) -> str:
    first = variable.choices[0]
    if not isinstance(first, Source) or first.address is None or not first.address.is_plain:
        return _SSM_HINT if isinstance(first, Source) and first.name == "ssm" else _ANY_HINT
    name = "".join(str(piece) for piece in first.address.pieces)
    return {
        "env": f"set {name} in the environment, or write a fallback: ${{env:{name}, 'value'}}",
        "opt": f"write a fallback: ${{opt:{name}, 'value'}}",
        "param": f"write it below params: default: {name}",
        "cf": f"say its value in lam.yaml, as imports: {name}",
        "s3": f"say its value in lam.yaml, as imports: {name}",
        "ssm": f"Parameter Store has no {name} here; write a fallback, put it there, or say its value in "
        f"lam.yaml, as imports: 'ssm:{name}'",
    }.get(first.name, _ANY_HINT)
