"""The trace header, as recorded ones read."""

from __future__ import annotations

import pytest

from lambdacli.model.trace_header import Lineage, TraceHeader, parse_lineage, parse_trace_header

ROOT = "1-67f6cc3c-2501b4910e004349426d8006"
PARENT = "73146ee07a1ed731"


@pytest.mark.parametrize(
    ("text", "header"),
    [
        (
            f"Root={ROOT};Parent={PARENT};Sampled=0;Lineage=2:037bed70:1",
            TraceHeader(ROOT, PARENT, "0", Lineage(2, "037bed70", 1)),
        ),
        (f"Root={ROOT};Sampled=1", TraceHeader(ROOT, None, "1")),
        (f"Self=1-2-3;Root={ROOT}", TraceHeader(ROOT, others=("Self=1-2-3",))),
        (f"root={ROOT}; sampled=0", TraceHeader(ROOT, None, "0")),
        (f"Root={ROOT};Root=1-2-3", TraceHeader(ROOT)),
        ("", TraceHeader()),
        ("nonsense;;=;Root=", TraceHeader()),
        (f"Root={ROOT};Lineage=nonsense", TraceHeader(ROOT)),
    ],
)
def test_fields_are_read_and_what_is_none_is_left_out(text, header):
    assert parse_trace_header(text) == header


@pytest.mark.parametrize(
    "text",
    [
        f"Root={ROOT};Parent={PARENT};Sampled=0;Lineage=1:36680206:0",
        f"Root={ROOT};Sampled=1",
        f"Root={ROOT};Parent={PARENT};Sampled=1;Lineage=32767:ffffffff:255;Self=1-2-3",
    ],
)
def test_what_was_read_is_written_as_it_came(text):
    assert str(parse_trace_header(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "a87bd80c:1", "0:a87bd80c:0", "32768:a87bd80c:0", "1:a87bd80c:256", "1:a87bd80:0", "1:A87BD80C:0"],
)
def test_a_lineage_of_another_form_is_none(text):
    assert parse_lineage(text) is None
