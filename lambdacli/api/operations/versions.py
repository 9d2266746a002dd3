"""PublishVersion and ListVersionsByFunction: immutable states of a function under their numbers."""

from __future__ import annotations

from typing import Any

from lambdacli.api import views
from lambdacli.api.code_shown import code_shown
from lambdacli.api.names import check_revision, latest, target_of
from lambdacli.api.operations.context import Context
from lambdacli.api.pages import page_of
from lambdacli.api.publishing import frozen, published
from lambdacli.model.arn import is_version
from lambdacli.model.errors import InvalidParameterValueException

_PAGE_SIZE = 50


async def publish_version(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    packed = await frozen(context, target)
    check_revision(request.get("RevisionId"), packed.latest.revision_id)
    given = request.get("CodeSha256")
    if given not in (None, "", packed.code.sha256):
        raise InvalidParameterValueException(
            f"CodeSHA256 ({given}) is different from current CodeSHA256 in $LATEST ({packed.code.sha256}). "
            "Please try again with the CodeSHA256 in $LATEST."
        )
    version = published(context, packed, request.get("Description"))
    return views.function_configuration(version, packed.code, qualifier=version.version)


async def list_versions_by_function(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    latest(context, target)
    shown, next_marker = page_of(
        lambda after, count: context.functions.versions(target.key, after=after or None, count=count),
        name=lambda function: function.version,
        marker=request.get("Marker"),
        size=min(request.get("MaxItems", _PAGE_SIZE), _PAGE_SIZE),
        is_name=is_version,
    )
    versions = [
        views.listed_configuration(function, await code_shown(context, function), qualifier=function.version)
        for function in shown
    ]
    return {"Versions": versions, "NextMarker": next_marker}
