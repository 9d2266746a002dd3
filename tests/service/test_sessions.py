"""The credentials of functions: different for each, known again, and telling their account."""

from __future__ import annotations

import re

import pytest

from lambdacli.model.arn import FunctionKey
from lambdacli.service.sessions import Sessions, account_of_access_key

ROLE = "arn:aws:iam::123456789012:role/service-role/worker"


def key(name="orders", account="123456789012"):
    return FunctionKey(account, "eu-west-1", name)


def test_each_function_and_role_has_its_own():
    sessions = Sessions()
    made = {
        sessions.credentials(role, function).access_key_id
        for role in (ROLE, f"{ROLE}-2")
        for function in (key(), key("other"))
    }
    assert len(made) == 4
    again = sessions.credentials(ROLE, key())
    assert again == sessions.credentials(ROLE, key())
    assert again != Sessions().credentials(ROLE, key())


def test_they_have_the_form_of_aws():
    credentials = Sessions().credentials(ROLE, key())
    assert re.fullmatch("ASIA[A-Z2-7]{16}", credentials.access_key_id)
    assert len(credentials.secret_access_key) == 40
    assert len(credentials.session_token) > 100


def test_a_key_leads_back_to_role_and_function():
    sessions = Sessions()
    found = sessions.of(sessions.credentials(ROLE, key()).access_key_id)
    assert (found.role_arn, found.function) == (ROLE, key())
    assert found.arn == "arn:aws:sts::123456789012:assumed-role/worker/orders"
    assert sessions.of("ASIALAMAAAAAAAAAAAAA") is None


@pytest.mark.parametrize("account", ["000000000000", "123456789012", "999999999999"])
def test_a_key_tells_its_account_even_to_another_service(account):
    assert account_of_access_key(Sessions().credentials(ROLE, key(account=account)).access_key_id) == account


@pytest.mark.parametrize(
    ("access_key", "account"),
    [
        (None, None),
        ("test", None),
        ("123456789012", "123456789012"),
        ("12345678901x", None),
        ("AKIAIOSFODNN7EXAMPLE", None),
        ("ASIAIOSFODNN7EXAMPLE", None),
        ("ASIALAM0000000000000", None),
        ("ASIALAM7777777777777", None),
        ("ASIALAMaaaaaaaaaaaaa", None),
    ],
)
def test_other_keys_tell_an_account_only_as_its_number(access_key, account):
    assert account_of_access_key(access_key) == account
