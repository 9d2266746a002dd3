"""Filter patterns: what is one, and which records fit."""

from __future__ import annotations

import json

import pytest

from lambdacli.model.patterns import InvalidPatternError, parse_pattern, read_json


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param('"text"', id="a text"),
        pytest.param("123", id="a number"),
        pytest.param("null", id="null"),
        pytest.param("[]", id="an array"),
        pytest.param('{"a": [1]', id="unbalanced"),
        pytest.param("[" * 100_000, id="too deep"),
        pytest.param('{"a":' * 600 + "[1]" + "}" * 600, id="deeper than can be read"),
        pytest.param('{"a": [NaN]}', id="a number that is none in JSON"),
        pytest.param("{}", id="no field"),
        pytest.param('{"a": {}}', id="an object without field"),
        pytest.param('{"a": []}', id="no value"),
        pytest.param('{"a": "b"}', id="a value outside an array"),
        pytest.param('{"a": [["b"]]}', id="an array in an array"),
        pytest.param('{"a": [{}]}', id="no operator"),
        pytest.param('{"a": [{"like": "b"}]}', id="an unknown operator"),
        pytest.param('{"a": [{"prefix": "b", "suffix": "c"}]}', id="two operators"),
        pytest.param('{"a": [{"prefix": 1}]}', id="prefix of a number"),
        pytest.param('{"a": [{"equals-ignore-case": ["b"]}]}', id="ignored case of an array"),
        pytest.param('{"a": [{"exists": "true"}]}', id="exists with a text"),
        pytest.param('{"a": [{"anything-but": []}]}', id="anything but nothing"),
        pytest.param('{"a": [{"anything-but": {"b": 1}}]}', id="anything but an object"),
        pytest.param('{"a": [{"numeric": ["="]}]}', id="numeric without a number"),
        pytest.param('{"a": [{"numeric": ["=", "1"]}]}', id="numeric with a text"),
        pytest.param('{"a": [{"numeric": ["~", 1]}]}', id="numeric with an unknown comparison"),
        pytest.param('{"a": [{"numeric": [["="], 1]}]}', id="numeric with an array for a comparison"),
        pytest.param('{"a": [{"numeric": ["<", 1, ">", 0]}]}', id="numeric with the upper bound first"),
        pytest.param('{"$or": []}', id="no alternative"),
        pytest.param('{"$or": [1]}', id="an alternative that is no object"),
        pytest.param('{"$or": {"a": [1]}}', id="alternatives that are no array"),
    ],
)
def test_this_is_no_pattern(text):
    with pytest.raises(InvalidPatternError):
        parse_pattern(text)


@pytest.mark.parametrize(
    ("pattern", "fitting", "others"),
    [
        pytest.param(
            {"a": ["b"]}, [{"a": "b", "c": 1}], [{"a": "B"}, {"a": None}, {"c": "b"}, {}], id="equals"
        ),
        pytest.param(
            {"a": ["b", None, ""]}, [{"a": "b"}, {"a": None}, {"a": ""}], [{}, {"a": "c"}], id="one of"
        ),
        pytest.param(
            {"a": [1, True]}, [{"a": 1}, {"a": True}], [{"a": "1"}, {"a": False}], id="kinds differ"
        ),
        pytest.param({"a": [300]}, [{"a": 300}], [{"a": 300.0}, {"a": "300"}], id="numbers as written"),
        pytest.param({"a": ["b"]}, [{"a": ["x", "b"]}], [{"a": ["x"]}, {"a": []}], id="any of an array"),
        pytest.param(
            {"a": {"b": [1]}}, [{"a": {"b": 1}}, {"a": [{}, {"b": 1}]}], [{"a": 1}, {}], id="nested"
        ),
        pytest.param({"a": [1], "b": [2]}, [{"a": 1, "b": 2}], [{"a": 1}, {"b": 2}], id="all fields"),
        pytest.param(
            {"c": [0], "$or": [{"a": [1]}, {"b": [2]}]},
            [{"c": 0, "a": 1}, {"c": 0, "b": 2}],
            [{"a": 1}, {"c": 0}, {"c": 0, "b": 1}],
            id="or",
        ),
        pytest.param(
            {"a": [{"equals-ignore-case": "Straße"}]}, [{"a": "STRASSE"}], [{"a": "s"}, {"a": 1}], id="case"
        ),
        pytest.param(
            {"a": [{"prefix": "us-"}]}, [{"a": "us-east"}], [{"a": "eu-us-"}, {"a": 1}], id="prefix"
        ),
        pytest.param({"a": [{"suffix": ".png"}]}, [{"a": "x.png"}], [{"a": "x.png.gz"}], id="suffix"),
        pytest.param({"a": [{"prefix": "1"}]}, [{"a": "12"}], [{"a": 12}], id="a number has no prefix"),
        pytest.param(
            {"a": [{"anything-but": ["b", 1]}]},
            [{"a": "c"}, {"a": "1"}, {"a": ["b", "c"]}],
            [{"a": "b"}, {"a": 1}, {}],
            id="anything but",
        ),
        pytest.param({"a": [{"anything-but": "b"}]}, [{"a": "c"}], [{"a": "b"}], id="anything but one"),
        pytest.param({"a": [{"exists": True}]}, [{"a": 0}, {"a": None}], [{}, {"a": {"b": 1}}], id="exists"),
        pytest.param({"a": [{"exists": False}]}, [{}, {"a": {"b": 1}}], [{"a": 0}], id="does not exist"),
        pytest.param(
            {"a": {"b": [{"exists": False}]}}, [{}, {"a": {}}], [{"a": {"b": 1}}], id="nor its parent"
        ),
        pytest.param({"a": [{"numeric": ["=", 100]}]}, [{"a": 100.0}], [{"a": "100"}, {"a": 1}], id="number"),
        pytest.param(
            {"a": [{"numeric": [">", 10, "<=", 20]}]},
            [{"a": 20}, {"a": 10.5}],
            [{"a": 10}, {"a": 21}],
            id="range",
        ),
        pytest.param({"a": [{"numeric": ["<", 0]}]}, [{"a": -1}], [{"a": 0}], id="below"),
        pytest.param({"a": [{"numeric": [">=", 5]}]}, [{"a": 5}], [{"a": 4}], id="at least"),
    ],
)
@pytest.mark.parametrize("given", [json.loads, read_json], ids=["made here", "as written"])
def test_records_fit_a_pattern(pattern, fitting, others, given):
    parsed = parse_pattern(json.dumps(pattern))
    records = [given(json.dumps(each)) for each in (*fitting, *others)]
    assert [parsed.matches(each) for each in records] == [True] * len(fitting) + [False] * len(others)


def test_of_two_equal_keys_the_last_counts():
    assert parse_pattern('{"a": [1], "a": [2]}').matches({"a": 2})


@pytest.mark.parametrize("levels", [10, 976, 100_000])
def test_arrays_of_any_depth_are_looked_through(levels):
    pattern = parse_pattern('{"a": ["x"]}')
    value = "x"
    for _ in range(levels):
        value = [value]
    assert pattern.matches({"a": value})
    assert pattern.matches({"a": ["w", [["y"], "x"]]})
