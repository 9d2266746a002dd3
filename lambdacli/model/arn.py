"""Names and ARNs of functions: every form a caller may write, read into one record. Pure."""

from __future__ import annotations

import re
from functools import lru_cache

from lambdacli.model.record import record

LATEST = "$LATEST"

_FORMS = re.compile(
    r"(?:arn:(?P<partition>aws[a-zA-Z-]*):lambda:)?"
    r"(?:(?P<region>(?:eusc-)?[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d):)?"
    r"(?:(?P<account>\d{12}):)?"
    r"(?:function:)?"
    r"(?P<name>[a-zA-Z0-9-_.]+)"
    r"(?::(?P<qualifier>\$LATEST(?:\.PUBLISHED)?|[a-zA-Z0-9-_$]+))?"
)


_NUMBER = re.compile(r"[1-9][0-9]{0,17}")


def is_version(qualifier: str) -> bool:
    """`$LATEST`, or a number that a version can have."""
    return qualifier == LATEST or _NUMBER.fullmatch(qualifier) is not None


@record
class FunctionReference:
    """A function as a caller named it: parts that were not written are None."""

    name: str
    qualifier: str | None = None
    account: str | None = None
    region: str | None = None


@record
class FunctionKey:
    """Where a function lives: state is kept by account, region and name."""

    account: str
    region: str
    name: str

    @property
    def arn(self) -> str:
        return f"arn:aws:lambda:{self.region}:{self.account}:function:{self.name}"

    def qualified_arn(self, qualifier: str | None) -> str:
        return self.arn if qualifier is None else f"{self.arn}:{qualifier}"


@lru_cache(maxsize=1024)
def parse_function_reference(text: str) -> FunctionReference:
    """Reads a name, partial ARN or ARN that already satisfied the model's pattern.

    `function:` and an ARN that ends in `:function` name a function called `function`, as AWS reads them."""
    match = _FORMS.fullmatch(text)
    if match is None:
        return FunctionReference(name="function" if text.rstrip(":").endswith("function") else text)
    return FunctionReference(
        name=match["name"], qualifier=match["qualifier"], account=match["account"], region=match["region"]
    )
