"""What is to be deployed, what is there, and the steps between them: records in the API's members."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from lambdacli.model.record import record

Members = Mapping[str, Any]

DIRECT_BYTES = 50 * 1024 * 1024
"""What a request of Lambda's API takes as a package; larger ones go by way of S3."""


# What is wanted


@record
class Package:
    """A zip; its bytes are asked for only when they are sent."""

    sha256: str
    """As CodeSha256 shows it."""
    size_bytes: int


@record
class WantedRole:
    name: str
    trust: Members
    managed: tuple[str, ...]
    """ARNs of policies."""
    document: Members | None = None
    """One of its own, beside them."""
    document_name: str = "lam"
    """A role is of all regions, what a function reads is of one: each region has a document of its own."""


@record
class WantedLayer:
    name: str
    package: Package


@record
class WantedFunction:
    name: str
    alias: str
    configuration: Members = field(default_factory=dict)
    """Of UpdateFunctionConfiguration, without role and layers."""
    architecture: str = "x86_64"
    package: Package | None = None
    """None: the target reads the code by itself."""
    role: WantedRole | str = ""
    """A role to be made, or the ARN of one that is there."""
    layers: tuple[WantedLayer | str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    reserved: int | None = None
    provisioned: int | None = None
    url: Members | None = None
    statements: Mapping[str, Members] = field(default_factory=dict)
    """Of the alias, by their ids."""
    event_invoke: Members | None = None
    mappings: Mapping[str, Members] = field(default_factory=dict)
    """By the ARNs of their sources."""
    retention_days: int | None = None
    is_read_by_target: bool = False
    """The target is the project's own service: lam.yaml has its effect there already, versions have not."""
    is_code_only: bool = False
    """Another tool deploys everything else of it."""


@record
class WantedRoute:
    key: str
    function: str
    authorizer: str | None = None
    scopes: tuple[str, ...] = ()


@record
class WantedApi:
    """An HTTP API: names of these are not unique, so a tag and where it leads tell whose it is."""

    name: str
    tag: str
    """One of the project's functions."""
    owners: frozenset[str]
    """All of the project's functions."""
    arn_prefix: str
    """Of the API's requests, up to its id."""
    stage: str
    payload: str
    timeout_milliseconds: int
    stage_variables: Mapping[str, str] = field(default_factory=dict)
    cors: Members | None = None
    authorizers: Mapping[str, Members] = field(default_factory=dict)
    routes: tuple[WantedRoute, ...] = ()
    uris: Mapping[str, str] = field(default_factory=dict)
    """The ARNs by which it invokes functions, by their names; authorizers' too."""
    is_whole: bool = True
    """Otherwise only routes of some functions are told, and what else it has stays."""


API_TAG = "lam:function"
"""Of an API that was made by a deployment."""


@record
class WantedRule:
    """A rule of EventBridge, which invokes a function's alias by a schedule."""

    name: str
    function: str
    target_arn: str
    expression: str
    state: str
    input: str | None = None
    """Instead of the event."""


RULE_TARGET = "lam"
"""The id of the target that a deployment gives a rule."""
RULE_STATEMENT = "lam-schedule-"
"""What the ids of statements that let rules in begin with."""


def rules_of_statements(statements: Mapping[str, Members]) -> tuple[str, ...]:
    """Names of the rules that a deployment let in, by statements as they are kept."""
    sources = [
        each.get("aws:sourcearn") for sid, each in statements.items() if sid.startswith(RULE_STATEMENT)
    ]
    return tuple(str(arn).rpartition(":rule/")[2] for arn in sources if ":rule/" in str(arn))


@record
class Wanted:
    functions: tuple[WantedFunction, ...]
    bucket: str | None = None
    """Where packages go that are too large for a request; None: there are none such."""
    direct_bytes: int = DIRECT_BYTES
    bucket_owner: str = ""
    """The account: whoever knows it could have made a bucket of this name, to be sent our code."""
    apis: tuple[WantedApi, ...] = ()
    rules: tuple[WantedRule, ...] = ()

    @property
    def bucket_members(self) -> Members:
        """What every request to the bucket says."""
        return {"Bucket": self.bucket, "ExpectedBucketOwner": self.bucket_owner}


# What is there


@record
class ActualRole:
    arn: str
    managed: frozenset[str] = frozenset()
    document: Members | None = None


@record
class ActualLayer:
    arn: str
    """Of a version."""
    sha256: str


@record
class ActualMapping:
    uuid: str
    source_arn: str
    qualifier: str | None
    members: Members


@record
class ActualFunction:
    configuration: Members
    """As the API shows it."""
    tags: Mapping[str, str] = field(default_factory=dict)
    reserved: int | None = None
    alias_version: str | None = None
    """None: there is no such alias."""
    alias_weights: Mapping[str, float] = field(default_factory=dict)
    alias_configuration: Members | None = None
    """Of the version that the alias leads to."""
    same_version: str | None = None
    """A published version that is what `$LATEST` is now, looked for where the alias's is not."""
    provisioned: int | None = None
    url: Members | None = None
    statements: Mapping[str, Members] = field(default_factory=dict)
    event_invoke: Members | None = None
    mappings: tuple[ActualMapping, ...] = ()


@record
class ActualApi:
    """As the API Gateway shows it."""

    id: str
    cors: Members | None = None
    stage: Members | None = None
    """The one that is wanted."""
    integrations: tuple[Members, ...] = ()
    routes: tuple[Members, ...] = ()
    authorizers: tuple[Members, ...] = ()


@record
class ActualRule:
    """As EventBridge shows it."""

    rule: Members = field(default_factory=dict)
    targets: tuple[Members, ...] = ()

    @property
    def own_target(self) -> Members | None:
        return next((each for each in self.targets if each.get("Id") == RULE_TARGET), None)


@record
class Actual:
    functions: Mapping[str, ActualFunction] = field(default_factory=dict)
    roles: Mapping[str, ActualRole] = field(default_factory=dict)
    layers: Mapping[str, tuple[ActualLayer, ...]] = field(default_factory=dict)
    """The newest version of each, and those that functions use."""
    left_mappings: Mapping[str, tuple[ActualMapping, ...]] = field(default_factory=dict)
    """Of functions that somebody deleted: mappings outlive their function."""
    retentions: Mapping[str, int | None] = field(default_factory=dict)
    """Of the log groups that are there."""
    has_bucket: bool = False
    objects: frozenset[str] = frozenset()
    """Keys in the bucket."""
    apis: Mapping[str, ActualApi] = field(default_factory=dict)
    rules: Mapping[str, ActualRule] = field(default_factory=dict)
    """Those that are wanted, and those that functions let in."""


# The way between


@record
class Answered:
    """In a parameter: what an earlier step's call answered."""

    step: str
    member: str
    form: str = "{}"
    """The text around it."""


@record
class Contents:
    """In a parameter: the bytes of a package."""

    sha256: str


@record
class Change:
    """From what to what, as it is shown: secrets are masked already. None: it is not there."""

    what: str
    before: str | None
    after: str | None


@record
class Step:
    """One call that changes something."""

    id: str
    title: str
    service: str
    operation: str
    parameters: Members
    changes: tuple[Change, ...] = ()
    is_destructive: bool = False
    """It takes away what cannot be had back by deploying again as before."""
    function: str | None = None
    changes_function: bool = False
    """The function is not ready for another change until the service says so."""
    sends_package: bool = False
    by_hand: bool = False
    """What it puts right was not made by a deployment."""
