"""What the framework was recorded to answer: names and qualifiers of all forms, and members out of bounds."""

from __future__ import annotations

import re

import pytest
from botocore.exceptions import ClientError

from lambdacli.model.runtime_names import LISTED_IN_ERRORS
from tests.api_house import ACCOUNT, REGION, ROLE
from tests.recorded_rows import ARN, CREATE, IPV, NAME, QUALIFIERS_DIFFER, RNF, furnish, invalid, refused

PREFIX = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"

_HEAD = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?"
    r"(function:)?"
)
NAME_PATTERN = _HEAD + r"([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?"
WIDER_PATTERN = _HEAD + r"([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
QUALIFIER_PATTERN = r"\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"
PATTERN = "Member must satisfy regular expression pattern: "
AT_MOST = "Member must have length less than or equal to "
AT_LEAST = "Member must have length greater than or equal to "
NOT_NULL = "Member must not be null"
LAYER_ARN = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:layer:"
    r"[a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+)"
)
CREATE_REST = {name: value for name, value in CREATE.items()}
OPERATIONS = {
    "get_function": (WIDER_PATTERN, {}),
    "delete_function": (WIDER_PATTERN, {}),
    "invoke": (WIDER_PATTERN, {}),
    "create_function": (NAME_PATTERN, CREATE_REST),
}
CANNOT_BE = [
    "*",
    "my-function!",
    "invalid-account:function:my-function",
    f"arn:aws:lambda:invalid-region:{ACCOUNT}:function:my-function",
    f"arn:aws:sqs:{REGION}:{ACCOUNT}:my-function",
    f"{PREFIX}my-function:1:2",
    "function:my-function:$LATEST:extra",
    f"arn:aws:lambda::{ACCOUNT}:function:my-function",
    f"arn:aws:lambda:{REGION}::function:my-function",
    f"{PREFIX}my-function:$LATES",
]

NAMES = [
    invalid(operation, "functionName", f"'{name}'", PATTERN + pattern, FunctionName=name, **rest)
    for operation, (pattern, rest) in OPERATIONS.items()
    for name in CANNOT_BE
]

READERS = ("get_function", "delete_function", "invoke")
QUALIFIERS = [
    row
    for operation in READERS
    for row in (
        invalid(
            operation,
            "qualifier",
            "'invalid!'",
            PATTERN + QUALIFIER_PATTERN,
            FunctionName=NAME,
            Qualifier="invalid!",
        ),
        invalid(
            operation, "qualifier", f"'{'q' * 129}'", f"{AT_MOST}128", FunctionName=NAME, Qualifier="q" * 129
        ),
        refused(
            "two qualifiers",
            operation,
            IPV,
            QUALIFIERS_DIFFER,
            FunctionName=f"{PREFIX}doesnotexist:$LATEST",
            Qualifier="1",
        ),
    )
]
LONG = "a" * 65
SMALL = "$latest"
MISSING_NAMES = [
    *(
        refused(f"{what}", operation, RNF, f"Function not found: {PREFIX}{shown}", FunctionName=name)
        for what, name, shown_by_get in (
            ("name of 65", LONG, LONG),
            ("ARN without name", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function", "function"),
        )
        for operation, shown in (
            ("get_function", shown_by_get),
            ("delete_function", shown_by_get),
            ("invoke", f"{shown_by_get}:$LATEST"),
        )
    ),
    *(
        refused(
            "$latest",
            operation,
            RNF,
            f"Function not found: {PREFIX}missing{shown}",
            FunctionName="missing",
            Qualifier=SMALL,
        )
        for operation, shown in (
            ("get_function", ":$latest"),
            ("delete_function", ""),
            ("invoke", ":$latest"),
        )
    ),
    *(
        refused(
            "$latest of one that is there",
            operation,
            RNF,
            f"Function not found: {ARN}:$latest",
            FunctionName=NAME,
            Qualifier=SMALL,
        )
        for operation in ("get_function", "invoke")
    ),
    *(
        refused(
            "qualifier of 65",
            operation,
            RNF,
            f"Function not found: {ARN}:{LONG}",
            FunctionName=NAME,
            Qualifier=LONG,
        )
        for operation in ("get_function", "invoke")
    ),
    refused(
        "qualifier of 65",
        "delete_function",
        IPV,
        "Deletion of aliases is not currently supported.",
        FunctionName=NAME,
        Qualifier=LONG,
    ),
]
CREATED_NAMES = [
    invalid(
        "create_function",
        "functionName",
        f"'{NAME}:{SMALL}'",
        PATTERN + NAME_PATTERN,
        FunctionName=f"{NAME}:{SMALL}",
        **CREATE_REST,
    ),
    invalid(
        "create_function",
        "functionName",
        f"'{NAME}:invalid!'",
        PATTERN + NAME_PATTERN,
        FunctionName=f"{NAME}:invalid!",
        **CREATE_REST,
    ),
    *(
        invalid(
            "create_function",
            "functionName",
            f"'{name}'",
            f"{AT_MOST}140",
            name=what,
            FunctionName=name,
            **CREATE_REST,
        )
        for what, name in (
            ("qualifier of 129", f"{PREFIX}{NAME}:{'q' * 129}"),
            ("name of 141", "a" * 141),
            ("long ARN", f"{PREFIX}{'a' * 141}"),
        )
    ),
]


def text(value):
    return PATTERN + value


def of_list(*constraints, also_null=True):
    parts = [*constraints, *([NOT_NULL] if also_null else [])]
    return f"Member must satisfy constraint: [{', '.join(parts)}]"


def function(**members):
    return {"FunctionName": "new", **CREATE, **members}


ALIAS = {"FunctionName": NAME, "Name": "a", "FunctionVersion": "1"}
STATEMENT = {"FunctionName": NAME, "StatementId": "s", "Action": "lambda:*", "Principal": "*"}
TAGGABLE = (
    r"arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:"
    r"(function:[a-zA-Z0-9-_]+(:(\$LATEST|[a-zA-Z0-9-_]+))?|layer:([a-zA-Z0-9-_]+)|"
    r"code-signing-config:csc-[a-z0-9]{17}|"
    r"event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|"
    r"(capacity-provider|network-connector):[a-zA-Z0-9-_]{1,64})"
)
"""As recorded, but for its last part: the model has changed since, and the constraints are the model's."""
ARCHITECTURES = "Member must satisfy enum value set: [x86_64, arm64]"
BAD_DESTINATION = f"arn:aws:_-/!lambda:{REGION}:{ACCOUNT}:function:{NAME}"
DESTINATION = (
    r"$|kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:"
    r"((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)"
)
ROLE_PATTERN = r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+"
URL_QUALIFIER = r"((?!^\d+$)^[0-9a-zA-Z-_]+$)"
NOT_LAYER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:x"
FOREIGN = f"arn:aws:lambda:{REGION}:123400000000@function:myfn"

MEMBERS = [
    invalid(
        "create_alias",
        "name",
        "'2024'",
        text("(?!^[0-9]+$)([a-zA-Z0-9-_]+)"),
        **{**ALIAS, "Name": "2024"},
    ),
    invalid(
        "create_alias",
        "routingConfig.additionalVersionWeights",
        "'{2=2.0}'",
        "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must "
        "have value greater than or equal to 0.0, Member must not be null]",
        RoutingConfig={"AdditionalVersionWeights": {"2": 2.0}},
        **ALIAS,
    ),
    invalid(
        "create_alias",
        "routingConfig.additionalVersionWeights",
        "'{$LATEST=0.5}'",
        f"Map keys must satisfy constraint: [{AT_MOST}1024, {AT_LEAST}1, {PATTERN}[0-9]+]",
        RoutingConfig={"AdditionalVersionWeights": {"$LATEST": 0.5}},
        **ALIAS,
    ),
    invalid(
        "put_function_event_invoke_config",
        "destinationConfig.onFailure.destination",
        f"'{BAD_DESTINATION}'",
        text(DESTINATION),
        FunctionName=NAME,
        DestinationConfig={"OnFailure": {"Destination": BAD_DESTINATION}},
    ),
    *(
        invalid(
            operation, "resource", "'arn:aws:something'", text(TAGGABLE), Resource="arn:aws:something", **rest
        )
        for operation, rest in (("list_tags", {}), ("tag_resource", {"Tags": {"a": "b"}}))
    ),
    invalid("untag_resource", "tagKeys", "null", NOT_NULL, Resource=ARN, TagKeys=[]),
    invalid(
        "put_provisioned_concurrency_config",
        "provisionedConcurrentExecutions",
        "'0'",
        "Member must have value greater than or equal to 1",
        FunctionName=NAME,
        Qualifier="1",
        ProvisionedConcurrentExecutions=0,
    ),
    *(
        invalid(
            f"{verb}_function_url_config",
            "qualifier",
            "'1'",
            text(URL_QUALIFIER),
            FunctionName=NAME,
            Qualifier="1",
            **({"AuthType": "NONE"} if verb == "create" else {}),
        )
        for verb in ("create", "delete", "get", "update")
    ),
    invalid(
        "create_function_url_config",
        "invokeMode",
        "'UNKNOWN'",
        "Member must satisfy enum value set: [RESPONSE_STREAM, BUFFERED]",
        FunctionName=NAME,
        AuthType="NONE",
        InvokeMode="UNKNOWN",
    ),
    invalid(
        "add_permission",
        "statementId",
        "'example.com'",
        text("([a-zA-Z0-9-_]+)"),
        **{**STATEMENT, "StatementId": "example.com"},
    ),
    invalid(
        "add_permission",
        "qualifier",
        "'invalid-qualifier-with-?-char'",
        text(QUALIFIER_PATTERN),
        Qualifier="invalid-qualifier-with-?-char",
        **STATEMENT,
    ),
    invalid("create_function", "role", "'r1'", text(ROLE_PATTERN), **function(Role="r1")),
    invalid(
        "update_function_configuration", "role", "'r1'", text(ROLE_PATTERN), FunctionName=NAME, Role="r1"
    ),
    invalid(
        "create_function",
        "architectures",
        "'[x86_64, arm64]'",
        f"{AT_MOST}1",
        **function(Architectures=["x86_64", "arm64"]),
    ),
    invalid(
        "create_function",
        "architectures",
        "'[X86_64]'",
        of_list(ARCHITECTURES),
        **function(Architectures=["X86_64"]),
    ),
    invalid(
        "list_functions",
        "functionVersion",
        "'invalid'",
        "Member must satisfy enum value set: [ALL]",
        FunctionVersion="invalid",
    ),
    invalid(
        "list_layers",
        "compatibleArchitecture",
        "'archdoesnotexist'",
        ARCHITECTURES,
        CompatibleArchitecture="archdoesnotexist",
    ),
    invalid("get_layer_version_by_arn", "arn", f"'{NOT_LAYER}'", text(LAYER_ARN), Arn=NOT_LAYER),
    invalid(
        "publish_layer_version",
        "compatibleRuntimes",
        "'[invalidruntime]'",
        f"Member must satisfy enum value set: [{LISTED_IN_ERRORS}]",
        LayerName="l",
        Content=CREATE["Code"],
        CompatibleRuntimes=["invalidruntime"],
    ),
    invalid(
        "publish_layer_version",
        "compatibleArchitectures",
        "'[invalidarch]'",
        of_list(ARCHITECTURES),
        LayerName="l",
        Content=CREATE["Code"],
        CompatibleArchitectures=["invalidarch"],
    ),
    invalid(
        "add_layer_version_permission",
        "action",
        "'*'",
        text("lambda:GetLayerVersion"),
        LayerName="l",
        VersionNumber=1,
        StatementId="s",
        Action="*",
        Principal="*",
    ),
    invalid(
        "update_function_configuration",
        "layers",
        f"'[{NOT_LAYER}]'",
        of_list(f"{AT_MOST}2048", f"{AT_LEAST}1", text(LAYER_ARN)),
        FunctionName=NAME,
        Layers=[NOT_LAYER],
    ),
    invalid(
        "create_function",
        "snapStart.applyOn",
        "'invalidOption'",
        "Member must satisfy enum value set: [PublishedVersions, None]",
        **function(SnapStart={"ApplyOn": "invalidOption"}),
    ),
    invalid(
        "create_function",
        "functionName",
        "'invalid:function:name'",
        text(NAME_PATTERN),
        **function(FunctionName="invalid:function:name"),
    ),
    invalid("invoke", "functionName", f"'{FOREIGN}'", text(WIDER_PATTERN), FunctionName=FOREIGN),
    invalid(
        "put_function_recursion_config",
        "recursiveLoop",
        "'InvalidValue'",
        "Member must satisfy enum value set: [Terminate, Allow]",
        FunctionName=NAME,
        RecursiveLoop="InvalidValue",
    ),
    invalid(
        "create_function",
        "vpcConfig.subnetIds",
        "'[bad]'",
        of_list(f"{AT_MOST}1024", f"{AT_LEAST}0", text("subnet-[0-9a-z]*"), also_null=False),
        **function(VpcConfig={"SubnetIds": ["bad"]}),
    ),
    invalid(
        "create_function",
        "vpcConfig.securityGroupIds",
        "'[bad]'",
        of_list(f"{AT_MOST}1024", f"{AT_LEAST}0", text("sg-[0-9a-zA-Z]*"), also_null=False),
        **function(VpcConfig={"SecurityGroupIds": ["bad"]}),
    ),
    invalid(
        "create_event_source_mapping",
        "startingPosition",
        "'invalid'",
        "Member must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]",
        FunctionName=NAME,
        StartingPosition="invalid",
    ),
]


@pytest.mark.parametrize("row", [*NAMES, *QUALIFIERS, *MISSING_NAMES, *CREATED_NAMES, *MEMBERS])
def test_mistake_is_answered_as_recorded(house, row):
    furnish(house)
    answered, recorded = row.asked(house)
    assert answered == recorded
    assert row.is_modelled(house)


def told(house, operation, **members):
    with pytest.raises(ClientError) as caught:
        getattr(house.client, operation)(**members)
    error = caught.value.response["Error"]
    assert error["Code"] == "ValidationException"
    return error["Message"]


BAD_LONG_ARN = f"arn:aws:lambda:invalid-region:{ACCOUNT}:function:{'a' * 100}"


@pytest.mark.parametrize(("operation", "count"), [*((name, 1) for name in READERS), ("create_function", 2)])
def test_long_arn_of_no_region_is_too_long_only_where_a_function_is_made(house, operation, count):
    name = BAD_LONG_ARN
    message = told(house, operation, FunctionName=name, **OPERATIONS[operation][1])
    noun = "error" if count == 1 else "errors"
    shown = f"Value '{name}' at 'functionName' failed to satisfy constraint: "
    parts = [text(OPERATIONS[operation][0]), f"{AT_MOST}140"][:count]
    assert message.startswith(f"{count} validation {noun} detected: {shown}")
    assert sorted(re.split(f"; {re.escape(shown)}", message.partition(shown)[2])) == sorted(parts)


@pytest.mark.parametrize("operation", READERS)
def test_bad_name_with_a_long_qualifier_breaks_two_rules(house, operation):
    message = told(house, operation, FunctionName=BAD_LONG_ARN, Qualifier="q" * 129)
    assert message.startswith("2 validation errors detected: ")
    assert "at 'functionName'" in message
    assert "at 'qualifier'" in message


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("new", "new"),
        ("function:new", "new"),
        (f"{ACCOUNT}:function:new", "new"),
        (f"{REGION}:{ACCOUNT}:function:new", "new"),
        (f"{PREFIX}new", "new"),
        (f"new:{LONG}", "new"),
        (f"arn:aws:lambda:{REGION}:{ACCOUNT}:function", "function"),
    ],
)
def test_function_is_created_under_any_form_of_its_name(house, given, name):
    created = house.client.create_function(FunctionName=given, **CREATE)
    assert (created["FunctionName"], created["FunctionArn"]) == (name, PREFIX + name)
    assert created["Role"] == ROLE
