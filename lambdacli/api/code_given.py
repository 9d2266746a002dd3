"""The code that a create or an update brings: a zip, an object of S3, or a folder that is followed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lambdacli.api.operations.context import Context
from lambdacli.model import limits
from lambdacli.model.errors import InvalidParameterValueException, not_built
from lambdacli.model.function import Code, FolderCode

HOT_RELOAD_BUCKET = "hot-reload"
"""No bucket: the key is a folder of this machine, and its changes count at the next invocation."""

_FROM_S3 = ("S3Bucket", "S3Key", "S3ObjectVersion")


async def code_given(context: Context, members: Mapping[str, Any]) -> Code:
    """`members` are those of FunctionCode. A package is checked, and kept unless this is a dry run."""
    _refuse_not_built(members)
    keep = context.code.check if members.get("DryRun") else context.code.add
    package: bytes | None = members.get("ZipFile")
    if package is not None:
        if any(member in members for member in _FROM_S3):
            # AWS's wording was never recorded.
            raise InvalidParameterValueException(
                "Please do not provide other FunctionCode parameters when providing a ZipFile."
            )
        return await asyncio.to_thread(keep, package)
    if "S3Bucket" not in members or "S3Key" not in members:
        raise InvalidParameterValueException("Please provide a source for function code.")
    if members["S3Bucket"] == HOT_RELOAD_BUCKET:
        return await asyncio.to_thread(_folder, members["S3Key"])
    return await asyncio.to_thread(_from_s3, context, members, keep)


def _refuse_not_built(members: Mapping[str, Any]) -> None:
    for member in ("SourceKMSKeyArn", "PublishTo"):
        if members.get(member):
            raise not_built(member)
    if members.get("S3ObjectStorageMode", "COPY") != "COPY":
        raise not_built(f"S3ObjectStorageMode {members['S3ObjectStorageMode']}")


def _from_s3(context: Context, members: Mapping[str, Any], keep: Callable[[bytes, int], Code]) -> Code:
    # The bound on what is packed is one of direct uploads.
    return keep(fetched(context, members), limits.UNZIPPED_CODE_BYTES)


def fetched(context: Context, members: Mapping[str, Any]) -> bytes:
    """The object of S3 that these members name. Waits for the network: runs in threads."""
    return context.packages.fetch(
        members["S3Bucket"], members["S3Key"], members.get("S3ObjectVersion"), context.region
    )


def _folder(path: str) -> FolderCode:
    folder = Path(path)
    if not folder.is_absolute() or folder == Path(folder.anchor):
        raise InvalidParameterValueException(
            f"With S3Bucket {HOT_RELOAD_BUCKET}, S3Key must be the absolute path of the code's folder, "
            f"not {path}"
        )
    if not folder.is_dir():
        raise InvalidParameterValueException(
            f"With S3Bucket {HOT_RELOAD_BUCKET}, S3Key must be the path of a folder: {path} is none"
        )
    return FolderCode(folder.resolve())
