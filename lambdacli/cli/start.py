"""`lam start`: the service in the foreground with its live lines, or detached."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any

import typer

from lambdacli.cli import connect, render
from lambdacli.cli.errors import CommandError, WrongUsage
from lambdacli.cli.options import (
    ConfigEnvOption,
    EnvVarsOption,
    ParameterOverridesOption,
    ProjectOption,
    StageOption,
    template_options,
)
from lambdacli.client import control, http, local
from lambdacli.model.attachment import HOST
from lambdacli.model.location import Place
from lambdacli.model.template_options import DEFAULT_CONFIG_ENVIRONMENT, NO_OPTIONS

EXAMPLES = """
lam start                                            in the foreground, ^C stops it
lam start --detach                                   in the background
lam start --port 4600
lam start --time-scale 60                            minutes of waiting pass in seconds
lam start --auth                                     check signatures, by ~/.config/lam/keys.yaml
lam start -t template.yaml --env-vars env.json       functions of a SAM template
"""


def run(
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            metavar="N",
            min=0,
            max=65535,
            help="The TCP port; otherwise lam.yaml's, or 4566 or next.",
        ),
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when the service is ready.")] = False,
    anonymous: Annotated[
        bool, typer.Option("--anonymous", help="Accept API calls without an Authorization header.")
    ] = False,
    allow_other_users: Annotated[
        bool, typer.Option("--allow-other-users", help="Accept connections of this machine's other users.")
    ] = False,
    auth: Annotated[
        bool,
        typer.Option(
            "--auth",
            help="Check every signature by the keys of LAM_KEYS, lam.yaml's `keys`, or your own file.",
        ),
    ] = False,
    idle_exit: Annotated[
        float | None,
        typer.Option(
            "--idle-exit", metavar="MINUTES", min=0, help="Leave after so long without work; 0: never."
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse what AWS refuses by date: runtimes past their end.")
    ] = False,
    time_scale: Annotated[
        float,
        typer.Option(
            "--time-scale",
            metavar="N",
            min=1,
            max=100_000,
            help="Seconds of the service's clock in a real one; `lam clock --help` tells what it moves.",
        ),
    ] = 1.0,
    parameter_overrides: ParameterOverridesOption = None,
    env_vars: EnvVarsOption = None,
    config_env: ConfigEnvOption = DEFAULT_CONFIG_ENVIRONMENT,
    stage: StageOption = None,
    project: ProjectOption = None,
) -> int:
    if auth and anonymous:
        raise WrongUsage("--auth and --anonymous exclude each other")
    place = connect.place_of(project)
    template = template_options(parameter_overrides, env_vars, config_env, stage)
    options = control.StartOptions(
        port, anonymous, allow_other_users, idle_exit, strict, auth, time_scale, template
    )
    if place.moved_because is not None:
        render.note(f"the state is kept in {place.state_dir}: {place.moved_because}")
    with contextlib.nullcontext() if detach else _unwound_by_signals():
        return _start(place, options, detach=detach)


def _start(place: Place, options: control.StartOptions, *, detach: bool) -> int:
    with render.activity("starting the service"):
        running = control.ensure_running(place, options, render.note, is_detached=detach)
    if detach and running.status.get("project"):
        with render.activity("making what the project has beside functions"):
            # The Lambda API answers when queues, tables and the like are there, for the next command.
            local.list_functions_page(running.endpoint)
        running = replace(running, status=local.status(running.endpoint))
    if detach or running.process is None:
        _announce(running, options)
        _build_ahead(running)
        return 0 if detach else _watch(running)
    try:
        _announce(running, options)
        _build_ahead(running)
        return _accompany(place, running, running.process)
    except BaseException:
        # A service in the foreground ends with its command, whatever ends that: a closed pipe, for example.
        running.process.terminate()
        raise


def _announce(running: control.Running, options: control.StartOptions) -> None:
    status = running.status
    if running.process is not None:
        render.say(f"lam {running.version} serves {status['endpoint']} (pid {running.pid})")
    else:
        render.say(f"lam {running.version} already serves {status['endpoint']} (pid {running.pid})")
        connect.tell_template_options(running, options.template)
        if replace(options, template=NO_OPTIONS) != control.StartOptions():
            render.note("it keeps the options it was started with; `lam stop` first to change them")
    render.say_routes(status)
    if status.get("schedules"):
        enabled = sum(1 for each in status["schedules"] if each["enabled"])
        of_all = "" if enabled == len(status["schedules"]) else f" of {len(status['schedules'])}"
        noun = "schedule fires" if enabled == 1 and not of_all else "schedules fire"
        render.say(f"{enabled}{of_all} {noun} (`lam schedules`)")
    for problem in status.get("problems", []):
        render.note(str(problem))
    for notice in status.get("notices", []):
        render.note(str(notice))
    for function, port in status.get("debuggers", {}).items():
        render.say(f"{function}: a debugger can attach at {HOST}:{port} (`lam init --vscode`)")


def _build_ahead(running: control.Running) -> None:
    """Who sits at a terminal is about to call a function; a script calls when it does."""
    if not sys.stderr.isatty():
        return
    begun = local.begin_builds(running.endpoint)
    if begun["building"]:
        ready = f"ready: {begun['ready']} of {begun['of']}"
        render.say(f"building: {', '.join(begun['building'])}; {ready}")


def _watch(running: control.Running) -> int:
    """Somebody else started it: ^C ends only the watching."""
    render.note("following it; ^C leaves it running, `lam stop` stops it")
    with contextlib.suppress(http.HttpError):
        for event in local.events(running.endpoint):
            render.output_event(event)
    render.say("the service has ended")
    return 0


def _accompany(place: Place, running: control.Running, process: subprocess.Popen[bytes]) -> int:
    """Shows the live lines of our own child until it ends; the first ^C asks it to end, the second cuts its
    invocations, one more kills it."""
    with _forwarded_signals(process) as wishes:
        # The stream ends with the service, or a little earlier when it drains.
        with contextlib.suppress(http.HttpError):
            for event in local.events(running.endpoint):
                render.output_event(event)
        exit_code = process.wait()
    if wishes:
        render.say("stopped")
        return 0 if len(wishes) == 1 else 130
    if exit_code == 0:
        render.say("the service has ended")
        return 0
    how = f"with exit code {exit_code}" if exit_code > 0 else f"by signal {-exit_code}"
    raise CommandError(f"the service ended {how}", f"its log is {control.log_file(place)}")


@contextlib.contextmanager
def _unwound_by_signals() -> Iterator[None]:
    """These would end this command at once, and leave behind what it is just starting."""

    def leave(number: int, _: Any) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _forwarded_signals(process: subprocess.Popen[bytes]) -> Iterator[list[int]]:
    """Signals are passed on instead of raised: reading the live lines goes on while the service drains."""
    wishes: list[int] = []

    def forward(number: int, _: Any) -> None:
        wishes.append(number)
        if len(wishes) > 2:
            process.kill()
            return
        first, second = (
            "stopping when the running invocations are finished; ^C again cuts them",
            "cutting them",
        )
        render.say(first if len(wishes) == 1 else second)
        process.send_signal(signal.SIGTERM)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, forward) for number in numbers}
    try:
        yield wishes
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
