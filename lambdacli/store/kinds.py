"""The kinds of settings that functions, versions and aliases have, with their records."""

from __future__ import annotations

from lambdacli.model.code_signing import CodeSigningBinding
from lambdacli.model.event_invoke import EventInvokeConfig
from lambdacli.model.function_url import FunctionUrl
from lambdacli.model.permission import ResourcePolicy
from lambdacli.model.provisioned import ProvisionedConcurrency
from lambdacli.model.recursion import Recursion
from lambdacli.model.runtime_management import RuntimeManagement
from lambdacli.model.scaling import Scaling
from lambdacli.store.settings import SettingKind

CODE_SIGNING = SettingKind("code_signing", CodeSigningBinding)
EVENT_INVOKE = SettingKind("event-invoke", EventInvokeConfig)
FUNCTION_URL = SettingKind("function-url", FunctionUrl)
PROVISIONED = SettingKind("provisioned-concurrency", ProvisionedConcurrency)
RESOURCE_POLICY = SettingKind("resource-policy", ResourcePolicy)
RECURSION = SettingKind("recursion", Recursion)
RUNTIME_MANAGEMENT = SettingKind("runtime-management", RuntimeManagement)
SCALING = SettingKind("scaling", Scaling)
