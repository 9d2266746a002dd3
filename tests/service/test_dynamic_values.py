"""Tests of values of `{{resolve:…}}` that are known only after a template was read."""

from __future__ import annotations

from lambdacli.project.cloudformation.dynamic import resolved
from lambdacli.project.cloudformation.template import DynamicReference
from lambdacli.service.dynamic_values import DynamicValues
from tests.doubles import ManualClock

MEMBER = "{{resolve:secretsmanager:db:SecretString:user}}"


def test_a_member_of_a_secret_stays_as_it_is_written_until_the_secret_is_known():
    values = DynamicValues(ManualClock())
    assert resolved(MEMBER, (), values) == MEMBER
    (wanted,) = values.wanted
    assert wanted == DynamicReference("secretsmanager", "db", json_key="user")
    values.learn({wanted: '{"user": "me"}'})
    assert resolved(MEMBER, (), values) == "me"
