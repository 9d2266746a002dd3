"""Code signing configs, and which function has which."""

from __future__ import annotations

import random
import string
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lambdacli.api.configuration import checked_tags
from lambdacli.api.names import latest, target_of
from lambdacli.api.operations.context import Context
from lambdacli.api.pages import page, page_of
from lambdacli.api.signing import bind, config_by_arn, config_to_bind
from lambdacli.api.views import timestamp
from lambdacli.model.arn import FunctionKey
from lambdacli.model.code_signing import CodeSigningConfig, SigningPolicy
from lambdacli.model.errors import ResourceConflictException, ResourceNotFoundException
from lambdacli.store.kinds import CODE_SIGNING

_PAGE_SIZE = 50


def create_code_signing_config(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    config = CodeSigningConfig(
        account=context.account,
        region=context.region,
        id=_new_config_id(),
        tags=checked_tags(request.get("Tags", {})),
        last_modified=context.clock.now(),
        **_fields(request),
    )
    context.code_signing.put(config)
    return {"CodeSigningConfig": _shown(config)}


def get_code_signing_config(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return {"CodeSigningConfig": _shown(_asked(context, request))}


def list_code_signing_configs(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    def fetch(after: str, count: int) -> Sequence[CodeSigningConfig]:
        return context.code_signing.list(context.account, context.region, after=after, count=count)

    configs, next_marker = page_of(
        fetch,
        name=lambda config: config.id,
        marker=request.get("Marker"),
        size=request.get("MaxItems", _PAGE_SIZE),
    )
    return {"CodeSigningConfigs": [_shown(config) for config in configs], "NextMarker": next_marker}


def update_code_signing_config(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    config = replace(_asked(context, request), last_modified=context.clock.now(), **_fields(request))
    context.code_signing.put(config)
    return {"CodeSigningConfig": _shown(config)}


def delete_code_signing_config(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    config = _asked(context, request)
    if _bound_to(context, config):
        # AWS's wording was never recorded.
        raise ResourceConflictException(
            f"The Lambda code signing configuration {config.arn} cannot be deleted because it is associated "
            "with at least one function."
        )
    context.code_signing.delete(config)
    return {}


def list_functions_by_code_signing_config(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    functions, next_marker = page(
        _bound_to(context, _asked(context, request)),
        name=lambda function: function.name,
        marker=request.get("Marker"),
        size=request.get("MaxItems", _PAGE_SIZE),
    )
    return {"FunctionArns": [function.arn for function in functions], "NextMarker": next_marker}


# The config of a function


def put_function_code_signing_config(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    config = config_to_bind(context, request["CodeSigningConfigArn"])
    latest(context, target)
    bind(context, target.key, config)
    return {"CodeSigningConfigArn": config.arn, "FunctionName": target.key.name}


def get_function_code_signing_config(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Without a config there is only the name, as Terraform expects it; AWS's answer was never recorded."""
    target = target_of(context, request)
    latest(context, target)
    binding = context.settings.get(CODE_SIGNING, target.key)
    return {
        "CodeSigningConfigArn": None if binding is None else binding.config_arn,
        "FunctionName": target.key.name,
    }


def delete_function_code_signing_config(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    latest(context, target)
    context.settings.delete(CODE_SIGNING, target.key)
    return {}


def _asked(context: Context, request: Mapping[str, Any]) -> CodeSigningConfig:
    arn = request["CodeSigningConfigArn"]
    config = config_by_arn(context, arn)
    if config is None:
        raise ResourceNotFoundException(
            f"The Lambda code signing configuration {arn} can not be found.", has_type=False
        )
    return config


def _bound_to(context: Context, config: CodeSigningConfig) -> list[FunctionKey]:
    """In the order of their names: a config is bound in its own account and region only."""
    return [key for key, _, binding in context.settings.all(CODE_SIGNING) if binding.config_arn == config.arn]


def _fields(request: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a config that a request sets."""
    fields: dict[str, Any] = {}
    if "Description" in request:
        fields["description"] = request["Description"]
    if "AllowedPublishers" in request:
        fields["publishers"] = tuple(request["AllowedPublishers"]["SigningProfileVersionArns"])
    policy = request.get("CodeSigningPolicies", {}).get("UntrustedArtifactOnDeployment")
    if policy is not None:
        fields["policy"] = SigningPolicy(policy)
    return fields


def _new_config_id() -> str:
    return "csc-" + "".join(random.choices(string.ascii_lowercase + string.digits, k=17))


def _shown(config: CodeSigningConfig) -> dict[str, Any]:
    return {
        "CodeSigningConfigId": config.id,
        "CodeSigningConfigArn": config.arn,
        "Description": config.description,
        "AllowedPublishers": {"SigningProfileVersionArns": config.publishers},
        "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": config.policy.value},
        "LastModified": timestamp(config.last_modified),
    }
