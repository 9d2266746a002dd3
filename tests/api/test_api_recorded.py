"""What AWS was recorded to answer to mistakes: of functions, versions, aliases, tags and invocations."""

from __future__ import annotations

import io
import zipfile

import pytest

from lambdacli.model.runtime_names import LISTED_IN_ERRORS
from lambdacli.service.s3 import S3Packages
from lambdacli.service.sessions import own_credentials
from tests.api_house import ACCOUNT, REGION
from tests.recorded_rows import (
    ARN,
    CONFLICT,
    CREATE,
    ELSEWHERE,
    IPV,
    LAYER,
    MISSING,
    NAME,
    NOT_REACHABLE,
    PRECONDITION,
    QUALIFIERS_DIFFER,
    RNF,
    UUID,
    WHOLE_FUNCTIONS_ONLY,
    WRONG_REVISION,
    furnish,
    refused,
)
from tests.s3_server import open_s3

NOT_HELD_HERE = {
    "CreateFunction: subnets and security groups that EC2 does not know": "there is no EC2 to ask",
    "CreateFunction, UpdateFunctionCode: packageType Image": "images are not built",
    "UpdateFunctionCode, UpdateFunctionConfiguration: another update in progress": "updates end at once",
    "UpdateFunctionCode: function still Pending": "functions are active at once",
    "CreateEventSourceMapping: the stream or queue does not exist": "sources are not asked",
    "Invoke: reserved concurrency used up": "the engine's rule: tests/engine/test_concurrency_rules.py",
    "ListLayers: unknown CompatibleRuntime": "AWS lists names of its own; only some were recorded",
}
"""Recorded rows that no call of this house can show, with the reason."""

TOO_LARGE = "Lambda was unable to configure your environment variables because the environment variables you "
TOO_LARGE += "have provided exceeded the 4KB limit. String measured: "
UNKNOWN_RUNTIME = (
    "Value {} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
    f"[{LISTED_IN_ERRORS}] or be a valid ARN"
)
RETIRED = (
    "The runtime parameter of {} is no longer supported for creating or updating AWS Lambda functions. "
    "We recommend you use a supported runtime while creating or updating functions."
)
NEW = CREATE | {"FunctionName": "new"}
TWO_VERSIONS = (
    "Two different versions of the same layer are not allowed to be referenced in the same function. "
    "{} and {} are versions of the same layer."
)
OTHERS_LAYER = f"arn:aws:lambda:{REGION}:111111111111:layer:theirs:1"


def weights(**shares):
    return {"AdditionalVersionWeights": {version.strip("v"): share for version, share in shares.items()}}


def alias(name="live", version="1", **members):
    return ("create_alias", {"FunctionName": NAME, "Name": name, "FunctionVersion": version, **members})


def tags(count):
    return {f"key{number}": "v" for number in range(count)}


def new_alias(row, code, message, *, given=(), has_type=True, **members):
    standard = {"FunctionName": NAME, "Name": "custom", "FunctionVersion": "1"}
    return refused(row, "create_alias", code, message, given=given, has_type=has_type, **standard | members)


ALIASES = [
    new_alias(
        "two weights",
        IPV,
        "Number of items in AdditionalVersionWeights cannot be greater than 1",
        RoutingConfig=weights(v1=0.8, v2=0.2),
    ),
    new_alias(
        "the version itself as the second",
        IPV,
        "Invalid function version 1. Function version 1 is already included in routing configuration.",
        RoutingConfig=weights(v1=0.5),
    ),
    new_alias(
        "missing version",
        RNF,
        f"Function not found: {ARN}:10",
        FunctionVersion="10",
        RoutingConfig=weights(v2=0.5),
    ),
    new_alias("missing second version", RNF, f"Function not found: {ARN}:10", RoutingConfig=weights(v10=0.5)),
    new_alias(
        "$LATEST with a weight",
        IPV,
        "$LATEST is not supported for an alias pointing to more than 1 version",
        has_type=False,
        FunctionVersion="$LATEST",
        RoutingConfig=weights(v1=0.5),
    ),
    new_alias(
        "missing function",
        RNF,
        f"Function not found: {MISSING}:1",
        FunctionName="doesnotexist",
        RoutingConfig=weights(v2=0.5),
    ),
    new_alias(
        "there already",
        CONFLICT,
        f"Alias already exists: {ARN}:custom",
        given=[alias("custom")],
        RoutingConfig=weights(v2=0.5),
    ),
    refused(
        "missing",
        "get_alias",
        RNF,
        f"Cannot find alias arn: {ARN}:non-existent",
        FunctionName=NAME,
        Name="non-existent",
    ),
    refused(
        "wrong revision",
        "update_alias",
        PRECONDITION,
        WRONG_REVISION.format("GetFunction/GetAlias"),
        given=[alias("revision_alias")],
        FunctionName=NAME,
        Name="revision_alias",
        RevisionId="wrong",
    ),
    refused(
        "missing",
        "update_alias",
        RNF,
        f"Alias not found: {ARN}:non-existent",
        FunctionName=NAME,
        Name="non-existent",
    ),
]


def create(row, code, message, **members):
    return refused(row, "create_function", code, message, **NEW | members)


def layer_arns(count):
    return [f"{LAYER}{number}:1" for number in range(count)]


CREATES = [
    create(
        "environment over 4 KB",
        IPV,
        TOO_LARGE + '{"LARGE_VAR":"' + "x" * 4097 + '"}',
        Environment={"Variables": {"LARGE_VAR": "x" * 4097}},
    ),
    create(
        "environment over 4 KB together",
        IPV,
        TOO_LARGE + '{"SMALL_VAR":"ok","LARGE_VAR":"' + "x" * 4090 + '"}',
        Environment={"Variables": {"SMALL_VAR": "ok", "LARGE_VAR": "x" * 4090}},
    ),
    create("51 tags", IPV, "Number of tags exceeds resource tag limit.", Tags=tags(51)),
    create(
        "unknown runtime",
        IPV,
        UNKNOWN_RUNTIME.format("non-existent-runtime"),
        Runtime="non-existent-runtime",
    ),
    create("runtime in capitals", IPV, UNKNOWN_RUNTIME.format("PYTHON3.9"), Runtime="PYTHON3.9"),
    *(
        create(f"retired {runtime}", IPV, RETIRED.format(runtime), Runtime=runtime)
        for runtime in (
            *("java8", "go1.x", "provided", "ruby2.7", "nodejs14.x", "nodejs12.x", "python3.7"),
            "dotnetcore3.1",
        )
    ),
    create(
        "no zip",
        IPV,
        "Could not unzip uploaded file. Please check your file, then try to upload again.",
        Code={"ZipFile": b"this is no zip"},
    ),
    create(
        "layer of another region",
        IPV,
        f"Layers are not in the same region as the function. Layers are expected to be in region {REGION}.",
        Layers=[f"arn:aws:lambda:ap-southeast-1:{ACCOUNT}:layer:l:1"],
    ),
    create("six layers", IPV, "Cannot reference more than 5 layers.", Layers=[f"{LAYER}:1"] * 6),
    create("six different layers", IPV, "Cannot reference more than 5 layers.", Layers=layer_arns(6)),
    create(
        "name of 65 characters",
        IPV,
        f"1 validation error detected: Value '{'a' * 65}' at 'functionName' failed to satisfy constraint: "
        "Member must have length less than or equal to 64",
        FunctionName="a" * 65,
    ),
    create(
        "ARN of another region",
        RNF,
        f"Functions from 'ap-southeast-1' are not reachable in this region ('{REGION}')",
        FunctionName=f"arn:aws:lambda:ap-southeast-1:{ACCOUNT}:function:new",
    ),
    create(
        "ARN of another account",
        "AccessDeniedException",
        None,
        FunctionName=f"arn:aws:lambda:{REGION}:123456789012:function:new",
    ),
    create("name exists", CONFLICT, "Function already exist: f", FunctionName=NAME),
    create(
        "log level of a text log",
        IPV,
        'LogLevel is not supported when LogFormat is set to "Text". Remove LogLevel from your request or '
        'change the LogFormat to "JSON" and try again.',
        LoggingConfig={"LogFormat": "Text", "ApplicationLogLevel": "INFO"},
    ),
    create(
        "layer of another account",
        "AccessDeniedException",
        f"User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform: lambda:GetLayerVersion on "
        f"resource: {OTHERS_LAYER} because no resource-based policy allows the lambda:GetLayerVersion action",
        Layers=[OTHERS_LAYER],
    ),
]

LATER_LAYERS = [
    ("publish_layer_version", {"LayerName": "l", "Content": CREATE["Code"]}),
    ("publish_layer_version", {"LayerName": "l", "Content": CREATE["Code"]}),
]


def update(row, code, message, *, given=(), **members):
    return refused(
        row, "update_function_configuration", code, message, given=given, FunctionName=NAME, **members
    )


UPDATES = [
    refused(
        "wrong revision",
        "update_function_code",
        PRECONDITION,
        WRONG_REVISION.format("GetFunction/GetAlias"),
        FunctionName=NAME,
        RevisionId="wrong",
        **CREATE["Code"],
    ),
    refused(
        "image for a zip function",
        "update_function_code",
        IPV,
        "Please don't provide ImageUri when updating a function with packageType Zip.",
        FunctionName=NAME,
        ImageUri="111111111111.dkr.ecr.us-east-1.amazonaws.com/i:latest",
    ),
    update(
        "unknown runtime", IPV, UNKNOWN_RUNTIME.format("non-existent-runtime"), Runtime="non-existent-runtime"
    ),
    update("runtime in capitals", IPV, UNKNOWN_RUNTIME.format("PYTHON3.9"), Runtime="PYTHON3.9"),
    update(
        "two versions of a layer",
        IPV,
        TWO_VERSIONS.format(f"{LAYER}:1", f"{LAYER}:2"),
        given=LATER_LAYERS,
        Layers=[f"{LAYER}:1", f"{LAYER}:2"],
    ),
    update(
        "three versions of a layer",
        IPV,
        TWO_VERSIONS.format(f"{LAYER}:1", f"{LAYER}:2"),
        given=LATER_LAYERS,
        Layers=[f"{LAYER}:1", f"{LAYER}:2", f"{LAYER}:3"],
    ),
    update(
        "one layer version twice",
        IPV,
        TWO_VERSIONS.format(f"{LAYER}:1", f"{LAYER}:1"),
        Layers=[f"{LAYER}:1", f"{LAYER}:1"],
    ),
    update(
        "missing layer",
        IPV,
        f"Layer version arn:aws:lambda:{REGION}:{ACCOUNT}:layer:doesnotexist:1 does not exist.",
        Layers=[f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:doesnotexist:1"],
    ),
    update("missing layer version", IPV, f"Layer version {LAYER}:9 does not exist.", Layers=[f"{LAYER}:9"]),
    update(
        "wrong revision",
        PRECONDITION,
        WRONG_REVISION.format("GetFunction/GetAlias"),
        Runtime="python3.8",
        RevisionId="wrong",
    ),
]


SOME_ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:some-function"
NO_DELETE_OF_LATEST = "$LATEST version cannot be deleted without deleting the function."


def reads(operation):
    """What GetFunction and GetFunctionConfiguration were recorded to answer alike."""
    return [
        refused(
            "two qualifiers",
            operation,
            IPV,
            QUALIFIERS_DIFFER,
            FunctionName=f"{SOME_ARN}:1",
            Qualifier="$LATEST",
        ),
        refused(
            "$LATEST twice",
            operation,
            RNF,
            f"Function not found: {SOME_ARN}:$LATEST",
            FunctionName=f"{SOME_ARN}:$LATEST",
            Qualifier="$LATEST",
        ),
        refused(
            "missing version",
            operation,
            RNF,
            f"Function not found: {ARN}:1221",
            FunctionName=NAME,
            Qualifier="1221",
        ),
        refused("missing", operation, RNF, f"Function not found: {MISSING}", FunctionName="doesnotexist"),
        refused("another region", operation, RNF, NOT_REACHABLE, FunctionName=ELSEWHERE),
    ]


FUNCTIONS = [
    *reads("get_function"),
    *reads("get_function_configuration"),
    refused(
        "missing alias",
        "get_function",
        RNF,
        f"Function not found: {ARN}:aliasdoesnotexist",
        FunctionName=NAME,
        Qualifier="aliasdoesnotexist",
    ),
    refused(
        "missing alias in the ARN",
        "get_function",
        RNF,
        f"Function not found: {ARN}:aliasdoesnotexist",
        FunctionName=f"{ARN}:aliasdoesnotexist",
    ),
    refused("missing", "delete_function", RNF, f"Function not found: {MISSING}", FunctionName="doesnotexist"),
    refused(
        "version of a missing one",
        "delete_function",
        RNF,
        f"Function not found: {MISSING}",
        FunctionName="doesnotexist",
        Qualifier="1233",
    ),
    refused(
        "two qualifiers",
        "delete_function",
        IPV,
        QUALIFIERS_DIFFER,
        FunctionName=f"{SOME_ARN}:1",
        Qualifier="$LATEST",
    ),
    refused(
        "$LATEST twice of a missing one",
        "delete_function",
        IPV,
        NO_DELETE_OF_LATEST,
        FunctionName=f"{SOME_ARN}:$LATEST",
        Qualifier="$LATEST",
    ),
    refused("$LATEST", "delete_function", IPV, NO_DELETE_OF_LATEST, FunctionName=NAME, Qualifier="$LATEST"),
    refused("another region", "delete_function", RNF, NOT_REACHABLE, FunctionName=ELSEWHERE),
    refused(
        "version that an alias uses",
        "delete_function",
        CONFLICT,
        "Unable to delete version because the following aliases reference it: [live]",
        given=[alias()],
        FunctionName=NAME,
        Qualifier="1",
    ),
    refused(
        "other code",
        "publish_version",
        IPV,
        "CodeSHA256 (somenonexistentsha256) is different from current CodeSHA256 in $LATEST (<sha>). Please "
        "try again with the CodeSHA256 in $LATEST.",
        FunctionName=NAME,
        CodeSha256="somenonexistentsha256",
    ),
    refused(
        "wrong revision",
        "publish_version",
        PRECONDITION,
        WRONG_REVISION.format("GetFunction/GetAlias"),
        FunctionName=NAME,
        RevisionId="wrong",
    ),
]

INVOKES = [
    refused("another region", "invoke", RNF, NOT_REACHABLE, FunctionName=ELSEWHERE),
    refused("missing", "invoke", RNF, f"Function not found: {MISSING}:$LATEST", FunctionName="doesnotexist"),
    refused(
        "missing alias",
        "invoke",
        RNF,
        f"Function not found: {ARN}:non-existent-alias",
        FunctionName=NAME,
        Qualifier="non-existent-alias",
    ),
    refused(
        "byte that begins no character",
        "invoke",
        "InvalidRequestContentException",
        "Could not parse request body into json: Could not parse payload into json: Invalid UTF-8 start byte "
        "0x87\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, "
        "column: 3]",
        FunctionName=NAME,
        Payload=b'"\x87"',
    ),
    refused(
        "byte that begins no value",
        "invoke",
        "InvalidRequestContentException",
        "Could not parse request body into json: Could not parse payload into json: Unexpected character "
        "((CTRL-CHAR, code 153)): expected a valid value (JSON String, Number, Array, Object or token "
        "'null', 'true' or 'false')\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` "
        "disabled); line: 1, column: 1]",
        FunctionName=NAME,
        Payload=b"\x99",
    ),
]


def resource(kind, name):
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:{kind}:{name}"


def untaggable(operation, **members):
    return [
        refused(
            "missing function", operation, RNF, f"Function not found: {MISSING}", Resource=MISSING, **members
        ),
        refused(
            "missing mapping",
            operation,
            RNF,
            f"Event source mapping not found: {resource('event-source-mapping', UUID)}",
            Resource=resource("event-source-mapping", UUID),
            **members,
        ),
        refused(
            "missing capacity provider",
            operation,
            RNF,
            f"Capacity provider not found: {resource('capacity-provider', 'X')}",
            Resource=resource("capacity-provider", "X"),
            **members,
        ),
    ]


def tag(row, code, message, *, given=(), **members):
    standard = {"Resource": ARN, "Tags": {"key_b": "value_b"}}
    return refused(row, "tag_resource", code, message, given=given, **standard | members)


TAGS = [
    *untaggable("list_tags"),
    *untaggable("tag_resource", Tags={"A": "b"}),
    *untaggable("untag_resource", TagKeys=["A"]),
    refused("alias", "list_tags", IPV, WHOLE_FUNCTIONS_ONLY, Resource=f"{ARN}:alias"),
    tag("alias", IPV, WHOLE_FUNCTIONS_ONLY, given=[alias("v1")], Resource=f"{ARN}:v1"),
    tag("version", IPV, WHOLE_FUNCTIONS_ONLY, Resource=f"{ARN}:1"),
    tag("$LATEST", IPV, WHOLE_FUNCTIONS_ONLY, Resource=f"{ARN}:$LATEST"),
    tag("no tags", IPV, "An error occurred and the request cannot be processed.", Tags={}),
    tag("51 tags", IPV, "Number of tags exceeds resource tag limit.", Tags=tags(51)),
    tag(
        "a 51st tag",
        IPV,
        "Number of tags exceeds resource tag limit.",
        given=[("tag_resource", {"Resource": ARN, "Tags": tags(50)})],
    ),
]


@pytest.mark.parametrize("row", [*ALIASES, *CREATES, *UPDATES, *FUNCTIONS, *INVOKES, *TAGS])
def test_mistake_is_answered_as_recorded(house, row):
    furnish(house)
    answered, recorded = row.asked(house)
    assert answered == recorded
    assert row.is_modelled(house)


# Packages that are too large, or that S3 does not have


def zip_of_size(size, compression=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression, compresslevel=1) as archive:
        archive.writestr("app.py", bytes(size))
    return out.getvalue()


@pytest.mark.parametrize(
    ("package", "code", "message"),
    [
        pytest.param(
            lambda: bytes(52_625_500),
            "RequestEntityTooLargeException",
            "Request must be smaller than 70167211 bytes for the CreateFunction operation",
            id="request",
        ),
        pytest.param(
            lambda: zip_of_size(52_428_800),
            "RequestEntityTooLargeException",
            "Zipped size must be smaller than 52428800 bytes",
            id="zip",
        ),
        pytest.param(
            lambda: zip_of_size(262_144_001, zipfile.ZIP_DEFLATED),
            IPV,
            "Unzipped size must be smaller than 262144000 bytes",
            id="files",
        ),
    ],
)
def test_too_large_package_is_answered_as_recorded(house, package, code, message):
    furnish(house)
    [row] = create("too large", code, message, Code={"ZipFile": package()}).values
    answered, recorded = row.asked(house)
    assert answered == recorded


@pytest.fixture
def packages():
    with open_s3({("code", "there.zip", None): b"never fetched"}) as server:
        yield S3Packages(lambda: server.address, lambda: own_credentials(ACCOUNT), {})


NO_BUCKET = (
    "Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket "
    "does not exist"
)
NO_KEY = (
    "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not "
    "exist."
)
OF_S3 = [
    (message, {"S3Bucket": bucket, "S3Key": "non/existent.zip"})
    for bucket, message in (("none", NO_BUCKET), ("code", NO_KEY))
]


@pytest.mark.parametrize(
    "row",
    [
        row
        for message, code in OF_S3
        for row in (
            create(code["S3Bucket"], IPV, message, Code=code),
            refused(code["S3Bucket"], "update_function_code", IPV, message, FunctionName=NAME, **code),
        )
    ],
)
def test_object_that_s3_does_not_have_is_answered_as_recorded(house, packages, row):
    furnish(house)
    house.packages = packages
    answered, recorded = row.asked(house)
    assert answered == recorded
