"""Code signing of functions: which config a function has, and what it does to code. Nothing here is signed:
lam knows no signing service, so all code counts as code that no allowed publisher has signed."""

from __future__ import annotations

import logging
from typing import Any

from lambdacli.api.operations.context import Context
from lambdacli.model.arn import FunctionKey
from lambdacli.model.code_signing import CodeSigningBinding, CodeSigningConfig, SigningPolicy
from lambdacli.model.errors import CodeSigningConfigNotFoundException, CodeVerificationFailedException
from lambdacli.store.kinds import CODE_SIGNING
from lambdacli.store.settings import SettingKind

_log = logging.getLogger("lam.api")


def config_by_arn(context: Context, arn: str) -> CodeSigningConfig | None:
    *_, region, account, _kind, config_id = arn.split(":")
    if (account, region) != (context.account, context.region):
        return None
    return context.code_signing.get(account, region, config_id)


def config_to_bind(context: Context, arn: str) -> CodeSigningConfig:
    config = config_by_arn(context, arn)
    if config is None:
        raise CodeSigningConfigNotFoundException(
            "The code signing configuration cannot be found. Check that the provided configuration is not "
            f"deleted: {arn}."
        )
    return config


def config_of(context: Context, function: FunctionKey) -> CodeSigningConfig | None:
    binding = context.settings.get(CODE_SIGNING, function)
    return None if binding is None else config_by_arn(context, binding.config_arn)


def bind(context: Context, function: FunctionKey, config: CodeSigningConfig) -> None:
    """The function must be there. What it runs now stays: a config judges the next deployment."""
    context.settings.put(CODE_SIGNING, function, CodeSigningBinding(config.arn))


def of_new_function(config: CodeSigningConfig) -> dict[SettingKind[Any], Any]:
    """The settings with which a function begins that is to have this config."""
    return {CODE_SIGNING: CodeSigningBinding(config.arn)}


def check_code(function: FunctionKey, config: CodeSigningConfig | None) -> None:
    """To be asked wherever code or layers are deployed."""
    if config is None:
        return
    if config.policy is SigningPolicy.ENFORCE:
        raise CodeVerificationFailedException(
            "Lambda cannot deploy the function. The function or layer might be signed using a signature that "
            f"the client is not configured to accept. Check the provided signature for {function.name}."
        )
    _log.warning(
        "the code of %s is not signed; its code signing config %s only warns: deployed all the same",
        function.name,
        config.id,
    )
