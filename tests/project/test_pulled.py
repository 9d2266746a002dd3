"""From AWS's answers to settings, and where code and variables are put."""

from __future__ import annotations

import json
import os

import pytest

from lambdacli.project import pulled
from lambdacli.project.dotenv import dotenv_line, parse_dotenv
from lambdacli.project.pulled import settings_of
from lambdacli.project.pulled_files import bring_code, code_change, env_file_text, ignored_text, write_text

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:orders"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:jobs"
STREAM = "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks"
FURTHER = (
    "alias",
    "dead_letter",
    "event_invoke",
    "destinations",
    "sources",
    "permissions",
    "provisioned",
    "log_retention",
)


@pytest.fixture(autouse=True)
def all_keys(monkeypatch):
    """Whatever keys this lam.yaml has, the forms of all of them are looked at."""
    names = tuple(dict.fromkeys((*pulled.FUNCTION_NAMES, *FURTHER)))
    monkeypatch.setattr(pulled, "FUNCTION_NAMES", names)


def of(configuration=None, further=None, **answers):
    told = {"FunctionName": "orders", "FunctionArn": ARN, "Runtime": "python3.13", "Handler": "app.handler"}
    return settings_of({"Configuration": told | (configuration or {}), **(further or {})}, **answers)


def test_a_plain_function_is_as_by_default():
    found = of()
    assert found.settings == {
        "runtime": "python3.13",
        "handler": "app.handler",
        "description": "",
        "memory": 128,
        "timeout": 3,
        "architecture": "x86_64",
        "ephemeral_storage": 512,
    }
    assert found.left_out == ()
    assert set(FURTHER) <= set(found.unset)


@pytest.mark.parametrize(
    ("answers", "key", "value"),
    [
        ({"configuration": {"Architectures": ["arm64"]}}, "architecture", "arm64"),
        ({"configuration": {"DeadLetterConfig": {"TargetArn": QUEUE}}}, "dead_letter", QUEUE),
        ({"further": {"Concurrency": {"ReservedConcurrentExecutions": 0}}}, "concurrency", 0),
        ({"url": {"AuthType": "NONE", "InvokeMode": "BUFFERED"}}, "url", True),
        (
            {"url": {"AuthType": "AWS_IAM", "InvokeMode": "RESPONSE_STREAM", "Cors": {"MaxAge": 5}}},
            "url",
            {"auth": "AWS_IAM", "invoke_mode": "RESPONSE_STREAM", "cors": {"max_age": 5}},
        ),
        ({"aliases": [{"Name": "live"}]}, "alias", "live"),
        ({"event_invoke": {"MaximumRetryAttempts": 0}}, "event_invoke", {"retries": 0}),
        (
            {"event_invoke": {"DestinationConfig": {"OnFailure": {"Destination": QUEUE}, "OnSuccess": {}}}},
            "destinations",
            {"on_failure": QUEUE},
        ),
        ({"provisioned": {"RequestedProvisionedConcurrentExecutions": 2}}, "provisioned", 2),
        ({"log_group": {"retentionInDays": 14}}, "log_retention", 14),
        (
            {"mappings": [{"EventSourceArn": QUEUE, "BatchSize": 5, "State": "Disabled"}]},
            "sources",
            [{"source": QUEUE, "batch_size": 5, "enabled": False}],
        ),
        (
            {
                "mappings": [
                    {
                        "EventSourceArn": STREAM,
                        "StartingPosition": "TRIM_HORIZON",
                        "MaximumRetryAttempts": -1,
                        "ParallelizationFactor": 1,
                        "BisectBatchOnFunctionError": True,
                        "FilterCriteria": {"Filters": [{"Pattern": '{"data": {"n": [1]}}'}]},
                        "FunctionResponseTypes": ["ReportBatchItemFailures"],
                        "DestinationConfig": {"OnFailure": {"Destination": QUEUE}},
                    }
                ]
            },
            "sources",
            [
                {
                    "source": STREAM,
                    "starting_position": "TRIM_HORIZON",
                    "bisect": True,
                    "filters": [{"data": {"n": [1]}}],
                    "report_failures": True,
                    "on_failure": QUEUE,
                }
            ],
        ),
    ],
)
def test_what_is_set_has_its_key(answers, key, value):
    assert of(**answers).settings[key] == value


def policy(**statement):
    told = {"Sid": "s", "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": ARN} | statement
    return {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [told]})}


@pytest.mark.parametrize(
    ("statement", "permission"),
    [
        (
            {
                "Principal": {"Service": "s3.amazonaws.com"},
                "Condition": {
                    "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::b"},
                    "StringEquals": {"AWS:SourceAccount": "123456789012"},
                },
            },
            {
                "id": "s",
                "principal": "s3.amazonaws.com",
                "source_arn": "arn:aws:s3:::b",
                "source_account": "123456789012",
            },
        ),
        ({"Principal": "*", "Action": "lambda:Get*"}, {"id": "s", "principal": "*", "action": "lambda:Get*"}),
    ],
)
def test_a_permission_has_its_form(statement, permission):
    assert of(policy=policy(**statement)).settings["permissions"] == [permission]


def test_the_permission_of_a_url_comes_with_the_url():
    found = of(
        policy=policy(Principal="*", Condition={"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}})
    )
    assert "permissions" not in found.settings and found.left_out == ()


def test_what_has_no_form_is_told_of():
    found = of(
        {
            "VpcConfig": {"SubnetIds": ["subnet-1"]},
            "Environment": {"Error": {"Message": "no key"}},
            "TracingConfig": {"Mode": "Active"},
        },
        policy=policy(Principal="*", Condition={"Bool": {"aws:x": "true"}}),
        aliases=[{"Name": "blue"}, {"Name": "green"}],
        mappings=[{"UUID": "u-1", "EventSourceArn": "arn:aws:kafka:eu-west-1:1:cluster/c/u"}],
    )
    assert found.left_out == (
        "variables: AWS could not show them: no key",
        "aliases blue, green: `alias` names one",
        "event source mapping u-1 (arn:aws:kafka:eu-west-1:1:cluster/c/u)",
        "the permission s",
        "the VPC: acts on AWS only",
        "active tracing: acts on AWS only",
    )


def test_a_key_that_lam_yaml_does_not_have_is_told_of(monkeypatch):
    monkeypatch.setattr(pulled, "FUNCTION_NAMES", ("runtime",))
    found = of(log_group={"retentionInDays": 14})
    assert found.settings == {"runtime": "python3.13"}
    assert "log_retention (14): this lam.yaml has no key for it" in found.left_out


# Files


@pytest.mark.parametrize(
    "value", ["", "plain", "a b", "#x", 'say "no"', "it's", "a\\nb", "two\nlines\r\n", "$HOME `x`", "\t", "é"]
)
def test_a_line_of_an_env_file_is_read_as_it_was_meant(value):
    (variable,) = parse_dotenv(dotenv_line("NAME", value))
    assert (variable.name, variable.value) == ("NAME", value)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "A=1\nB=2\n"),
        ("# mine\nA=1\n", "# mine\nA=1\nB=2\n"),
        ("A='1'\nB=2", "A='1'\nB=2"),
        ("A=0", "A=0\nA=1\nB=2\n"),
    ],
    ids=["a new file", "one is there", "both are there", "one is another"],
)
def test_an_env_file_keeps_its_lines(before, after):
    assert env_file_text(before, {"A": "1", "B": "2"}) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [("", "/.env\n"), (".lam/", ".lam/\n/.env\n"), (".env\n", ".env\n"), ("/.env", "/.env")],
)
def test_git_is_told_once(before, after):
    assert ignored_text(before, ".env") == after


def test_code_is_compared_and_brought(tmp_path):
    unpacked, folder = tmp_path / "unpacked", tmp_path / "folder"
    for root, files in (
        (unpacked, {"same": "1", "other": "2", "a/new": "3"}),
        (folder, {"same": "1", "other": "0", "own": "4"}),
    ):
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
    (unpacked / "run").write_text("#!")
    (unpacked / "run").chmod(0o755)
    (unpacked / "link").symlink_to("same")
    change = code_change(unpacked, folder)
    assert change.differing == ("other",)
    assert sorted(change.new) == ["a/new", "link", "run"]
    bring_code(unpacked, folder, change)
    assert {name: (folder / name).read_text() for name in ("same", "other", "a/new", "own", "link")} == {
        "same": "1",
        "other": "2",
        "a/new": "3",
        "own": "4",
        "link": "1",
    }
    assert os.access(folder / "run", os.X_OK)
    assert code_change(unpacked, folder) == type(change)((), ())
    assert not list(folder.glob(".lam-pull*"))


def test_a_folder_in_the_place_of_a_file_is_an_error(tmp_path):
    (tmp_path / "unpacked").mkdir()
    (tmp_path / "unpacked" / "x").write_text("")
    (tmp_path / "folder" / "x").mkdir(parents=True)
    change = code_change(tmp_path / "unpacked", tmp_path / "folder")
    with pytest.raises(IsADirectoryError):
        bring_code(tmp_path / "unpacked", tmp_path / "folder", change)


def test_a_written_file_keeps_its_mode_and_follows_no_half_way(tmp_path):
    file = tmp_path / "f"
    file.write_text("old")
    file.chmod(0o640)
    write_text(file, "new")
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("new", 0o640)
