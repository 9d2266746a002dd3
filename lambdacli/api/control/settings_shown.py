"""What `lam show` tells of a function's settings beside its configuration, and of those without effect."""

from __future__ import annotations

from collections.abc import Callable

from lambdacli.api.operations.context import Provisioning
from lambdacli.model import effects
from lambdacli.model.arn import LATEST, FunctionKey
from lambdacli.model.event_invoke import EventInvokeConfig
from lambdacli.model.function_url import url_of
from lambdacli.model.record import record
from lambdacli.store.kinds import (
    EVENT_INVOKE,
    FUNCTION_URL,
    PROVISIONED,
    RECURSION,
    RUNTIME_MANAGEMENT,
    SCALING,
)
from lambdacli.store.settings import SettingStore


@record
class ShownSettings:
    """`sections` are by the setting's name, and then by qualifier where there is one; empty ones are left
    out."""

    sections: dict[str, dict[str, str] | str]
    notes: list[str]


class SettingsShown:
    def __init__(
        self, settings: SettingStore, provisioning: Provisioning, endpoint: Callable[[], str]
    ) -> None:
        self._settings = settings
        self._provisioning = provisioning
        self._endpoint = endpoint

    def of(self, key: FunctionKey) -> ShownSettings:
        notes: list[str] = []
        sections: dict[str, dict[str, str] | str] = {
            "provisioned_concurrency": self._provisioned(key),
            "event_invoke": self._event_invoke(key),
            "function_url": self._urls(key),
            "runtime_management": self._runtime_management(key, notes),
            "scaling": self._scaling(key, notes),
            "recursive_loop": self._recursion(key),
        }
        return ShownSettings({name: section for name, section in sections.items() if section}, notes)

    def _provisioned(self, key: FunctionKey) -> dict[str, str]:
        shown = {}
        for qualifier, setting in self._settings.of_function(PROVISIONED, key).items():
            progress = self._provisioning.progress(key, qualifier, setting)
            parts = [f"{progress.available} of {setting.requested}", progress.status.value, progress.reason]
            shown[qualifier] = " ".join(part for part in parts if part)
        return shown

    def _event_invoke(self, key: FunctionKey) -> dict[str, str]:
        shown = {}
        for qualifier, config in self._settings.of_function(EVENT_INVOKE, key).items():
            shown[qualifier] = _told(config)
        return shown

    def _urls(self, key: FunctionKey) -> dict[str, str]:
        shown = {}
        for qualifier, url in self._settings.of_function(FUNCTION_URL, key).items():
            where = url_of(url.url_id, key.region, self._endpoint())
            shown[qualifier or LATEST] = f"{where} {url.auth_type} {url.invoke_mode}"
        return shown

    def _runtime_management(self, key: FunctionKey, notes: list[str]) -> dict[str, str]:
        shown = {}
        for version, management in self._settings.of_function(RUNTIME_MANAGEMENT, key).items():
            shown[version] = " ".join(filter(None, (management.update_on, management.version_arn)))
            notes += effects.runtime_management_without_effect(version, management)
        return shown

    def _scaling(self, key: FunctionKey, notes: list[str]) -> dict[str, str]:
        shown = {}
        for version, scaling in self._settings.of_function(SCALING, key).items():
            bounds = ("at least", scaling.minimum_environments), ("at most", scaling.maximum_environments)
            shown[version] = ", ".join(f"{word} {count}" for word, count in bounds if count is not None)
            notes += effects.scaling_without_effect(version, scaling)
        return shown

    def _recursion(self, key: FunctionKey) -> str:
        recursion = self._settings.get(RECURSION, key)
        return "" if recursion is None else recursion.loop


def _told(config: EventInvokeConfig) -> str:
    attempts, age = config.maximum_retry_attempts, config.maximum_event_age_seconds
    parts = [
        None if attempts is None else f"{attempts} retries",
        None if age is None else f"at most {age} s old",
        config.on_success and f"on success {config.on_success}",
        config.on_failure and f"on failure {config.on_failure}",
    ]
    return ", ".join(part for part in parts if part)
