"""A serverless.yml as a template: the resources that the Serverless Framework (3 and 4) would make of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path

from lambdacli.model.nearest import nearest
from lambdacli.model.record import record
from lambdacli.project.cloudformation.document import Document, read_document, read_values
from lambdacli.project.cloudformation.loading import template_of
from lambdacli.project.cloudformation.template import Surroundings, Template, TemplateError
from lambdacli.project.dotenv import DotenvError, parse_dotenv
from lambdacli.project.foreign.serverless_events import KINDS, EventWriter
from lambdacli.project.foreign.serverless_functions import FunctionWriter, functions_of
from lambdacli.project.foreign.serverless_http import HTTP_EVENTS, ApiWriter
from lambdacli.project.foreign.serverless_plugins import remark_plugins
from lambdacli.project.foreign.variables import VariableInputs, with_values
from lambdacli.project.foreign.written import NamedFunction, TemplateWriter, Written
from lambdacli.project.records import Problem

FILE_NAMES = ("serverless.yml", "serverless.yaml", "serverless.json")

_SECTIONS = ("Resources", "Outputs", "Parameters", "Conditions", "Mappings", "Rules")


@record
class ServerlessOptions:
    """What the framework would be told on its command line, and its environment."""

    environment: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    """`--stage`, `--region` and whatever `${opt:…}` asks for."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """`--param`."""


def load(
    file: Path, surroundings: Surroundings, options: ServerlessOptions
) -> tuple[Template, tuple[Path, ...]]:
    """Overrides of the surroundings count as options, as `--param` and as the template's own parameters. The
    files are those that it was read from.

    Raises TemplateError with every problem that was found."""
    file = file.absolute()
    document = read_document(file)
    chosen = {**surroundings.overrides, **options.options}
    stage = chosen.get("stage") or _plain_text(document, "stage") or "dev"
    inputs = VariableInputs(
        options=chosen,
        environment={**_dotenv(_dotenv_files(document, stage)), **options.environment},
        parameters={**surroundings.overrides, **options.parameters},
        imports=surroundings.imports,
        account=surroundings.account,
        lookup=surroundings.lookup,
    )
    files = [file, *_dotenv_files(document, stage)]

    def read(included: Path) -> Document:
        files.append(included)
        return Document(included, *read_values(included))

    filled = with_values(document, inputs, read)
    written, around, remarks = _compiled(filled, surroundings, chosen)
    template = template_of(written, around)
    problems = (*remarks, *template.problems)
    return replace(template, problems=problems), tuple(dict.fromkeys(files))


def _compiled(
    document: Document, surroundings: Surroundings, chosen: Mapping[str, str]
) -> tuple[Document, Surroundings, tuple[Problem, ...]]:
    """The template's document, what it is resolved with, and what is left out of it."""
    service = Service(Written(document.values, document.places), chosen, surroundings.region)
    writer = TemplateWriter(document)
    service.check(writer)
    functions = functions_of(service.written, writer)
    function_writer = FunctionWriter(writer, service.written, functions, service.prefix, document.file.parent)
    function_writer.write_all()
    _write_events(writer, service, functions)
    _merge_resources(writer, service.written.at("resources"))
    remark_plugins(writer, service.written)
    if writer.problems:
        raise TemplateError(document.file.parent, tuple(dict.fromkeys(writer.problems)))
    template = writer.document()
    declared = template.values.get("Parameters") or {}
    overrides = {name: value for name, value in surroundings.overrides.items() if name in declared}
    around = replace(surroundings, region=service.region, stack=service.stack, overrides=overrides)
    return template, around, tuple(writer.remarks)


@record
class Service:
    """What the whole file says of itself."""

    written: Written
    options: Mapping[str, str]
    region_otherwise: str

    @property
    def name(self) -> str:
        service = self.written.at("service")
        return service.text() or service.at("name").text()

    @property
    def provider(self) -> Written:
        return self.written.at("provider")

    @property
    def stage(self) -> str:
        return self.options.get("stage") or self.provider.at("stage").text("dev")

    @property
    def region(self) -> str:
        return self.options.get("region") or self.provider.at("region").text(self.region_otherwise)

    @property
    def prefix(self) -> str:
        return f"{self.name}-{self.stage}"

    @property
    def stack(self) -> str:
        return self.provider.at("stackName").text(self.prefix)

    def check(self, writer: TemplateWriter) -> None:
        if not self.name:
            writer.complain(self.written.at("service"), "has no name", "for example `service: shop`")
        name = self.provider.text() or self.provider.at("name").text()
        if name != "aws":
            told = f"is {name}" if name else "is not told"
            writer.complain(self.provider, f"the provider {told}", "only `provider: name: aws` runs here")
        for key, each in self.written.members():
            if key not in _KEYS:
                near = nearest(key, _KEYS)
                writer.remark(each, "is not known to lam", f"did you mean {near}?" if near else "")


_KEYS = (
    "service",
    "provider",
    "functions",
    "layers",
    "resources",
    "package",
    "custom",
    "params",
    "stages",
    "plugins",
    "useDotenv",
    "frameworkVersion",
    "configValidationMode",
    "deprecationNotificationMode",
    "disabledDeprecations",
    "variablesResolutionMode",
    "unresolvedVariablesNotificationMode",
    "console",
    "dashboard",
    "org",
    "app",
    "tenant",
    "outputs",
    "build",
    "state",
    "licenseKey",
    "configurationVersion",
)


def _write_events(writer: TemplateWriter, service: Service, functions: Mapping[str, NamedFunction]) -> None:
    apis = ApiWriter(writer, service.written, functions, service.name, service.stage)
    for function in functions.values():
        events = EventWriter(writer, function, service.prefix, service.written)
        for item in function.written.at("events").items():
            # An event without settings is a text alone: `- alexaSkill`.
            alone = [(item.value, item)] if isinstance(item.value, str) else item.members()
            for kind, event in alone:
                if kind in HTTP_EVENTS:
                    apis.write(kind, event, function)
                elif not events.write(kind, event):
                    near = nearest(kind, (*HTTP_EVENTS, *KINDS))
                    hint = f"did you mean {near}?" if near else "it does not fire"
                    writer.remark(event, f"{kind} is an event that lam does not know", hint)


def _merge_resources(writer: TemplateWriter, resources: Written) -> None:
    for part in resources.items():
        for section in _SECTIONS:
            for name, given in part.at(section).members():
                writer.merge(section, name, given)
        for name, given in part.at("extensions").members():
            if writer.has(name):
                writer.merge("Resources", name, given)
            else:
                writer.complain(
                    given, f"there is no resource {name} to be extended", "write it below Resources"
                )


def _plain_text(document: Document, name: str) -> str | None:
    """Of the provider, before variables have values: those of a .env file depend on it."""
    provider = document.values.get("provider")
    value = provider.get(name) if isinstance(provider, Mapping) else None
    return value if isinstance(value, str) and "${" not in value else None


def _dotenv_files(document: Document, stage: str) -> list[Path]:
    """Version 4 reads .env files always, version 3 where told to; a stage's own file takes the place."""
    version = str(document.values.get("frameworkVersion", "")).lstrip("^~>= v")
    if not document.values.get("useDotenv") and not version.startswith("4"):
        return []
    folder = document.file.parent
    return [file for file in (folder / f".env.{stage}", folder / ".env") if file.is_file()][:1]


def _dotenv(files: list[Path]) -> dict[str, str]:
    variables: dict[str, str] = {}
    for file in files:
        try:
            found = parse_dotenv(file.read_bytes().decode())
        except (OSError, UnicodeDecodeError):
            raise TemplateError(file.parent, (Problem(file, 1, 1, "", "cannot be read as text"),)) from None
        except DotenvError as error:
            raise TemplateError(file.parent, (Problem(file, error.line, 1, "", error.message),)) from None
        variables.update((variable.name, variable.value) for variable in found)
    return variables
