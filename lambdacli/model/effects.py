"""What of a function's settings is kept, but has no effect here: one sentence each, for people. Pure."""

from __future__ import annotations

from lambdacli.model.event_invoke import EventInvokeConfig
from lambdacli.model.function_url import FunctionUrl
from lambdacli.model.recursion import Recursion
from lambdacli.model.runtime_management import RuntimeManagement
from lambdacli.model.scaling import Scaling


def event_invoke_without_effect(qualifier: str, config: EventInvokeConfig) -> list[str]:
    return [
        f"the event-invoke config of {qualifier} has no effect yet: every event gets one attempt, and no "
        "destination hears of it"
    ]


def function_url_without_effect(qualifier: str, url: FunctionUrl) -> list[str]:
    of_alias = f" of {qualifier}" if qualifier else ""
    return [f"the function URL{of_alias} is not served yet: use Invoke instead"]


def runtime_management_without_effect(version: str, management: RuntimeManagement) -> list[str]:
    return [
        f"runtime management {management.update_on} of {version} has no effect: the runtime is the one that "
        "is installed on this machine"
    ]


def recursion_without_effect(recursion: Recursion) -> list[str]:
    if recursion.loop == "Allow":
        return []
    return ["RecursiveLoop Terminate has no effect yet: recursive loops are not detected"]


def scaling_without_effect(version: str, scaling: Scaling) -> list[str]:
    return [f"the scaling config of {version} has no effect: there are no capacity providers here"]
