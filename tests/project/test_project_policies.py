"""Roles, identities and keys: what lam.yaml and the file of keys say, and every mistake with its place."""

from __future__ import annotations

import pytest

from lambdacli.model.principals import caller_from_arn
from lambdacli.project.config import ConfigError, load_project
from lambdacli.project.keys import KeysError, default_keys_file, load_keys

ROLE = "arn:aws:iam::000000000000:role/worker"
TRUST = "{Statement: {Effect: Allow, Principal: {Service: %s}, Action: sts:AssumeRole}}"
FUNCTION = f"functions:\n  f:\n    runtime: provided.al2023\n    role: {ROLE}\n"


@pytest.fixture
def written(tmp_path):
    def load(text):
        file = tmp_path / "lam.yaml"
        file.write_text(text)
        return load_project(file)

    return load


def problems(written, text):
    with pytest.raises(ConfigError) as caught:
        written(text)
    return [(each.line, each.key_path, each.message) for each in caught.value.problems]


def test_roles_and_identities_are_read(written):
    project = written(
        f"""
roles:
  worker:
    trust: {TRUST % "lambda.amazonaws.com"}
    policies:
      - AWSLambdaBasicExecutionRole
      - Version: 2012-10-17
        Statement:
          - {{Effect: Allow, Action: lambda:InvokeFunction, Resource: "*"}}
identities:
  arn:aws:iam::000000000000:user/dev: [AWSLambda_ReadOnlyAccess]
  nobody:
auth: true
keys: keys.yaml
{FUNCTION}"""
    )
    worker = project.identities.policies_of(caller_from_arn(ROLE))
    assert [each.name for each in worker] == [
        "the managed policy AWSLambdaBasicExecutionRole",
        "policy 2 of worker",
    ]
    # YAML takes 2012-10-17 for a date.
    assert worker[1].version == "2012-10-17"
    assert project.identities.policies_of(caller_from_arn("arn:aws:iam::000000000000:user/nobody")) == ()
    assert project.identities.trust_of(ROLE) is not None
    assert (project.checks_signatures, project.keys) == (True, project.folder / "keys.yaml")


def test_unsaid_nobody_is_known_and_nothing_is_checked(written):
    project = written(FUNCTION)
    assert (project.checks_signatures, project.keys) == (False, None)
    assert project.identities.trust_of(ROLE) is None


@pytest.mark.parametrize(
    ("text", "line", "path", "message"),
    [
        ("roles: 3", 1, "roles", "must be a mapping of roles to their trust and policies, not the number 3"),
        ("roles:\n  a b: {}", 2, "roles.a b", "must be the name or the ARN of a role"),
        (
            "roles:\n  arn:aws:iam::000000000000:user/u: {}",
            2,
            "roles.arn:aws:iam::000000000000:user/u",
            "must be the name or the ARN of a role",
        ),
        ("roles:\n  r:\n    trusts: {}", 3, "roles.r.trusts", "unknown key"),
        ("roles:\n  r:\n    trust: x", 3, "roles.r.trust", 'must be a policy document, not the text "x"'),
        ("roles:\n  r:\n    trust: {}", 3, "roles.r.trust", "Statement is missing"),
        (
            "roles:\n  r:\n    policies: AWSLambdaRole",
            3,
            "roles.r.policies",
            'must be a list of policies, not the text "AWSLambdaRole"',
        ),
        (
            "identities:\n  dev:\n    - AWSLambda_Full",
            3,
            "identities.dev[0]",
            'the text "AWSLambda_Full" is no managed policy that is known here',
        ),
        (
            "identities:\n  dev:\n    - AWSLambdaRole\n    - Statement: {Effect: Perhaps}",
            4,
            "identities.dev[1]",
            "statement 1: Effect must be Allow or Deny",
        ),
        (
            "identities:\n  dev:\n    - Statement: {Effect: Allow, Action: a:b, Action: c:d, Resource: '*'}",
            3,
            "identities.dev[0].Statement.Action",
            "written twice (first in line 3)",
        ),
        ("auth: perhaps", 1, "auth", 'must be true or false, not the text "perhaps"'),
        (
            f"roles:\n  worker:\n    trust: {TRUST % 'ec2.amazonaws.com'}\n{FUNCTION}",
            7,
            "functions.f.role",
            f"the role {ROLE} cannot be assumed by Lambda",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(written, text, line, path, message):
    assert problems(written, text)[0] == (line, path, message)


# The file of keys


def test_keys_say_who_they_are(tmp_path):
    file = tmp_path / "keys.yaml"
    file.write_text(
        "AKIAROOT: {secret: a, account: 000000000000}\n"
        "AKIAROLE: {secret: b, arn: 'arn:aws:iam::111111111111:role/r', session_token: t}\n"
    )
    keys = load_keys(file)
    assert keys["AKIAROOT"].caller.name == "arn:aws:iam::000000000000:root"
    assert (keys["AKIAROLE"].caller.account, keys["AKIAROLE"].session_token) == ("111111111111", "t")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("AKIA1: {account: '111111111111'}", "keys.yaml:1:1: AKIA1: has no secret"),
        ("AKIA1: {secret: topsecret}", "says neither account nor arn"),
        ("AKIA1: topsecret", "must be a mapping"),
        ("AKIA1: {secret: topsecret, account: '1'}", "account must have 12 digits"),
        (
            "AKIA1: {secret: topsecret, arn: 'arn:aws:s3:::b'}",
            "arn must be that of a user, a role or a session",
        ),
        ("AKIA1: {secret: topsecret, accountzz: '1'}", "accountzz is an unknown key"),
        (
            "AKIA1: {secret: topsecret, account: '111111111111', arn: 'arn:aws:iam::222222222222:user/u'}",
            "account and arn name different accounts",
        ),
        ("A-1: {secret: topsecret, account: '111111111111'}", "an access key id has"),
        ("- topsecret", "must be a mapping of access keys"),
        ("AKIA1: [", "keys.yaml:"),
    ],
)
def test_a_mistake_in_keys_is_told_without_its_secret(tmp_path, text, message):
    file = tmp_path / "keys.yaml"
    file.write_text(text)
    with pytest.raises(KeysError) as caught:
        load_keys(file)
    assert message in str(caught.value)
    assert "topsecret" not in str(caught.value)


def test_a_missing_file_says_what_to_write_into_it(tmp_path):
    with pytest.raises(KeysError, match="does not exist; it holds the access keys"):
        load_keys(tmp_path / "keys.yaml")


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"HOME": "/home/dev"}, "/home/dev/.config/lam/keys.yaml"),
        ({"HOME": "/home/dev", "XDG_CONFIG_HOME": "/etc/xdg"}, "/etc/xdg/lam/keys.yaml"),
    ],
)
def test_the_file_of_keys_lies_with_the_users_settings(environment, expected):
    assert str(default_keys_file(environment)) == expected
