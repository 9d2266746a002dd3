"""Variables that may be secrets are never shown, whatever they are called or look like."""

from __future__ import annotations

import pytest

from lambdacli.model.masking import MASK, shown_variable, without_secrets


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TABLE", "orders"),
        ("STAGE", "prod"),
        ("DEBUG", "true"),
        ("RETRIES", "3"),
        ("QUEUE_URL", "https://sqs.eu-central-1.amazonaws.com/123456789012/orders"),
        ("TOPIC", "arn:aws:sns:us-east-1:123456789012:orders"),
        ("EMPTY", ""),
    ],
)
def test_what_is_plainly_no_secret_is_shown(name, value):
    assert shown_variable(name, value) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD", "a"),
        ("password", "hunter2"),
        ("API_KEY", "1234"),
        ("STRIPE_SECRET", "x"),
        ("GITHUB_TOKEN", "t"),
        ("DATABASE", "postgres://app:hunter2@db.example.com/orders"),
        ("HARMLESS", "AKIAIOSFODNN7EXAMPLE"),
        ("HARMLESS", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"),
        ("HARMLESS", "9f86d081884c7d659a2feaa0c55ad015"),
        ("HARMLESS", "-----BEGIN PRIVATE KEY-----\nabc"),
        ("HARMLESS", '{"user": "app", "pw": "hunter2"}'),
        ("HARMLESS", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc"),
        ("CONNECTION_STRING", "Server=db"),
        ("HARMLESS", "x" * 121),
    ],
)
def test_what_may_be_a_secret_is_masked(name, value):
    assert shown_variable(name, value) == MASK


def test_a_refusal_that_repeats_a_secret_is_told_without_it():
    told = without_secrets(
        "Value 'hunter2' is not allowed for orders", {"PASSWORD": "hunter2", "T": "orders"}
    )
    assert told == f"Value '{MASK}' is not allowed for orders"
