"""Layers: numbered versions of folders that functions find below /opt."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from lambdacli.api import views
from lambdacli.api.code_given import fetched
from lambdacli.api.code_shown import package_location
from lambdacli.api.layer_names import layer_key, readable, require_number
from lambdacli.api.operations.context import Context
from lambdacli.api.pages import page_of
from lambdacli.model import limits
from lambdacli.model.errors import InvalidParameterValueException, ResourceNotFoundException
from lambdacli.model.function import ArchiveCode
from lambdacli.model.layer import LayerVersion, parse_layer_arn

_PAGE_SIZE = 50


async def publish_layer_version(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    key = layer_key(context, request)
    code = await asyncio.to_thread(_kept, context, request["Content"])
    version = context.layers.publish(
        LayerVersion(
            key=key,
            number=0,
            code=code,
            created_at=context.clock.now(),
            description=request.get("Description", ""),
            license_info=request.get("LicenseInfo"),
            runtimes=tuple(request.get("CompatibleRuntimes", ())),
            architectures=tuple(request.get("CompatibleArchitectures", ())),
        )
    )
    return _shown(context, version)


def list_layers(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    shown, next_marker = page_of(
        lambda after, count: context.layers.list(
            context.account, context.region, **_filters(request), after=after, count=count
        ),
        name=lambda version: version.key.name,
        marker=request.get("Marker"),
        size=request.get("MaxItems", _PAGE_SIZE),
    )
    layers = [
        {
            "LayerName": version.key.name,
            "LayerArn": version.key.arn,
            "LatestMatchingVersion": _listed(version),
        }
        for version in shown
    ]
    return {"Layers": layers, "NextMarker": next_marker}


def list_layer_versions(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    key = layer_key(context, request)
    filters = _filters(request)

    def fetch(after: str, count: int) -> Sequence[LayerVersion]:
        if not after:
            return context.layers.versions(key, **filters, count=count)
        return context.layers.versions(key, **filters, before=_number(after), count=count)

    shown, next_marker = page_of(
        fetch,
        name=lambda version: str(version.number),
        marker=request.get("Marker"),
        size=request.get("MaxItems", _PAGE_SIZE),
    )
    return {"LayerVersions": [_listed(version) for version in shown], "NextMarker": next_marker}


def get_layer_version(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    key = layer_key(context, request, is_read_only=True)
    number = require_number(request["VersionNumber"])
    return _found(context, readable(context, key, number))


def get_layer_version_by_arn(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    reference = parse_layer_arn(request["Arn"])
    if reference is None or reference.number is None:
        return _found(context, None)
    number = require_number(reference.number)
    return _found(context, readable(context, reference.key, number))


def delete_layer_version(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    key = layer_key(context, request)
    # One that is not there is deleted already; functions keep what they use of it.
    context.layers.delete(key, require_number(request["VersionNumber"]))
    return {}


def _kept(context: Context, content: Mapping[str, Any]) -> ArchiveCode:
    """Unpacks files, and may wait for S3: runs in threads."""
    package: bytes | None = content.get("ZipFile")
    if package is not None:
        return context.code.add(package)
    if "S3Bucket" not in content or "S3Key" not in content:
        # AWS's wording was never recorded.
        raise InvalidParameterValueException("Please provide a source for layer code.")
    return context.code.add(fetched(context, content), limits.UNZIPPED_CODE_BYTES)


def _filters(request: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "runtime": request.get("CompatibleRuntime"),
        "architecture": request.get("CompatibleArchitecture"),
    }


def _number(marker: str) -> int:
    if not (marker.isascii() and marker.isdecimal() and len(marker) <= 18):
        raise InvalidParameterValueException("Invalid value for Marker")
    return int(marker)


def _found(context: Context, version: LayerVersion | None) -> dict[str, Any]:
    if version is None:
        raise ResourceNotFoundException("The resource you requested does not exist.")
    return _shown(context, version)


def _shown(context: Context, version: LayerVersion) -> dict[str, Any]:
    content = {
        "Location": package_location(context, version.code),
        "CodeSha256": version.code.sha256,
        "CodeSize": version.code.size_bytes,
    }
    return {"Content": content, "LayerArn": version.key.arn, **_listed(version)}


def _listed(version: LayerVersion) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "LayerVersionArn": version.arn,
        "Version": version.number,
        "Description": version.description,
        "CreatedDate": views.timestamp(version.created_at),
    }
    if version.runtimes:
        shown["CompatibleRuntimes"] = list(version.runtimes)
    if version.architectures:
        shown["CompatibleArchitectures"] = list(version.architectures)
    if version.license_info is not None:
        shown["LicenseInfo"] = version.license_info
    return shown
