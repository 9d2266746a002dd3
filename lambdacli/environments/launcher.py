"""Turns a placement into a running environment: folders, command, variables, walls."""

from __future__ import annotations

import itertools
import secrets
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from lambdacli import runtimes
from lambdacli.environments.placement import Placement
from lambdacli.environments.process import Command, Keeper
from lambdacli.environments.sandbox.base import Sandbox
from lambdacli.environments.sandbox.portable import PortableSandbox
from lambdacli.environments.variables import environment_variables
from lambdacli.model.runtime_names import RuntimeName
from lambdacli.runtimes.base import Start, StartPlan


class Launcher:
    """Owns the folders that environments share: what stands for /var/runtime, and the place of their /tmp."""

    def __init__(self, state_folder: Path, keeper: Keeper) -> None:
        self._runtime_roots = state_folder / "runtime"
        self._temporary_root = state_folder / "tmp"
        self._empty_opt = state_folder / "runtime" / "opt"
        self._keeper = keeper
        self._numbers = itertools.count(1)

    def prepare(self) -> None:
        """Fresh /var/runtime folders; what a killed service left of /tmp is removed."""
        shutil.rmtree(self._temporary_root, ignore_errors=True)
        self._empty_opt.mkdir(parents=True, exist_ok=True)
        for family, module in runtimes.MODULES.items():
            module.prepare(self._runtime_roots / family)

    def sandbox(self, placement: Placement) -> Sandbox:
        name = f"{placement.key.function.name}-{next(self._numbers)}"
        return PortableSandbox(self._keeper, self._temporary_root / name, placement.memory_mb)

    def plan(self, placement: Placement) -> StartPlan:
        runtime = runtimes.name_of(placement.runtime)
        return runtimes.module_of(runtime).plan(self._start(placement, runtime))

    def command(
        self, placement: Placement, plan: StartPlan, *, runtime_api: str, temporary: Path, log_stream: str
    ) -> Command:
        runtime = runtimes.name_of(placement.runtime)
        start = self._start(placement, runtime)
        return Command(
            arguments=plan.arguments,
            variables=environment_variables(
                placement,
                runtime,
                plan,
                runtime_api=runtime_api,
                runtime_root=str(start.runtime_root),
                opt_root=str(start.opt_root),
                temporary=str(temporary),
                log_stream=log_stream,
            ),
            folder=placement.task_root,
            has_framed_log=plan.has_framed_log,
        )

    def _start(self, placement: Placement, runtime: RuntimeName) -> Start:
        return Start(
            runtime=runtime,
            task_root=placement.task_root,
            opt_root=placement.opt_root or self._empty_opt,
            runtime_root=self._runtime_roots / runtime.family,
            dependencies=placement.dependencies,
            variables=placement.variables,
            memory_mb=placement.memory_mb,
        )


def new_stream_name(version: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> str:
    return f"{now():%Y/%m/%d}/[{version}]{secrets.token_hex(16)}"
