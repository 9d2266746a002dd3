"""Whom a FunctionName and a Qualifier mean, and AWS's refusals of those that mean nothing here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from lambdacli.api.operations.context import Context
from lambdacli.model.arn import LATEST, FunctionKey, parse_function_reference
from lambdacli.model.errors import (
    AccessDeniedException,
    InvalidParameterValueException,
    PreconditionFailedException,
    ResourceConflictException,
    ResourceNotFoundException,
)
from lambdacli.model.function import Function, Origin
from lambdacli.model.record import record
from lambdacli.wire.http import Request

_ALIAS_NAME = re.compile(r"(?!^[0-9]+$)[a-zA-Z0-9-_]+")


@record
class Target:
    """A function that may exist, and the qualifier that was written with it or beside it."""

    key: FunctionKey
    qualifier: str | None

    @property
    def arn(self) -> str:
        return self.key.qualified_arn(self.qualifier)


def target_of(context: Context, request: dict[str, Any], member: str = "FunctionName") -> Target:
    """Reads the name; asks nothing about existence, which comes after these refusals."""
    reference = parse_function_reference(request[member])
    qualifier = request.get("Qualifier")
    if reference.qualifier and qualifier and reference.qualifier != qualifier:
        raise InvalidParameterValueException(
            "The derived qualifier from the function name does not match the specified qualifier."
        )
    if reference.region is not None and reference.region != context.region:
        raise ResourceNotFoundException(
            f"Functions from '{reference.region}' are not reachable in this region ('{context.region}')"
        )
    if reference.account is not None and reference.account != context.account:
        raise AccessDeniedException(None)
    name = context.other_names.get(reference.name, reference.name)
    key = FunctionKey(context.account, context.region, name)
    return Target(key, reference.qualifier or qualifier)


def by_own_name(request: Request, other_names: Mapping[str, str]) -> Request:
    """A construct's path, `Stack/Function`, is no name that AWS takes: what asks for it goes on with the
    function's own."""
    if "%2f" not in request.path.lower():
        return request
    parts = [other_names.get(unquote(part), part) for part in request.path.split("/")]
    return replace(request, path="/".join(parts))


def existing(context: Context, target: Target, *, shown_arn: str | None = None) -> Function:
    """The version that the target means; of an alias, the one that it points to.

    `shown_arn` stands in the 404 where AWS shows another ARN than the one asked for."""
    version = target.qualifier or LATEST
    if is_alias_name(version):
        alias = context.aliases.get(target.key, version)
        if alias is None:
            raise not_found(shown_arn or target.arn)
        version = alias.version
    function = context.functions.get(target.key, version)
    if function is None:
        raise not_found(shown_arn or target.arn)
    return function


def latest(context: Context, target: Target, *, shown_arn: str | None = None) -> Function:
    """`$LATEST`, for what concerns the whole function; a qualifier is not looked at."""
    function = context.functions.get(target.key)
    if function is None:
        raise not_found(shown_arn or target.key.arn)
    return function


def is_alias_name(qualifier: str) -> bool:
    return _ALIAS_NAME.fullmatch(qualifier) is not None


def not_found(arn: str) -> ResourceNotFoundException:
    return ResourceNotFoundException(f"Function not found: {arn}")


def refuse_project_function(context: Context, function: Function) -> None:
    """Its file decides about its functions: a change made here would be undone by the next reading."""
    if function.origin is Origin.PROJECT:
        file = context.described_in(function.name)
        raise ResourceConflictException(
            f"The function {function.name} is described in {file}: edit {file} instead, "
            "the change takes effect when it is saved."
        )


def check_revision(given: str | None, current: str, source: str = "GetFunction/GetAlias") -> None:
    """`source` is the operation that the answer tells to ask for the current one."""
    if given not in (None, current):
        raise PreconditionFailedException(
            f"The Revision Id provided does not match the latest Revision Id. Call the {source} "
            "API to retrieve the latest Revision Id"
        )
