"""What of a function's settings in lam.yaml its role must allow. Pure."""

from __future__ import annotations

from lambdacli.model.mapping import kind_of_source
from lambdacli.project.declared import DeclaredMapping
from lambdacli.project.policy_templates import Here
from lambdacli.project.records import FunctionSettings
from lambdacli.project.role_policy import PolledSource, RoleNeeds


def needs_of(function: FunctionSettings, here: Here) -> RoleNeeds:
    events = function.event_invoke
    targets = (events.on_success, events.on_failure) if events is not None else ()
    return RoleNeeds(
        here=here,
        sources=tuple(_polled(mapping) for mapping in function.mappings),
        dead_letter=function.dead_letter,
        destinations=tuple(arn for arn in targets if arn is not None),
        policies=function.policies,
    )


def _polled(mapping: DeclaredMapping) -> PolledSource:
    kind = kind_of_source(mapping.source_arn)
    assert kind is not None, "lam.yaml takes no others"
    failure = mapping.members.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    return PolledSource(kind, mapping.source_arn, failure_destination=failure)
