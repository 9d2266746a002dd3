"""Keeps what stands around lam.yaml's functions as lam.yaml has it; what was made over the API stays."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lambdacli.api.mapping_members import fields_of, given_members, source_of
from lambdacli.model.alias import Alias
from lambdacli.model.arn import LATEST, FunctionKey
from lambdacli.model.clock import Clock
from lambdacli.model.errors import RequestError
from lambdacli.model.event_invoke import EventInvokeConfig
from lambdacli.model.function import own_log_group
from lambdacli.model.mapping import EventSourceMapping, defaults_for
from lambdacli.model.mapping_rules import check, completed, refuse_unsupported
from lambdacli.model.permission import (
    Permission,
    ResourcePolicy,
    add_statement,
    function_statement,
    remove_statement,
)
from lambdacli.model.policy_document import read_json, statements_of
from lambdacli.project.declared import DeclaredEventInvoke, DeclaredMapping, DeclaredPermission, mapping_id
from lambdacli.project.records import FunctionSettings, Project
from lambdacli.store.aliases import AliasStore
from lambdacli.store.kinds import EVENT_INVOKE, RESOURCE_POLICY
from lambdacli.store.mappings import MappingStore
from lambdacli.store.settings import SettingStore
from lambdacli.telemetry.log_groups import GroupSettings, LogGroups

logger = logging.getLogger("lam.project")


class ProjectSurroundings:
    def __init__(
        self,
        settings: SettingStore,
        mappings: MappingStore,
        aliases: AliasStore,
        log_groups: LogGroups,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._mappings = mappings
        self._aliases = aliases
        self._log_groups = log_groups
        self._clock = clock

    def take(self, project: Project, kept: set[FunctionKey]) -> None:
        """`kept` are the functions of lam.yaml that are in the store."""
        for function in project.functions:
            key = FunctionKey(project.account, project.region, function.name)
            if key in kept:
                self._take(key, function)

    def _take(self, key: FunctionKey, function: FunctionSettings) -> None:
        self._take_alias(key, function.alias)
        self._take_event_invoke(key, function.event_invoke)
        self._take_permissions(key, function.permissions)
        self._take_mappings(key, function.mappings)
        self._take_retention(key, function.log_retention_days)

    def _take_alias(self, key: FunctionKey, name: str | None) -> None:
        """Where it leads is a deployment's business from its first one on."""
        if name is not None and self._aliases.get(key, name) is None:
            self._aliases.put(Alias(key, name, LATEST, revision_id=str(uuid.uuid4())))

    def _take_event_invoke(self, key: FunctionKey, declared: DeclaredEventInvoke | None) -> None:
        current = self._settings.get(EVENT_INVOKE, key, LATEST)
        if declared is None:
            if current is not None and current.is_declared:
                self._settings.delete(EVENT_INVOKE, key, LATEST)
            return
        wanted = EventInvokeConfig(
            last_modified=self._clock.now(),
            maximum_retry_attempts=declared.retries,
            maximum_event_age_seconds=declared.maximum_age_seconds,
            on_success=declared.on_success,
            on_failure=declared.on_failure,
            is_declared=True,
        )
        if current is None or replace(wanted, last_modified=current.last_modified) != current:
            self._settings.put(EVENT_INVOKE, key, wanted, LATEST)

    def _take_permissions(self, key: FunctionKey, declared: tuple[DeclaredPermission, ...]) -> None:
        current = self._settings.get(RESOURCE_POLICY, key)
        text = None if current is None else current.text
        former = () if current is None else current.declared
        for statement_id in former:
            text = _without(text, statement_id)
        for permission in declared:
            text = _without(text, permission.statement_id)
            statement = function_statement(_permission(permission), key.arn)
            text = add_statement(text, statement)
        declared_ids = tuple(permission.statement_id for permission in declared)
        if text is None:
            if current is not None:
                self._settings.delete(RESOURCE_POLICY, key)
        elif current is None or (text, declared_ids) != (current.text, current.declared):
            self._settings.put(RESOURCE_POLICY, key, ResourcePolicy(text, str(uuid.uuid4()), declared_ids))

    def _take_mappings(self, key: FunctionKey, declared: tuple[DeclaredMapping, ...]) -> None:
        wanted = {mapping_id(key.arn, mapping.source_arn): mapping for mapping in declared}
        current = {mapping.uuid: mapping for mapping in self._mappings.of_function(key)}
        for found in current.values():
            is_declared = found.uuid == mapping_id(key.arn, found.source.arn or "")
            if is_declared and found.uuid not in wanted:
                self._mappings.delete(found)
        for its_id, mapping in wanted.items():
            former = current.get(its_id)
            try:
                made = self._mapping(key, its_id, mapping)
            except RequestError as error:
                logger.error("functions.%s.sources: %s: %s", key.name, mapping.source_arn, error.message)
                continue
            if former is not None:
                made = replace(made, last_result=former.last_result)
            if former is None or replace(made, last_modified=former.last_modified) != former:
                self._mappings.put(made)

    def _mapping(self, key: FunctionKey, its_id: str, declared: DeclaredMapping) -> EventSourceMapping:
        members: Mapping[str, Any] = {**declared.members, "EventSourceArn": declared.source_arn}
        source = source_of(members)
        refuse_unsupported(source.kind, given_members(members))
        mapping = EventSourceMapping(
            uuid=its_id,
            function=key,
            qualifier=None,
            source=source,
            last_modified=self._clock.now(),
            **{**defaults_for(source.kind), **fields_of(members)},
        )
        mapping = completed(mapping)
        check(mapping, self._clock.now())
        return mapping

    def _take_retention(self, key: FunctionKey, days: int | None) -> None:
        if days is None:
            return
        name = own_log_group(key.name)
        group = self._log_groups.group(key.account, key.region, name)
        if group is None:
            created_ms = int(self._clock.now().timestamp() * 1000)
            self._log_groups.create_group(key.account, key.region, name, GroupSettings(created_ms, days))
        elif group.settings.retention_days != days:
            settings = replace(group.settings, retention_days=days)
            self._log_groups.set(key.account, key.region, name, settings)


def _permission(declared: DeclaredPermission) -> Permission:
    members = declared.members
    return Permission(
        statement_id=declared.statement_id,
        action=members["Action"],
        principal=members["Principal"],
        source_arn=members.get("SourceArn"),
        source_account=members.get("SourceAccount"),
        event_source_token=members.get("EventSourceToken"),
        principal_org_id=members.get("PrincipalOrgID"),
        function_url_auth_type=members.get("FunctionUrlAuthType"),
        invoked_via_function_url=members.get("InvokedViaFunctionUrl"),
    )


def _without(text: str | None, statement_id: str) -> str | None:
    if text is None or not any(each.get("Sid") == statement_id for each in statements_of(read_json(text))):
        return text
    return remove_statement(text, statement_id)
