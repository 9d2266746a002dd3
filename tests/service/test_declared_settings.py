"""What lam.yaml says around its functions has effect here, as the same said over the API."""

from __future__ import annotations

import asyncio
import json
import textwrap

import pytest

from lambdacli.api.protocol import load_model
from lambdacli.model.alias import Alias
from lambdacli.model.arn import LATEST, FunctionKey
from lambdacli.model.event_invoke import EventInvokeConfig
from lambdacli.model.mapping import EventSourceMapping, Source, SourceKind
from lambdacli.model.permission import ResourcePolicy, add_statement
from lambdacli.model.sending_rights import missing_right, sender
from lambdacli.project.declared import mapping_id
from lambdacli.service.declared_settings import DeclaredSettings
from lambdacli.service.project_sync import ProjectSync
from lambdacli.store.kinds import EVENT_INVOKE, RESOURCE_POLICY
from lambdacli.telemetry.log_groups import LogGroups
from lambdacli.telemetry.logs import LogBook
from tests.api_house import House

KEY = FunctionKey("000000000000", "us-east-1", "orders")
QUEUE = "arn:aws:sqs:us-east-1:000000000000:orders"


class Place(House):
    """A service's stores and API, and a lam.yaml that is read into them."""

    def __init__(self, model, folder) -> None:
        super().__init__(model, folder, None)
        self.folder = folder
        self.log_groups = LogGroups(folder / "logs", LogBook(folder / "logs"))
        self.problems: list[str] = []

    def read(self, settings: str) -> None:
        (self.folder / "app.py").touch()
        file = self.folder / "lam.yaml"
        head = "functions:\n  orders:\n    runtime: python3.13\n    handler: app.handler\n"
        file.write_text(head + textwrap.indent(settings, "    "))
        stores = self.functions, self.code, self.layers, self.settings
        sync = ProjectSync(file, *stores, self.clock, self.clock, print, lambda: None)
        sync.read()
        assert sync.problems == [] and sync.project is not None
        self.identities = sync.project.identities
        around = DeclaredSettings(self.folder / "declared.json", self.api.handle, self.log_groups, self.clock)
        self.problems = asyncio.run(around.take(sync.project, frozenset({KEY.name})))

    def policy_ids(self) -> list[str]:
        policy = self.settings.get(RESOURCE_POLICY, KEY)
        return [] if policy is None else [each["Sid"] for each in json.loads(policy.text)["Statement"]]


@pytest.fixture(scope="module")
def model():
    return load_model()


@pytest.fixture
def house(model, tmp_path):
    house = Place(model, tmp_path)
    yield house
    house.connection.close()


def test_a_mapping_is_there_while_lam_yaml_has_it(house):
    house.read(f"sources: [{{source: '{QUEUE}', batch_size: 5, report_failures: true}}]\n")
    (first,) = house.mappings.of_function(KEY)
    assert (first.source.arn, first.batch_size) == (QUEUE, 5)
    assert first.response_types == ("ReportBatchItemFailures",)
    house.read(f"sources: [{{source: '{QUEUE}', batch_size: 6}}]\n")
    (second,) = house.mappings.of_function(KEY)
    assert (second.uuid, second.batch_size) == (first.uuid, 6)
    house.read("")
    assert house.mappings.of_function(KEY) == []


def test_an_unchanged_mapping_is_not_written_again(house):
    house.read(f"sources: ['{QUEUE}']\n")
    first = house.mappings.of_function(KEY)
    house.read(f"sources: ['{QUEUE}']\n")
    assert house.mappings.of_function(KEY) == first


def test_permissions_stand_beside_those_of_the_api(house):
    statement = {"Sid": "by-hand", "Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction"}
    house.read("")
    house.settings.put(RESOURCE_POLICY, KEY, ResourcePolicy(add_statement(None, statement), "r"))
    house.read("permissions: [{id: bucket, principal: s3.amazonaws.com, source_arn: 'arn:aws:s3:::b'}]\n")
    assert house.policy_ids() == ["by-hand", "bucket"]
    house.read("")
    assert house.policy_ids() == ["by-hand"]


def test_tries_and_destinations_make_one_setting(house):
    house.read(f"event_invoke: {{retries: 0, max_age: 5m}}\ndestinations: {{on_failure: '{QUEUE}'}}\n")
    found = house.settings.get(EVENT_INVOKE, KEY, LATEST)
    assert (found.maximum_retry_attempts, found.maximum_event_age_seconds) == (0, 300)
    assert (found.on_success, found.on_failure) == (None, QUEUE)
    house.read("")
    assert house.settings.get(EVENT_INVOKE, KEY, LATEST) is None


def test_a_role_with_policies_may_send_to_the_destination_as_after_a_deployment(house):
    policies = "policies: [{Effect: Allow, Action: 's3:GetObject', Resource: '*'}]\n"
    house.read(f"{policies}destinations: {{on_failure: '{QUEUE}'}}\n")
    (document, implied) = house.identities.roles[house.functions.get(KEY).role].policies
    caller = sender(house.functions.get(KEY).role, KEY)
    assert missing_right(caller, KEY, QUEUE, [document, implied]) is None
    assert missing_right(caller, KEY, QUEUE, [document]) == "SendMessage"


def test_tries_set_over_the_api_stay_when_lam_yaml_says_nothing(house):
    config = EventInvokeConfig(house.clock.now(), maximum_retry_attempts=1)
    house.read("")
    house.settings.put(EVENT_INVOKE, KEY, config, LATEST)
    house.read("")
    assert house.settings.get(EVENT_INVOKE, KEY, LATEST) == config


def test_the_alias_leads_to_the_code_as_it_is_until_it_was_deployed(house):
    house.read("alias: live\n")
    assert house.aliases.get(KEY, "live").version == LATEST
    house.aliases.put(Alias(KEY, "live", "3"))
    house.read("alias: live\n")
    assert house.aliases.get(KEY, "live").version == "3"


def test_dead_letters_and_the_age_of_logs_have_effect(house):
    house.read(f"dead_letter: '{QUEUE}'\nlog_retention: 14\n")
    assert house.functions.get(KEY).dead_letter_target == QUEUE
    group = house.log_groups.group(KEY.account, KEY.region, "/aws/lambda/orders")
    assert group.settings.retention_days == 14


STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/clicks"


def test_a_setting_that_is_said_no_more_is_lambdas_own_again_in_the_same_mapping(house):
    house.read(f"sources: [{{source: '{STREAM}', starting_position: LATEST, batch_size: 5, retries: 2}}]\n")
    (first,) = house.mappings.of_function(KEY)
    house.read(f"sources: [{{source: '{STREAM}', starting_position: LATEST}}]\n")
    (second,) = house.mappings.of_function(KEY)
    assert (second.uuid, second.batch_size, second.max_retries) == (first.uuid, 100, -1)


def test_another_starting_position_makes_another_mapping(house):
    house.read(f"sources: [{{source: '{STREAM}', starting_position: LATEST}}]\n")
    (first,) = house.mappings.of_function(KEY)
    house.read(f"sources: [{{source: '{STREAM}', starting_position: TRIM_HORIZON}}]\n")
    (second,) = house.mappings.of_function(KEY)
    assert second.uuid != first.uuid and second.starting_position == "TRIM_HORIZON"


def test_what_an_older_version_made_without_writing_it_down_is_taken_over(house):
    house.read("")
    made = mapping_id(KEY.arn, QUEUE)
    queue = Source(SourceKind.SQS, QUEUE)
    house.mappings.put(EventSourceMapping(made, KEY, None, queue, house.clock.now()))
    statement = {"Sid": "bucket", "Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction"}
    house.settings.put(RESOURCE_POLICY, KEY, ResourcePolicy(add_statement(None, statement), "r"))
    house.read(f"sources: ['{QUEUE}']\npermissions: [{{id: bucket, principal: s3.amazonaws.com}}]\n")
    assert house.problems == []
    (mapping,) = house.mappings.of_function(KEY)
    assert mapping.uuid != made and house.policy_ids() == ["bucket"]
    house.read("")
    assert house.mappings.of_function(KEY) == [] and house.policy_ids() == []


def test_the_list_of_an_older_version_is_understood(house):
    house.read("permissions: [{id: bucket, principal: s3.amazonaws.com}]\n")
    file = house.folder / "declared.json"
    newer = {"members", "version", "account", "region"}
    (kept,) = json.loads(file.read_text())
    file.write_text(json.dumps([{name: value for name, value in kept.items() if name not in newer}]))
    house.read("")
    assert house.policy_ids() == [] and not file.exists()


def test_a_refusal_names_the_line_and_takes_nothing_away(house):
    house.read(f"sources: [{{source: '{QUEUE}', batch_size: 5}}]\n")
    house.read(f"sources: [{{source: '{QUEUE}', batch_size: 5000}}]\n")
    (problem,) = house.problems
    assert problem.startswith("lam.yaml:5: functions.orders.sources: ")
    assert [mapping.batch_size for mapping in house.mappings.of_function(KEY)] == [5]
    house.read("")
    assert house.mappings.of_function(KEY) == []


def test_an_alias_goes_with_its_key_unless_a_deployment_moved_it(house):
    house.read("alias: live\n")
    house.read("")
    assert house.aliases.get(KEY, "live") is None
    house.read("alias: live\n")
    house.aliases.put(Alias(KEY, "live", "3"))
    house.read("")
    assert house.aliases.get(KEY, "live").version == "3"
