"""Keeps the URLs of lam.yaml's functions as lam.yaml has them; those made over the API stay what they are."""

from __future__ import annotations

from dataclasses import replace

from lambdacli.model.arn import FunctionKey
from lambdacli.model.clock import Clock
from lambdacli.model.function_url import FunctionUrl, declared_id
from lambdacli.project.records import Project
from lambdacli.project.urls import DeclaredUrl
from lambdacli.store.kinds import FUNCTION_URL
from lambdacli.store.settings import SettingStore


class ProjectUrls:
    def __init__(self, settings: SettingStore, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    def take(self, project: Project, kept: set[FunctionKey]) -> None:
        """`kept` are the functions of lam.yaml that are in the store."""
        for function in project.functions:
            key = FunctionKey(project.account, project.region, function.name)
            if key in kept:
                self._take(key, function.url)

    def _take(self, key: FunctionKey, declared: DeclaredUrl | None) -> None:
        current = self._settings.get(FUNCTION_URL, key)
        if declared is None:
            if current is not None and current.is_declared:
                self._settings.delete(FUNCTION_URL, key)
            return
        now = self._clock.now()
        former = current if current is not None and current.is_declared else None
        wanted = FunctionUrl(
            declared_id(key.arn),
            declared.auth_type,
            created=now if former is None else former.created,
            last_modified=now if former is None else former.last_modified,
            invoke_mode=declared.invoke_mode,
            cors=declared.cors,
            is_declared=True,
        )
        if wanted != former:
            self._settings.put(FUNCTION_URL, key, replace(wanted, last_modified=now))
