"""From --project and --endpoint-url to the service that a verb talks to."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from lambdacli.cli import render
from lambdacli.cli.errors import CommandError, WrongUsage
from lambdacli.cli.options import AwsFlags
from lambdacli.cli.projects_nearby import way_to_one
from lambdacli.client import control, http, local
from lambdacli.client.local import Endpoint
from lambdacli.model.location import Place, locate
from lambdacli.model.nearest import nearest
from lambdacli.model.project_files import SERVERLESS_NAMES
from lambdacli.model.template_options import NO_OPTIONS, STAGE_VARIABLE, TemplateOptions


def place_of(project: str | None) -> Place:
    return locate(Path.cwd(), os.environ, project)


def running_service(place: Place, template: TemplateOptions = NO_OPTIONS) -> control.Running:
    """The project's service, started in the background when it is not running."""
    template = _with_stage(template, place, os.environ)
    if place.moved_because is not None and control.find(place) is None:
        render.note(f"the state is kept in {place.state_dir}: {place.moved_because}")
    with render.activity("starting the service"):
        options = control.StartOptions(template=template)
        running = control.ensure_running(place, options, render.note)
    if running.process is None:
        tell_template_options(running, template)
    problems = running.status.get("problems", [])
    if problems:
        more = f" (and {len(problems) - 1} more: `lam validate`)" if len(problems) > 1 else ""
        name = "lam.yaml" if place.project_file is None else place.project_file.name
        render.note(f"{name} is not taken in as it is now: {problems[0]}{more}")
    return running


def tell_template_options(running: control.Running, template: TemplateOptions) -> None:
    """To a service that runs already."""
    if template != NO_OPTIONS and not local.set_template_options(running.endpoint, template.document()):
        what = "no template" if template.stage is None else "no serverless.yml"
        raise WrongUsage(f"this project has {what} for which that could count")


def _with_stage(template: TemplateOptions, place: Place, environment: Mapping[str, str]) -> TemplateOptions:
    """A service that runs already may have another stage than the one of this environment."""
    stage = environment.get(STAGE_VARIABLE)
    is_serverless = place.project_file is not None and place.project_file.name in SERVERLESS_NAMES
    is_said = template.stage is not None or "stage" in template.parameters
    return template if is_said or not stage or not is_serverless else replace(template, stage=stage)


def named_in(project: str | None, name: str) -> tuple[str | None, str]:
    """`path/to/template.yaml::Function` names its project too."""
    path, separator, function = name.rpartition("::")
    return (path, function) if separator and path and not name.startswith("arn:") else (project, name)


def endpoint_of(project: str | None, aws: AwsFlags, template: TemplateOptions = NO_OPTIONS) -> Endpoint:
    """Where --endpoint-url leads, else the project's own service, for which `template` counts from now on."""
    trace = render.debug if aws.debug else None
    if aws.endpoint_url is not None and template != NO_OPTIONS:
        raise WrongUsage("templates are read by the project's own service only", "leave out --endpoint-url")
    if aws.endpoint_url is None:
        place = place_of(project)
        endpoint = running_service(place, template).endpoint
        region = aws.region
    else:
        endpoint = Endpoint(_address_of(aws.endpoint_url, aws))
        region = aws.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return replace(
        endpoint,
        region=region,
        trace=trace,
        connect_timeout_seconds=_seconds(aws.cli_connect_timeout, 10.0),
        read_timeout_seconds=_seconds(aws.cli_read_timeout, None),
    )


def _address_of(url: str, aws: AwsFlags) -> http.TcpAddress:
    try:
        return http.parse_url(url, is_tls_verified=not aws.no_verify_ssl, ca_bundle=aws.ca_bundle)
    except ValueError as error:
        raise WrongUsage(f"--endpoint-url: {error}") from error


def _seconds(given: int | None, otherwise: float | None) -> float | None:
    if given is None:
        return otherwise
    return float(given) if given > 0 else None


def function_names(endpoint: Endpoint) -> list[str]:
    if endpoint.is_remote:
        listed = local.list_functions(endpoint).get("Functions", [])
        return [str(function["FunctionName"]) for function in listed]
    return [str(function["name"]) for function in local.functions(endpoint)]


def not_found(endpoint: Endpoint, name: str, message: str) -> CommandError:
    """An unknown function: the nearest name that exists, and what may keep lam.yaml from being read."""
    try:
        names = function_names(endpoint)
        status = {} if endpoint.is_remote else local.status(endpoint)
    except (http.HttpError, local.ApiError):
        return CommandError(message)
    problems, file = status.get("problems", []), status.get("project")
    why = None if endpoint.is_remote else _why_left_out(endpoint, name)
    hints: list[str | None] = []
    if why is not None:
        hints.append(f"{name} was left out of {Path(file or 'lam.yaml').name}: {why}")
    if problems:
        project = "lam.yaml" if file is None else Path(file).name
        hints.append("\n".join([f"{project} has problems, so its functions may be missing:", *problems]))
    if names and why is None:
        hints.append(_name_hint(name, names, endpoint))
    elif not problems and why is None:
        hints.append(f"there is no function yet: {_first_function(endpoint, file)}")
    return CommandError(message, *hints)


def _why_left_out(endpoint: Endpoint, name: str) -> str | None:
    try:
        return local.why_left_out(endpoint, name)
    except (http.HttpError, local.ApiError):
        return None


def _first_function(endpoint: Endpoint, file: str | None) -> str:
    is_elsewhere = endpoint.is_remote or file is not None
    return "`lam init NAME` makes one" if is_elsewhere else way_to_one(Path.cwd())


def no_functions(endpoint: Endpoint) -> str:
    status = {} if endpoint.is_remote else local.status(endpoint)
    if status.get("problems"):
        return f"no functions: {Path(status['project']).name} has problems (`lam validate`)"
    return f"no functions yet: {_first_function(endpoint, status.get('project'))}"


@contextmanager
def named(endpoint: Endpoint, function: str) -> Iterator[None]:
    """What is asked within about a function that is not there says which one may be meant."""
    try:
        yield
    except local.ApiError as error:
        if error.status != 404:
            raise
        raise not_found(endpoint, function, error.message or str(error)) from error


def _name_hint(name: str, names: list[str], endpoint: Endpoint) -> str:
    if name in names and endpoint.region is not None:
        return f"{name} exists, but not in {endpoint.region}: leave out --region"
    if name in names:
        return f"{name} exists, but not this version or alias"
    if meant := nearest(name, names):
        return f"did you mean {meant}?"
    shown = ", ".join(sorted(names)[:10])
    return f"there is {shown}" if len(names) <= 10 else f"there is {shown} … (`lam list`)"
