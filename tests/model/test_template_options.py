"""Overrides of parameters in the forms that SAM takes, and what adds up."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambdacli.model.template_options import (
    NO_OPTIONS,
    OverrideError,
    TemplateOptions,
    options_of,
    parse_overrides,
)


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ([], {}),
        (["Stage=dev"], {"Stage": "dev"}),
        (["Stage=dev Table=orders"], {"Stage": "dev", "Table": "orders"}),
        (["Stage=dev", "Table=orders"], {"Stage": "dev", "Table": "orders"}),
        (['Title="two words" Other=x'], {"Title": "two words", "Other": "x"}),
        (["Title='two words'"], {"Title": "two words"}),
        ([r"Title=two\ words"], {"Title": "two words"}),
        (["Empty="], {"Empty": ""}),
        (["Url=http://a/?b=c"], {"Url": "http://a/?b=c"}),
        (["ParameterKey=Stage,ParameterValue=dev"], {"Stage": "dev"}),
        (["ParameterKey=A,ParameterValue=1 ParameterKey=B,ParameterValue=2"], {"A": "1", "B": "2"}),
        (["Stage=dev", "Stage=prod"], {"Stage": "prod"}),
    ],
)
def test_overrides_are_read_as_sam_reads_them(texts, found):
    assert parse_overrides(texts) == found


@pytest.mark.parametrize("text", ["Stage", "=dev", 'Title="open'])
def test_what_overrides_nothing_is_refused(text):
    with pytest.raises(OverrideError):
        parse_overrides([text])


def test_options_survive_the_way_to_the_service():
    options = TemplateOptions({"Stage": "dev"}, Path("/p/env.json"), "prod", "test")
    assert options_of(options.document()) == options
    assert options.arguments() == [
        *("--parameter-override", "Stage=dev"),
        *("--env-vars", "/p/env.json"),
        *("--config-env", "prod"),
        *("--stage", "test"),
    ]
    assert NO_OPTIONS.arguments() == []


def test_what_is_said_later_counts_and_what_is_left_open_stays():
    first = TemplateOptions({"A": "1", "B": "2"}, Path("/a.json"), "prod")
    both = first.changed_by(TemplateOptions({"B": "3"}, stage="test"))
    assert both == TemplateOptions({"A": "1", "B": "3"}, Path("/a.json"), "prod", "test")
