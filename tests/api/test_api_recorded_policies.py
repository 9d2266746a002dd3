"""What AWS was recorded to answer to mistakes: of permissions and of layers."""

from __future__ import annotations

import pytest

from tests.api_house import ACCOUNT, REGION
from tests.recorded_rows import (
    ARN,
    CONFLICT,
    IPV,
    LAYER,
    MISSING,
    NAME,
    NO_RESOURCE,
    PRECONDITION,
    QUALIFIERS_DIFFER,
    RNF,
    WRONG_REVISION,
    furnish,
    refused,
)

MISSING_LAYER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:doesnotexist"
SAME_STATEMENT = (
    "The statement id ({}) provided already exists. Please provide a new statement id, or remove the "
    "existing statement."
)
NO_POLICY = "No policy is associated with the given resource."
NO_STATEMENT = "Statement {} is not found in resource policy."
PERMISSION = {"Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
ALIAS = ("create_alias", {"FunctionName": NAME, "Name": "permission-alias", "FunctionVersion": "1"})


def allowed(**members):
    return ("add_permission", {"FunctionName": NAME, "StatementId": "s3", **PERMISSION, **members})


def add(row, code, message, *, given=(), **members):
    standard = {"FunctionName": NAME, "StatementId": "s3", **PERMISSION}
    return refused(row, "add_permission", code, message, given=given, **standard | members)


def remove(row, message, *, code=RNF, given=(), **members):
    standard = {"FunctionName": NAME, "StatementId": "s3"}
    return refused(row, "remove_permission", code, message, given=given, **standard | members)


PERMISSIONS = [
    add("two qualifiers", IPV, QUALIFIERS_DIFFER, FunctionName=f"{NAME}:alias-not-42", Qualifier="42"),
    add(
        "$LATEST",
        IPV,
        "We currently do not support adding policies for $LATEST.",
        FunctionName=f"{NAME}:$LATEST",
        Qualifier="$LATEST",
    ),
    add(
        "no principal",
        IPV,
        "The provided principal was invalid. Please check the principal and try again.",
        StatementId="lambda",
        Principal="invalid.nonaws.com",
    ),
    add("missing", RNF, f"Function not found: {MISSING}", FunctionName="doesnotexist"),
    add(
        "missing alias",
        RNF,
        f"Cannot find alias arn: {ARN}:alias-doesnotexist",
        FunctionName=f"{NAME}:alias-doesnotexist",
    ),
    add("missing version", RNF, f"Function not found: {ARN}:42", Qualifier="42"),
    add(
        "qualifier with a dollar",
        RNF,
        f"Function not found: {ARN}:valid-with-$-but-doesnotexist",
        Qualifier="valid-with-$-but-doesnotexist",
    ),
    add("same statement", CONFLICT, SAME_STATEMENT.format("s3"), given=[allowed()]),
    add(
        "wrong revision",
        PRECONDITION,
        WRONG_REVISION.format("GetPolicy"),
        given=[ALIAS, allowed(Qualifier="permission-alias", StatementId="s1")],
        Qualifier="permission-alias",
        RevisionId="wrong",
    ),
    *(
        refused(name, "get_policy", RNF, NO_RESOURCE, **members)
        for name, members in {
            "none": {"FunctionName": NAME},
            "missing": {"FunctionName": "doesnotexist"},
            "missing version": {"FunctionName": NAME, "Qualifier": "77"},
        }.items()
    ),
    refused(
        "last one removed",
        "get_policy",
        RNF,
        NO_RESOURCE,
        given=[allowed(), ("remove_permission", {"FunctionName": NAME, "StatementId": "s3"})],
        FunctionName=NAME,
    ),
    remove(
        "missing statement",
        NO_STATEMENT.format("non-existent"),
        given=[allowed()],
        StatementId="non-existent",
    ),
    remove("none", NO_POLICY),
    remove("missing", f"No policy found for: {MISSING}", FunctionName="doesnotexist"),
    remove(
        "missing alias", f"Cannot find alias arn: {ARN}:alias-doesnotexist", Qualifier="alias-doesnotexist"
    ),
]

GRANT = {"Action": "lambda:GetLayerVersion", "Principal": "*", "StatementId": "s1"}
GRANTED = ("add_layer_version_permission", {"LayerName": "l", "VersionNumber": 1, **GRANT})
LAYER_REVISION = WRONG_REVISION.format("GetLayerPolicy")
NO_LAYER_VERSIONS = {
    "missing layer": ("doesnotexist", 1, f"Layer version {MISSING_LAYER}:1 does not exist."),
    "missing version": ("l", 2, f"Layer version {LAYER}:2 does not exist."),
}


def on_layer(row, operation, code, message, *, given=(), layer="l", version=1, **members):
    return refused(
        row, operation, code, message, given=given, LayerName=layer, VersionNumber=version, **members
    )


LAYERS = [
    *(
        on_layer(row, operation, RNF, message, layer=layer, version=version, **members)
        for row, (layer, version, message) in NO_LAYER_VERSIONS.items()
        for operation, members in (
            ("add_layer_version_permission", GRANT),
            ("get_layer_version_policy", {}),
            ("remove_layer_version_permission", {"StatementId": "s1"}),
        )
    ),
    on_layer(
        "same statement",
        "add_layer_version_permission",
        CONFLICT,
        SAME_STATEMENT.format("s1"),
        given=[GRANTED],
        **GRANT,
    ),
    on_layer(
        "wrong revision",
        "add_layer_version_permission",
        PRECONDITION,
        LAYER_REVISION,
        given=[GRANTED],
        RevisionId="wrong",
        **{**GRANT, "StatementId": "s2"},
    ),
    on_layer("none", "get_layer_version_policy", RNF, NO_POLICY),
    on_layer(
        "missing statement",
        "remove_layer_version_permission",
        RNF,
        NO_STATEMENT.format("doesnotexist"),
        given=[GRANTED],
        StatementId="doesnotexist",
    ),
    on_layer(
        "wrong revision",
        "remove_layer_version_permission",
        PRECONDITION,
        LAYER_REVISION,
        given=[GRANTED],
        StatementId="s1",
        RevisionId="wrong",
    ),
    on_layer("version -1", "delete_layer_version", IPV, "Layer Version Cannot be less than 1", version=-1),
    *(
        on_layer(
            f"version {version}",
            "get_layer_version",
            IPV,
            "Layer Version Cannot be less than 1",
            version=version,
        )
        for version in (-1, 0)
    ),
    on_layer("missing layer", "get_layer_version", RNF, NO_RESOURCE, layer="doesnotexist"),
    on_layer("missing version", "get_layer_version", RNF, NO_RESOURCE, version=2),
    refused("missing version", "get_layer_version_by_arn", RNF, NO_RESOURCE, Arn=f"{LAYER}:2"),
]


@pytest.mark.parametrize("row", [*PERMISSIONS, *LAYERS])
def test_mistake_is_answered_as_recorded(house, row):
    furnish(house)
    answered, recorded = row.asked(house)
    assert answered == recorded
    assert row.is_modelled(house)
