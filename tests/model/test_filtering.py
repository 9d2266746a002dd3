"""Records before filters: each source's rule for data of another form than the pattern's."""

from __future__ import annotations

import pytest

from lambdacli.model.filtering import passes
from lambdacli.model.mapping import SourceKind
from lambdacli.model.patterns import parse_pattern

SQS, KINESIS, KAFKA, MQ = SourceKind.SQS, SourceKind.KINESIS, SourceKind.MSK, SourceKind.MQ
TEXT, JSON, NOT_UTF_8 = b"text", b'{"a": 1}', b"\xff"
FOR_TEXT, FOR_JSON, FOR_OTHER_JSON = '["text"]', '{"a": [1]}', '{"a": [2]}'


@pytest.mark.parametrize(
    ("kind", "data", "wanted", "is_through"),
    [
        pytest.param(SQS, TEXT, FOR_TEXT, True, id="a text of a queue fits a text"),
        pytest.param(SQS, b"other", FOR_TEXT, False, id="another text of a queue does not"),
        pytest.param(SQS, TEXT, FOR_JSON, False, id="a text of a queue is dropped where JSON is wanted"),
        pytest.param(SQS, JSON, FOR_TEXT, False, id="JSON of a queue is dropped where a text is wanted"),
        pytest.param(SQS, JSON, FOR_JSON, True, id="JSON of a queue fits JSON"),
        pytest.param(SQS, JSON, FOR_OTHER_JSON, False, id="other JSON of a queue does not"),
        pytest.param(KINESIS, JSON, FOR_JSON, True, id="JSON of a stream fits JSON"),
        pytest.param(KINESIS, TEXT, FOR_JSON, False, id="a text of a stream is dropped"),
        pytest.param(KINESIS, NOT_UTF_8, FOR_JSON, False, id="bytes of a stream are dropped"),
        pytest.param(KAFKA, JSON, FOR_JSON, True, id="JSON of Kafka fits JSON"),
        pytest.param(KAFKA, JSON, FOR_OTHER_JSON, False, id="other JSON of Kafka does not"),
        pytest.param(KAFKA, TEXT, FOR_JSON, True, id="a text of Kafka goes by the rest of the record"),
        pytest.param(KAFKA, JSON, FOR_TEXT, True, id="JSON of Kafka goes by the rest, too"),
        pytest.param(MQ, NOT_UTF_8, FOR_TEXT, True, id="bytes of a broker go by the rest of the record"),
        pytest.param(MQ, b"other", FOR_TEXT, False, id="another text of a broker does not fit"),
    ],
)
@pytest.mark.parametrize("place", ["plain", "in one of two alternatives"])
def test_data_is_held_against_a_pattern_in_its_own_form(kind, data, wanted, is_through, place):
    name = {SQS: "body", KAFKA: "value"}.get(kind, "data")
    text = f'{{"{name}": {wanted}, "topic": ["t"]}}'
    pattern = parse_pattern(text if place == "plain" else f'{{"$or": [{text}, {{"topic": ["never"]}}]}}')
    assert passes(kind, [pattern], {name: data, "topic": "t"}) is is_through
    assert not passes(kind, [pattern], {name: data, "topic": "other"})


def test_patterns_without_data_look_at_the_rest_only():
    pattern = parse_pattern('{"eventName": ["INSERT"], "dynamodb": {"Keys": {"Id": {"N": ["1"]}}}}')
    record = {"eventName": "INSERT", "dynamodb": {"Keys": {"Id": {"N": "1"}}}}
    assert passes(SourceKind.DYNAMODB, [pattern], record)
    assert not passes(SourceKind.DYNAMODB, [pattern], record | {"eventName": "REMOVE"})


def test_data_that_is_not_there_is_an_absent_field():
    wants_none = parse_pattern('{"key": [{"exists": false}]}')
    assert passes(KAFKA, [wants_none], {"value": TEXT})
    assert not passes(KAFKA, [parse_pattern('{"key": ["k"]}')], {"value": TEXT})


def test_one_of_several_filters_is_enough_and_none_lets_all_through():
    filters = [parse_pattern('{"body": ["a"]}'), parse_pattern('{"body": ["b"]}')]
    assert [passes(SQS, filters, {"body": body}) for body in ("a", "b", "c")] == [True, True, False]
    assert passes(SQS, [], {"body": "c"})
