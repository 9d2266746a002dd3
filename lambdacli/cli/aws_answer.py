"""An answer of the Lambda API, printed as the AWS CLI prints it when its options ask for that."""

from __future__ import annotations

from typing import Any

from lambdacli.cli import aws_output, render
from lambdacli.cli.options import CONNECTION_FLAGS, PRINTING_FLAGS, AwsFlags


def note_ignored(aws: AwsFlags) -> None:
    aws.note_ignored(CONNECTION_FLAGS | PRINTING_FLAGS if aws.wants_aws_json else CONNECTION_FLAGS)


def is_printed(aws: AwsFlags, answer: dict[str, Any], operation: str) -> bool:
    """Whether that was asked for, and is done."""
    if aws.query is None and aws.output is None:
        return False
    render.output_text(aws_output.formatted(answer, operation, aws.query, aws.output))
    return True
