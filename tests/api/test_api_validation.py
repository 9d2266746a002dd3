"""The framework's messages, from AWS's recorded answers."""

from __future__ import annotations

import pytest

from lambdacli.api import validation
from lambdacli.api.protocol import load_model
from lambdacli.api.validation import validate
from lambdacli.model.errors import ValidationException
from lambdacli.model.runtime_names import LISTED_IN_ERRORS, RUNTIMES

MODEL = load_model()
OPERATIONS = MODEL.operations
ROLE = "arn:aws:iam::000000000000:role/r"
CREATE = {"FunctionName": "f", "Role": ROLE, "Code": {}}
NAME_PATTERN = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?"
    r"(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?"
)
WIDER_NAME_PATTERN = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?"
    r"(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
)
RUNTIME_ENUM = OPERATIONS["ListLayers"].input.members["CompatibleRuntime"].shape.enum
QUALIFIER_PATTERN = r"\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"


def message(operation, request):
    with pytest.raises(ValidationException) as caught:
        validate(OPERATIONS[operation].input, request)
    return caught.value.message


def one(shown, place, constraint):
    return (
        f"1 validation error detected: Value {shown} at '{place}' failed to satisfy constraint: {constraint}"
    )


RECORDED = [
    (
        "CreateFunction",
        CREATE | {"Role": "r1"},
        "'r1'",
        "role",
        r"Member must satisfy regular expression pattern: "
        r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+",
    ),
    (
        "CreateFunction",
        CREATE | {"Architectures": ["x86_64", "arm64"]},
        "'[x86_64, arm64]'",
        "architectures",
        "Member must have length less than or equal to 1",
    ),
    (
        "CreateFunction",
        CREATE | {"Architectures": ["X86_64"]},
        "'[X86_64]'",
        "architectures",
        "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], "
        "Member must not be null]",
    ),
    (
        "CreateFunction",
        CREATE | {"SnapStart": {"ApplyOn": "invalidOption"}},
        "'invalidOption'",
        "snapStart.applyOn",
        "Member must satisfy enum value set: [PublishedVersions, None]",
    ),
    (
        "CreateFunction",
        CREATE | {"FunctionName": "invalid:function:name"},
        "'invalid:function:name'",
        "functionName",
        f"Member must satisfy regular expression pattern: {NAME_PATTERN}",
    ),
    (
        "CreateFunction",
        CREATE | {"FunctionName": "a" * 141},
        f"'{'a' * 141}'",
        "functionName",
        "Member must have length less than or equal to 140",
    ),
    (
        "CreateFunction",
        CREATE | {"VpcConfig": {"SubnetIds": ["X"]}},
        "'[X]'",
        "vpcConfig.subnetIds",
        "Member must satisfy constraint: [Member must have length less than or equal to 1024, "
        "Member must have "
        "length greater than or equal to 0, Member must satisfy regular expression pattern: "
        "subnet-[0-9a-z]*]",
    ),
    (
        "CreateFunction",
        {"FunctionName": "f", "Role": ROLE},
        "null",
        "code",
        "Member must not be null",
    ),
    (
        "CreateAlias",
        {
            "FunctionName": "f",
            "Name": "a",
            "FunctionVersion": "1",
            "RoutingConfig": {"AdditionalVersionWeights": {"2": 2.0}},
        },
        "'{2=2.0}'",
        "routingConfig.additionalVersionWeights",
        "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must "
        "have value greater than or equal to 0.0, Member must not be null]",
    ),
    (
        "CreateAlias",
        {
            "FunctionName": "f",
            "Name": "a",
            "FunctionVersion": "1",
            "RoutingConfig": {"AdditionalVersionWeights": {"$LATEST": 0.5}},
        },
        "'{$LATEST=0.5}'",
        "routingConfig.additionalVersionWeights",
        "Map keys must satisfy constraint: [Member must have length less than or equal to 1024, Member must "
        "have length greater than or equal to 1, Member must satisfy regular expression pattern: [0-9]+]",
    ),
    (
        "UntagResource",
        {"Resource": "arn:aws:lambda:us-east-1:000000000000:function:f"},
        "null",
        "tagKeys",
        "Member must not be null",
    ),
    (
        "PutProvisionedConcurrencyConfig",
        {"FunctionName": "f", "Qualifier": "1", "ProvisionedConcurrentExecutions": 0},
        "'0'",
        "provisionedConcurrentExecutions",
        "Member must have value greater than or equal to 1",
    ),
    (
        "ListFunctions",
        {"FunctionVersion": "invalid"},
        "'invalid'",
        "functionVersion",
        "Member must satisfy enum value set: [ALL]",
    ),
    (
        "PutFunctionRecursionConfig",
        {"FunctionName": "f", "RecursiveLoop": "InvalidValue"},
        "'InvalidValue'",
        "recursiveLoop",
        "Member must satisfy enum value set: [Terminate, Allow]",
    ),
    (
        "CreateEventSourceMapping",
        {"FunctionName": "f", "StartingPosition": "invalid"},
        "'invalid'",
        "startingPosition",
        "Member must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]",
    ),
    (
        "GetFunction",
        {"FunctionName": "f", "Qualifier": "invalid!"},
        "'invalid!'",
        "qualifier",
        f"Member must satisfy regular expression pattern: {QUALIFIER_PATTERN}",
    ),
    (
        "GetFunction",
        {"FunctionName": "f", "Qualifier": "q" * 129},
        f"'{'q' * 129}'",
        "qualifier",
        "Member must have length less than or equal to 128",
    ),
    (
        "UpdateFunctionConfiguration",
        {"FunctionName": "f", "Layers": ["layer"]},
        "'[layer]'",
        "layers",
        "Member must satisfy constraint: [Member must have length less than or equal to 2048, "
        "Member must have "
        "length greater than or equal to 1, Member must satisfy regular expression pattern: "
        r"(arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:layer:"
        r"[a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+), Member must "
        r"not be null]",
    ),
    (
        "PutFunctionEventInvokeConfig",
        {"FunctionName": "f", "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:_-/!lambda:f"}}},
        "'arn:aws:_-/!lambda:f'",
        "destinationConfig.onFailure.destination",
        r"Member must satisfy regular expression pattern: $|kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|"
        r"arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:"
        r"(\d{12})?:(.*)",
    ),
    (
        "GetFunctionUrlConfig",
        {"FunctionName": "f", "Qualifier": "1"},
        "'1'",
        "qualifier",
        r"Member must satisfy regular expression pattern: ((?!^\d+$)^[0-9a-zA-Z-_]+$)",
    ),
    (
        "AddPermission",
        {"FunctionName": "f", "StatementId": "example.com", "Action": "lambda:*", "Principal": "*"},
        "'example.com'",
        "statementId",
        "Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)",
    ),
    (
        "AddPermission",
        {
            "FunctionName": "f",
            "StatementId": "s",
            "Action": "lambda:*",
            "Principal": "*",
            "Qualifier": "invalid-qualifier-with-?-char",
        },
        "'invalid-qualifier-with-?-char'",
        "qualifier",
        f"Member must satisfy regular expression pattern: {QUALIFIER_PATTERN}",
    ),
    (
        "ListLayers",
        {"CompatibleArchitecture": "archdoesnotexist"},
        "'archdoesnotexist'",
        "compatibleArchitecture",
        "Member must satisfy enum value set: [x86_64, arm64]",
    ),
    (
        "ListLayers",
        {"CompatibleRuntime": "runtimedoesnotexist"},
        "'runtimedoesnotexist'",
        "compatibleRuntime",
        f"Member must satisfy enum value set: [{', '.join(RUNTIME_ENUM)}]",
    ),
    (
        "GetLayerVersionByArn",
        {"Arn": "arn:aws:lambda:us-east-1:111111111111:layer:x"},
        "'arn:aws:lambda:us-east-1:111111111111:layer:x'",
        "arn",
        r"Member must satisfy regular expression pattern: "
        r"(arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:layer:"
        r"[a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+)",
    ),
    (
        "PublishLayerVersion",
        {"LayerName": "l", "Content": {}, "CompatibleRuntimes": ["invalidruntime"]},
        "'[invalidruntime]'",
        "compatibleRuntimes",
        f"Member must satisfy enum value set: [{LISTED_IN_ERRORS}]",
    ),
    (
        "PublishLayerVersion",
        {"LayerName": "l", "Content": {}, "CompatibleArchitectures": ["invalidarch"]},
        "'[invalidarch]'",
        "compatibleArchitectures",
        "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], "
        "Member must not be null]",
    ),
    (
        "AddLayerVersionPermission",
        {"LayerName": "l", "VersionNumber": 1, "StatementId": "s", "Action": "*", "Principal": "*"},
        "'*'",
        "action",
        "Member must satisfy regular expression pattern: lambda:GetLayerVersion",
    ),
    (
        "CreateFunction",
        CREATE | {"VpcConfig": {"SecurityGroupIds": ["X"]}},
        "'[X]'",
        "vpcConfig.securityGroupIds",
        "Member must satisfy constraint: [Member must have length less than or equal to 1024, "
        "Member must have "
        "length greater than or equal to 0, Member must satisfy regular expression pattern: "
        "sg-[0-9a-zA-Z]*]",
    ),
    (
        "Invoke",
        {"FunctionName": "arn:aws:lambda:us-east-1:123400000000@function:myfn"},
        "'arn:aws:lambda:us-east-1:123400000000@function:myfn'",
        "functionName",
        f"Member must satisfy regular expression pattern: {WIDER_NAME_PATTERN}",
    ),
]


@pytest.mark.parametrize(("operation", "request_", "shown", "place", "constraint"), RECORDED)
def test_recorded_message(operation, request_, shown, place, constraint):
    assert message(operation, request_) == one(shown, place, constraint)


@pytest.mark.parametrize(
    "name",
    [
        "*",
        "my-function!",
        "invalid-account:function:my-function",
        "arn:aws:lambda:nowhere:000000000000:function:f",
        "arn:aws:sqs:us-east-1:000000000000:f",
        "arn:aws:lambda:us-east-1:000000000000:function:f:one:two",
        "function:f:$LATEST:extra",
        "arn:aws:lambda:000000000000:function:f:$LATES",
        "arn:aws:lambda:us-east-1:000000000000:function:f:$LATES",
    ],
)
@pytest.mark.parametrize(
    ("operation", "pattern"),
    [("GetFunction", WIDER_NAME_PATTERN), ("Invoke", WIDER_NAME_PATTERN), ("CreateFunction", NAME_PATTERN)],
)
def test_name_of_no_known_form_is_refused(operation, pattern, name):
    request = CREATE | {"FunctionName": name} if operation == "CreateFunction" else {"FunctionName": name}
    assert message(operation, request) == one(
        f"'{name}'", "functionName", f"Member must satisfy regular expression pattern: {pattern}"
    )


def test_all_violations_stand_in_one_message():
    told = message("CreateFunction", {"FunctionName": "!", "Role": "r", "Timeout": 0})
    assert told.startswith("4 validation errors detected: Value '!' at 'functionName'")
    assert told.count("; Value ") == 3


def test_environment_variables_are_not_repeated():
    told = message("CreateFunction", CREATE | {"Environment": {"Variables": {"A-B": "secret"}}})
    assert told == (
        "1 validation error detected: Value at 'environment.variables' failed to satisfy "
        "constraint: Map keys "
        "must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]"
    )


def test_listed_secrets_are_not_repeated():
    told = message("StopDurableExecution", {"DurableExecutionArn": "a", "Error": {"StackTrace": [None]}})
    assert "Value at 'error.stackTrace' failed" in told


@pytest.mark.parametrize(
    ("weight", "shown"),
    [(2.0, "2.0"), (1e7, "1.0E7"), (-0.5, "-0.5"), (-0.00025, "-2.5E-4"), (12345678.9, "1.23456789E7")],
)
def test_doubles_are_shown_as_java_writes_them(weight, shown):
    routing = {"AdditionalVersionWeights": {"2": weight}}
    request = {"FunctionName": "f", "Name": "a", "FunctionVersion": "1", "RoutingConfig": routing}
    assert f"Value '{{2={shown}}}' at" in message("CreateAlias", request)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_layer_may_name_any_runtime_that_can_be_created(runtime):
    request = {"LayerName": "l", "Content": {}, "CompatibleRuntimes": [runtime]}
    validate(OPERATIONS["PublishLayerVersion"].input, request)


def test_members_of_listed_structures_are_named_by_their_place():
    told = message("CreateFunction", CREATE | {"FileSystemConfigs": [{"Arn": "arn"}]})
    assert "Value null at 'fileSystemConfigs.1.member.localMountPath'" in told


def test_null_among_a_list_is_told():
    assert "'[null]' at 'layers'" in message("CreateFunction", CREATE | {"Layers": [None]})


def test_runtime_is_left_to_the_operation():
    validate(OPERATIONS["CreateFunction"].input, CREATE | {"Runtime": "PYTHON3.9"})


def test_taggable_resource_shows_the_layer_form_that_the_model_lacks():
    assert "|layer:([a-zA-Z0-9-_]+)|code-signing-config:" in message(
        "ListTags", {"Resource": "arn:aws:something"}
    )
    validate(OPERATIONS["ListTags"].input, {"Resource": "arn:aws:lambda:us-east-1:000000000000:layer:x"})


@pytest.mark.parametrize(("key", "is_fine"), [("Äpfel 東京", True), ("a\u3000b", True), ("a#b", False)])
def test_unicode_classes_of_tag_patterns(key, is_fine):
    request = {"Resource": "arn:aws:lambda:us-east-1:000000000000:function:f", "Tags": {key: "v"}}
    if is_fine:
        validate(OPERATIONS["TagResource"].input, request)
    else:
        assert "Map keys must satisfy constraint" in message("TagResource", request)


def with_patterns(shape, seen):
    if shape.name in seen:
        return
    seen.add(shape.name)
    if shape.pattern is not None:
        yield shape
    inner = [member.shape for member in shape.members.values()]
    for child in filter(None, [*inner, shape.element, shape.key, shape.value]):
        yield from with_patterns(child, seen)


def test_every_pattern_of_the_model_compiles():
    seen = set()
    found = [
        shape
        for operation in OPERATIONS.values()
        if operation.input
        for shape in with_patterns(operation.input, seen)
    ]
    assert len(found) > 30
    for shape in found:
        list(validation._broken(shape, "?"))
