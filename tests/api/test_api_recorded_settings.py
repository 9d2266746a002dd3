"""What AWS was recorded to answer to mistakes: URLs, event-invoke configs, concurrency and code signing."""

from __future__ import annotations

import pytest

from tests.api_house import ACCOUNT, REGION
from tests.recorded_rows import (
    ARN,
    CONFLICT,
    ELSEWHERE,
    IPV,
    MISSING,
    NAME,
    NO_RESOURCE,
    NOT_REACHABLE,
    QUALIFIERS_DIFFER,
    RNF,
    furnish,
    refused,
)

NO_FUNCTION = "Function does not exist"


def alias(name, version="1"):
    return ("create_alias", {"FunctionName": NAME, "Name": name, "FunctionVersion": version})


# Function URLs

URL = ("create_function_url_config", {"FunctionName": NAME, "AuthType": "NONE"})
MISSING_FOR_URLS = {
    "missing": {"FunctionName": "doesnotexist"},
    "missing ARN": {"FunctionName": MISSING},
}
MISSING_ALIAS = {"missing alias": {"FunctionName": NAME, "Qualifier": "v1"}}


def for_each(operation, message, **places):
    return [refused(name, operation, RNF, message, **place) for name, place in places.items()]


URLS = [
    refused(
        "there already",
        "create_function_url_config",
        CONFLICT,
        f"Failed to create function url config for [functionArn = {ARN}]. "
        "Error message:  FunctionUrlConfig exists for this Lambda function",
        given=[URL],
        FunctionName=NAME,
        AuthType="NONE",
    ),
    *(
        refused(name, "create_function_url_config", RNF, NO_FUNCTION, AuthType="NONE", **place)
        for name, place in {**MISSING_FOR_URLS, **MISSING_ALIAS}.items()
    ),
    *(
        refused(
            "two qualifiers",
            f"{verb}_function_url_config",
            IPV,
            QUALIFIERS_DIFFER,
            FunctionName=f"{NAME}:urlalias-doesnotmatch",
            Qualifier="urlalias",
            **({"AuthType": "NONE"} if verb == "create" else {}),
        )
        for verb in ("create", "get", "update")
    ),
    *for_each("delete_function_url_config", NO_RESOURCE, **MISSING_FOR_URLS, **MISSING_ALIAS),
    *for_each("get_function_url_config", NO_RESOURCE, **MISSING_FOR_URLS, none={"FunctionName": NAME}),
    refused("another region", "get_function_url_config", RNF, NOT_REACHABLE, FunctionName=ELSEWHERE),
    *for_each("list_function_url_configs", NO_FUNCTION, missing={"FunctionName": "doesnotexist"}),
    *for_each("update_function_url_config", NO_FUNCTION, **MISSING_FOR_URLS, **MISSING_ALIAS),
    *for_each("update_function_url_config", NO_RESOURCE, none={"FunctionName": NAME}),
]

# Event-invoke configs


def without_config(operation, name, shown, *, given=(), **members):
    message = f"The function {shown} doesn't have an EventInvokeConfig"
    return refused(name, f"{operation}_function_event_invoke_config", RNF, message, given=given, **members)


def put_event(name, code, message, **members):
    return refused(
        name, "put_function_event_invoke_config", code, message, given=[alias("eventinvokealias")], **members
    )


NO_EVENT_FUNCTION = "The function doesn't exist."
OF_IAM = f"arn:aws:iam:{REGION}:{ACCOUNT}:function:{NAME}"
MISSING_ALIAS_NAME = "eventinvokealiasdoesnotexist"

EVENTS = [
    without_config("delete", "none", f"{ARN}:$LATEST", FunctionName=NAME),
    without_config("delete", "missing", f"{MISSING}:$LATEST", FunctionName="doesnotexist"),
    without_config("get", "none", f"{ARN}:$LATEST", FunctionName=NAME),
    without_config("get", "missing", f"{MISSING}:$LATEST", FunctionName="doesnotexist"),
    without_config("get", "missing version", f"{ARN}:1221", FunctionName=NAME, Qualifier="1221"),
    without_config(
        "get", "missing alias", f"{ARN}:doesnotexist", FunctionName=NAME, Qualifier="doesnotexist"
    ),
    without_config(
        "get",
        "alias without",
        f"{ARN}:eventinvokealias",
        given=[alias("eventinvokealias")],
        FunctionName=f"{ARN}:eventinvokealias",
    ),
    without_config("get", "version without", f"{ARN}:1", FunctionName=NAME, Qualifier="1"),
    refused("another region", "get_function_event_invoke_config", RNF, NOT_REACHABLE, FunctionName=ELSEWHERE),
    refused(
        "missing",
        "list_function_event_invoke_configs",
        RNF,
        NO_EVENT_FUNCTION,
        FunctionName="doesnotexist",
    ),
    put_event("missing", RNF, NO_EVENT_FUNCTION, FunctionName="doesnotexist", MaximumRetryAttempts=1),
    put_event("missing ARN", RNF, NO_EVENT_FUNCTION, FunctionName=MISSING, MaximumRetryAttempts=1),
    put_event(
        "missing alias",
        RNF,
        NO_EVENT_FUNCTION,
        FunctionName=NAME,
        Qualifier=MISSING_ALIAS_NAME,
        MaximumRetryAttempts=1,
    ),
    put_event(
        "nothing set",
        IPV,
        "You must specify at least one of error handling or destination setting.",
        FunctionName="doesnotexist",
    ),
    put_event(
        "missing destination",
        IPV,
        f"The destination ARN {MISSING} is invalid.",
        FunctionName=NAME,
        DestinationConfig={"OnSuccess": {"Destination": MISSING}},
    ),
    put_event(
        "itself",
        IPV,
        "You can't specify the function as a destination for itself.",
        FunctionName=NAME,
        DestinationConfig={"OnSuccess": {"Destination": ARN}},
    ),
    put_event(
        "destination of no service",
        IPV,
        f"The provided destination config DestinationConfig(onSuccess=OnSuccess(destination={OF_IAM}), "
        "onFailure=null) is invalid.",
        FunctionName=NAME,
        DestinationConfig={"OnSuccess": {"Destination": OF_IAM}},
    ),
    *(
        put_event(
            f"two qualifiers, {name}",
            IPV,
            QUALIFIERS_DIFFER,
            FunctionName=name,
            Qualifier=qualifier,
            MaximumRetryAttempts=1,
        )
        for name, qualifier in (
            (f"{ARN}:eventinvokealias", MISSING_ALIAS_NAME),
            (f"{NAME}:eventinvokealias", MISSING_ALIAS_NAME),
            (f"{NAME}:1", "$LATEST"),
        )
    ),
    refused(
        "missing",
        "update_function_event_invoke_config",
        RNF,
        NO_EVENT_FUNCTION,
        FunctionName="doesnotexist",
        MaximumRetryAttempts=0,
    ),
    without_config(
        "update",
        "alias without",
        f"{ARN}:eventinvokealias",
        given=[alias("eventinvokealias")],
        FunctionName=f"{ARN}:eventinvokealias",
        MaximumRetryAttempts=0,
    ),
    without_config("update", "none", f"{ARN}:$LATEST", FunctionName=ARN, MaximumRetryAttempts=0),
]

# Reserved concurrency

WHOLE_ONLY = (
    "This operation is permitted on Lambda functions only. Aliases and versions do not support this "
    "operation. Please specify either a function name or an unqualified function ARN."
)
RESERVED_TOO_MUCH = (
    "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
    "below its minimum value of [100]."
)


def provisioned(qualifier, count=1):
    members = {"FunctionName": NAME, "Qualifier": qualifier, "ProvisionedConcurrentExecutions": count}
    return ("put_provisioned_concurrency_config", members)


def reserve(name, code, message, count, *, given=(), has_type=True, function=NAME):
    return refused(
        name,
        "put_function_concurrency",
        code,
        message,
        given=given,
        has_type=has_type,
        FunctionName=function,
        ReservedConcurrentExecutions=count,
    )


RESERVED = [
    *(
        reserve(
            f"{count} for a missing one",
            RNF,
            f"Function not found: {MISSING}:$LATEST",
            count,
            function="doesnotexist",
        )
        for count in (0, 1)
    ),
    reserve("$LATEST", IPV, WHOLE_ONLY, 0, function=f"{ARN}:$LATEST"),
    *(reserve(f"{count} of 1000", IPV, RESERVED_TOO_MUCH, count, has_type=False) for count in (1000, 1001)),
    reserve(
        "less than is provisioned",
        IPV,
        " ReservedConcurrentExecutions  1 should not be lower than function's total provisioned concurrency "
        "[2].",
        1,
        given=[provisioned("1", 2)],
        has_type=False,
    ),
    refused(
        "missing",
        "get_function_concurrency",
        RNF,
        f"Function not found: {MISSING}",
        FunctionName="doesnotexist",
    ),
    refused("another region", "get_function_concurrency", RNF, NOT_REACHABLE, FunctionName=ELSEWHERE),
]

# Provisioned concurrency


def on_provisioned(verb, name, message, function, qualifier, *, code=RNF, given=()):
    return refused(
        name,
        f"{verb}_provisioned_concurrency_config",
        code,
        message,
        given=given,
        FunctionName=function,
        Qualifier=qualifier,
    )


def provision(name, code, message, *, given=(), has_type=True, **members):
    standard = {"FunctionName": NAME, "Qualifier": "1", "ProvisionedConcurrentExecutions": 1}
    return refused(
        name,
        "put_provisioned_concurrency_config",
        code,
        message,
        given=given,
        has_type=has_type,
        **standard | members,
    )


PUBLISHED_ONLY = "The function resource provided must be an alias or a published version."
NONE_PROVISIONED = "No Provisioned Concurrency Config found for this function"
PROVISIONED_NOT_FOUND = "ProvisionedConcurrencyConfigNotFoundException"
OF_ALIAS = {"FunctionName": NAME, "Qualifier": "alias"}
ALREADY = "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
OVER_RESERVED = (
    "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for "
    "function"
)
RESERVE_ONE = ("put_function_concurrency", {"FunctionName": NAME, "ReservedConcurrentExecutions": 1})

PROVISIONED = [
    on_provisioned("delete", "missing", f"Function not found: {MISSING}:1", "doesnotexist", "1"),
    on_provisioned("delete", "missing alias", f"Cannot find alias arn: {ARN}:noalias", NAME, "noalias"),
    on_provisioned("delete", "missing version", f"Function not found: {ARN}:10", NAME, "10"),
    on_provisioned("delete", "$LATEST", PUBLISHED_ONLY, NAME, "$LATEST", code=IPV),
    on_provisioned("get", "none", NONE_PROVISIONED, NAME, "1", code=PROVISIONED_NOT_FOUND),
    on_provisioned(
        "get",
        "alias of a missing one",
        f"Cannot find alias arn: {MISSING}:noalias",
        "doesnotexist",
        "noalias",
    ),
    on_provisioned("get", "missing alias", f"Cannot find alias arn: {ARN}:noalias", NAME, "noalias"),
    on_provisioned("get", "missing version", f"Function not found: {ARN}:10", NAME, "10"),
    on_provisioned("get", "$LATEST", PUBLISHED_ONLY, NAME, "$LATEST", code=IPV),
    on_provisioned(
        "get",
        "deleted alias",
        f"Cannot find alias arn: {ARN}:alias",
        NAME,
        "alias",
        given=[
            alias("alias"),
            provisioned("alias"),
            ("delete_alias", {"FunctionName": NAME, "Name": "alias"}),
        ],
    ),
    on_provisioned(
        "get",
        "deleted",
        NONE_PROVISIONED,
        NAME,
        "alias",
        code=PROVISIONED_NOT_FOUND,
        given=[alias("alias"), provisioned("alias"), ("delete_provisioned_concurrency_config", OF_ALIAS)],
    ),
    refused(
        "missing",
        "list_provisioned_concurrency_configs",
        RNF,
        f"Function not found: {MISSING}",
        FunctionName="doesnotexist",
    ),
    provision(
        "alias of a missing one",
        RNF,
        f"Cannot find alias arn: {MISSING}:noalias",
        FunctionName="doesnotexist",
        Qualifier="noalias",
    ),
    provision(
        "version of a missing one", RNF, f"Function not found: {MISSING}:1", FunctionName="doesnotexist"
    ),
    provision("missing alias", RNF, f"Cannot find alias arn: {ARN}:doesnotexist", Qualifier="doesnotexist"),
    provision("missing version", RNF, f"Function not found: {ARN}:10", Qualifier="10"),
    provision(
        "$LATEST",
        IPV,
        "Provisioned Concurrency Configs cannot be applied to unpublished function versions.",
        Qualifier="$LATEST",
    ),
    provision(
        "alias of a provisioned version",
        CONFLICT,
        ALREADY,
        given=[alias("alias"), provisioned("1")],
        Qualifier="alias",
    ),
    provision(
        "version of a provisioned alias",
        CONFLICT,
        "Version is pointed by a Provisioned Concurrency alias",
        given=[alias("alias"), provisioned("alias")],
    ),
    provision(
        "1001 of 1000",
        IPV,
        "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency "
        "[1000].",
        has_type=False,
        ProvisionedConcurrentExecutions=1001,
    ),
    provision(
        "1000 of 1000",
        IPV,
        "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below "
        "its minimum value of [100].",
        has_type=False,
        ProvisionedConcurrentExecutions=1000,
    ),
    provision(
        "more than is reserved",
        IPV,
        OVER_RESERVED,
        given=[RESERVE_ONE],
        ProvisionedConcurrentExecutions=2,
    ),
    provision(
        "raised over what is reserved",
        IPV,
        OVER_RESERVED,
        given=[RESERVE_ONE, provisioned("1")],
        ProvisionedConcurrentExecutions=2,
    ),
]

# Code signing

NO_SUCH_CONFIG = f"arn:aws:lambda:{REGION}:{ACCOUNT}:code-signing-config:csc-00000000000000000"
NEW_CONFIG = (
    "create_code_signing_config",
    {
        "AllowedPublishers": {
            "SigningProfileVersionArns": [
                f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/test/abcdefghij"
            ]
        }
    },
)
NOT_DELETED = (
    f"The code signing configuration cannot be found. Check that the provided configuration is not deleted: "
    f"{NO_SUCH_CONFIG}."
)

SIGNING = [
    *(
        refused(
            "missing",
            operation,
            RNF,
            f"The Lambda code signing configuration {NO_SUCH_CONFIG} can not be found.",
            has_type=False,
            CodeSigningConfigArn=NO_SUCH_CONFIG,
        )
        for operation in (
            "delete_code_signing_config",
            "get_code_signing_config",
            "list_functions_by_code_signing_config",
            "update_code_signing_config",
        )
    ),
    *(
        refused(
            "missing function", operation, RNF, f"Function not found: {MISSING}", FunctionName="doesnotexist"
        )
        for operation in ("delete_function_code_signing_config", "get_function_code_signing_config")
    ),
    refused("another region", "get_function_code_signing_config", RNF, NOT_REACHABLE, FunctionName=ELSEWHERE),
    refused(
        "missing function",
        "put_function_code_signing_config",
        RNF,
        f"Function not found: {MISSING}",
        given=[NEW_CONFIG],
        FunctionName="doesnotexist",
        CodeSigningConfigArn="<csc>",
    ),
    *(
        refused(
            f"missing config for {name}",
            "put_function_code_signing_config",
            "CodeSigningConfigNotFoundException",
            NOT_DELETED,
            FunctionName=name,
            CodeSigningConfigArn=NO_SUCH_CONFIG,
        )
        for name in (NAME, "doesnotexist")
    ),
]


@pytest.mark.parametrize("row", [*URLS, *EVENTS, *RESERVED, *PROVISIONED, *SIGNING])
def test_mistake_is_answered_as_recorded(house, row):
    furnish(house)
    answered, recorded = row.asked(house)
    assert answered == recorded
    assert row.is_modelled(house)
