"""Every option that several verbs share, declared once."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import typer

from lambdacli.cli import colour, render
from lambdacli.cli.errors import WrongUsage
from lambdacli.model.template_options import OverrideError, TemplateOptions, parse_overrides

AWS_SECTION = "Global options of the AWS CLI"

ProjectOption = Annotated[
    str | None,
    typer.Option(
        "--project",
        "--template-file",
        "-t",
        metavar="PATH",
        help="The lam.yaml or template, or its folder. Otherwise LAM_PROJECT, or the nearest one upwards.",
    ),
]
ParameterOverridesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--parameter-overrides",
        metavar="NAME=VALUE",
        help="Values of the template's parameters, in quotes if there are several; until the service stops.",
    ),
]
EnvVarsOption = Annotated[
    Path | None,
    typer.Option(
        "--env-vars",
        metavar="FILE",
        help="JSON with variables for the template's functions, as SAM takes it; until the service stops.",
    ),
]
ConfigEnvOption = Annotated[
    str,
    typer.Option("--config-env", metavar="NAME", help="The environment of samconfig.toml that counts."),
]
StageOption = Annotated[
    str | None,
    typer.Option(
        "--stage",
        metavar="NAME",
        help="The stage of a serverless.yml, until the service stops; else LAM_STAGE, or the file's own.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
QualifierOption = Annotated[
    str | None, typer.Option("--qualifier", metavar="NAME", help="A version or an alias.")
]


def template_options(
    overrides: list[str] | None, env_vars: Path | None, config_env: str, stage: str | None
) -> TemplateOptions:
    try:
        parameters = parse_overrides(overrides or [])
    except OverrideError as error:
        raise WrongUsage(f"--parameter-overrides: {error}") from error
    if env_vars is not None and not env_vars.is_file():
        raise WrongUsage(f"--env-vars: there is no file {env_vars}")
    file = None if env_vars is None else env_vars.absolute()
    return TemplateOptions(parameters, file, config_env, stage)


def _aws(*names: str, metavar: str | None = None, text: str) -> Any:
    return typer.Option(*names, metavar=metavar, help=text, rich_help_panel=AWS_SECTION, show_default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsFlags:
    """The AWS CLI's global options as they were given."""

    query: Annotated[
        str | None, _aws("--query", metavar="JMESPATH", text="Print only this part of AWS's JSON.")
    ] = None
    output: Annotated[
        Literal["json", "text", "table", "yaml"] | None,
        _aws("--output", text="How AWS's JSON is printed."),
    ] = None
    endpoint_url: Annotated[
        str | None,
        _aws("--endpoint-url", metavar="URL", text="Call this Lambda service by TCP; start none."),
    ] = None
    region: Annotated[str | None, _aws("--region", metavar="NAME", text="The region of the function.")] = None
    color: Annotated[
        Literal["on", "off", "auto"] | None, _aws("--color", text="Colour; NO_COLOR is heeded, too.")
    ] = None
    debug: Annotated[bool, _aws("--debug", text="Tell each request on stderr.")] = False
    cli_binary_format: Annotated[
        Literal["base64", "raw-in-base64-out"] | None,
        _aws("--cli-binary-format", text="How --payload is written; raw unless base64 is asked for."),
    ] = None
    cli_read_timeout: Annotated[
        int | None,
        _aws("--cli-read-timeout", metavar="SECONDS", text="Longest wait for the answer; 0 and unset: none."),
    ] = None
    cli_connect_timeout: Annotated[
        int | None,
        _aws("--cli-connect-timeout", metavar="SECONDS", text="Longest wait for the connection; 0: none."),
    ] = None
    no_verify_ssl: Annotated[
        bool, _aws("--no-verify-ssl", text="Believe any certificate of an https endpoint.")
    ] = False
    ca_bundle: Annotated[
        str | None, _aws("--ca-bundle", metavar="FILE", text="Certificates to believe at an https endpoint.")
    ] = None
    profile: Annotated[
        str | None, _aws("--profile", metavar="NAME", text="With --remote or --to aws: whose keys of ~/.aws.")
    ] = None
    no_sign_request: Annotated[bool, _aws("--no-sign-request", text="No meaning here.")] = False
    no_paginate: Annotated[bool, _aws("--no-paginate", text="Only the first page of a list.")] = False
    no_cli_pager: Annotated[bool, _aws("--no-cli-pager", text="No meaning here.")] = False
    cli_auto_prompt: Annotated[bool, _aws("--cli-auto-prompt", text="No meaning here.")] = False
    no_cli_auto_prompt: Annotated[bool, _aws("--no-cli-auto-prompt", text="No meaning here.")] = False
    cli_error_format: Annotated[
        str | None, _aws("--cli-error-format", metavar="NAME", text="No meaning here.")
    ] = None

    @property
    def wants_aws_json(self) -> bool:
        """The Lambda API's own answer is asked for; only that is what these options can shape."""
        return self.query is not None or self.output is not None or self.endpoint_url is not None

    def note_ignored(self, meaningful: Collection[str]) -> None:
        """Says in one line which of the given flags change nothing for this verb."""
        heeded = {"color", "debug", *meaningful}
        if self.endpoint_url is not None and self.endpoint_url.lower().startswith("https:"):
            heeded |= {"no_verify_ssl", "ca_bundle"}
        ignored = [
            "--" + field.name.replace("_", "-")
            for field in fields(self)
            if getattr(self, field.name) not in (None, False) and field.name not in heeded
        ]
        if ignored:
            render.note(f"without a meaning here: {', '.join(ignored)}")


CONNECTION_FLAGS = frozenset({"endpoint_url", "region", "cli_read_timeout", "cli_connect_timeout"})
PRINTING_FLAGS = frozenset({"query", "output"})


def takes_aws_flags(verb: Callable[..., int]) -> Callable[..., int]:
    """Gives a verb with a parameter `aws: AwsFlags` all of these options on the command line, unless it has
    one of that name itself."""
    own = inspect.signature(verb, eval_str=True)
    hints = get_type_hints(AwsFlags, include_extras=True)
    flags = [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name]
        )
        for field in fields(AwsFlags)
        if field.name not in own.parameters
    ]
    kept = [parameter for name, parameter in own.parameters.items() if name != "aws"]

    @functools.wraps(verb)
    def with_record(**values: Any) -> int:
        given = {flag.name: values.pop(flag.name) for flag in flags}
        aws = AwsFlags(**given)
        if aws.color is not None:
            colour.choose_colour(aws.color)
        return verb(**values, aws=aws)

    shown: Any = with_record
    shown.__signature__ = own.replace(
        parameters=[*(p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in kept), *flags]
    )
    shown.__annotations__ = {parameter.name: parameter.annotation for parameter in (*kept, *flags)}
    return with_record
