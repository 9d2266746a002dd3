"""The layers of a function: what its ARNs mean here, and AWS's refusals of those that it may not have."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lambdacli.api.operations.context import Context
from lambdacli.model import limits
from lambdacli.model.errors import AccessDeniedException, InvalidParameterValueException
from lambdacli.model.function import (
    ArchiveCode,
    Code,
    FolderCode,
    Layer,
    PublishedLayer,
)
from lambdacli.model.layer import (
    LayerVersion,
    Substitutions,
    parse_layer_arn,
    substitution_hint,
    without_version,
)
from lambdacli.model.policy import AccessRequest, decide, require_allowed
from lambdacli.model.policy_document import PolicyKind, parse_policy
from lambdacli.model.principals import caller_from_arn
from lambdacli.model.record import record
from lambdacli.store.code import CodeStore, size_of_files
from lambdacli.store.layers import LayerStore

_log = logging.getLogger("lam.api")

Source = ArchiveCode | Path
"""What stands behind an ARN: a layer version's package, or a folder or zip that lam.yaml names for it."""


@record
class Shelf:
    """Where the layers of one account's functions in one region are looked for."""

    store: LayerStore
    substitutions: Substitutions
    account: str
    region: str


# For the operations


async def fields(context: Context, request: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a Function that the member `Layers` sets."""
    if "Layers" not in request:
        return {}
    shelf = Shelf(context.layers, context.substitutions, context.account, context.region)
    arns: list[str] = request["Layers"]
    check_arns(arns, context.region)
    sources = [_told_source(shelf, arn) for arn in arns]
    layers = await asyncio.to_thread(
        lambda: tuple(layer_of(arn, source, context.code) for arn, source in zip(arns, sources, strict=True))
    )
    return {"layers": layers}


def _told_source(shelf: Shelf, arn: str) -> Source:
    try:
        return source_of(shelf, arn)
    except AccessDeniedException:
        _log.warning("%s is not here and cannot be fetched; %s", arn, substitution_hint(arn))
        raise


async def check_size(context: Context, code: Code | bytes, layers: Sequence[Layer]) -> None:
    """Refuses code (as it is kept, or a package) that is too large together with its layers."""
    if layers:
        await asyncio.to_thread(_check_size, context.code, code, layers)


def _check_size(store: CodeStore, code: Code | bytes, layers: Sequence[Layer]) -> None:
    maximum = limits.UNZIPPED_CODE_BYTES
    of_layers = sum(store.unzipped_bytes(layer.code) for layer in layers if isinstance(layer, PublishedLayer))
    if of_layers > maximum:
        raise InvalidParameterValueException(
            f"Layers consume more than the available size of {maximum} bytes"
        )
    together = of_layers + store.unzipped_bytes(code)
    if together > maximum:
        raise InvalidParameterValueException(
            f"Function code combined with layers exceeds the maximum allowed size of {maximum} bytes. "
            f"The actual size is {together} bytes."
        )


# For everybody who knows ARNs


def check_arns(arns: Sequence[str], region: str) -> None:
    """What can be told from the ARNs alone."""
    if len(arns) > limits.LAYERS_PER_FUNCTION:
        raise InvalidParameterValueException(
            f"Cannot reference more than {limits.LAYERS_PER_FUNCTION} layers."
        )
    for arn in arns:
        reference = parse_layer_arn(arn)
        if reference is not None and reference.key.region != region:
            raise InvalidParameterValueException(
                "Layers are not in the same region as the function. "
                f"Layers are expected to be in region {region}."
            )
    for first, second in itertools.combinations(arns, 2):
        if without_version(first) == without_version(second):
            raise InvalidParameterValueException(
                "Two different versions of the same layer are not allowed to be referenced in the same "
                f"function. {first} and {second} are versions of the same layer."
            )


def source_of(shelf: Shelf, arn: str) -> Source:
    """What a layer version's ARN means to these functions: what lam.yaml says, else what was published."""
    substitute = shelf.substitutions.of(arn)
    if isinstance(substitute, Path):
        return substitute
    wanted = substitute or arn
    version = published_version(shelf.store, wanted)
    require_readable(shelf.account, wanted, version)
    if version is None:
        raise InvalidParameterValueException(f"Layer version {wanted} does not exist.")
    return version.code


def published_version(store: LayerStore, arn: str) -> LayerVersion | None:
    """The newest one, where the ARN names the layer only."""
    reference = parse_layer_arn(arn)
    if reference is None:
        return None
    if reference.number is None:
        return store.newest(reference.key)
    return store.get(reference.key, reference.number)


def require_readable(account: str, arn: str, version: LayerVersion | None) -> None:
    """Refuses another account's layer version unless its policy allows it; one that is not there allows
    nothing."""
    policies = []
    if version is not None and version.policy is not None:
        policies.append(parse_policy(version.policy, PolicyKind.RESOURCE))
    caller = caller_from_arn(f"arn:aws:iam::{account}:root")
    require_allowed(decide(AccessRequest(caller, "lambda:GetLayerVersion", arn), policies))


def layer_of(arn: str, source: Source, code: CodeStore) -> PublishedLayer:
    """Reads files, and unpacks a zip: for a thread."""
    if isinstance(source, ArchiveCode):
        return PublishedLayer(arn, source, source.size_bytes)
    if source.is_dir():
        return PublishedLayer(arn, FolderCode(source), size_of_files(source))
    try:
        archive = code.add(source.read_bytes())
    except OSError as error:
        raise InvalidParameterValueException(
            f"{source}, which stands for {arn} in lam.yaml, cannot be read: {error.strerror}"
        ) from error
    return PublishedLayer(arn, archive, archive.size_bytes)
