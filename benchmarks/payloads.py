"""What is sent: documents of a known size without blanks, so that serialisers write them alike. Pure."""

from __future__ import annotations

import json


def echo_payload(size: int = 1024) -> bytes:
    """One object of exactly so many bytes."""
    frame = len(b'{"message":""}')
    return b'{"message":"' + b"x" * (size - frame) + b'"}'


def distinct_payload(number: int, size: int = 1024) -> bytes:
    """Another one for each number, of the same size."""
    text = f"{number:012d}"
    return echo_payload(size).replace(b"x" * len(text), text.encode(), 1)


def large_document(size: int = 1_000_000) -> bytes:
    """Records with strings, numbers, lists and nulls, as events have them; at least so many bytes."""
    record = {
        "id": 1_000_000,
        "name": "a name of a record",
        "price": 12.75,
        "tags": ["one", "two"],
        "parent": None,
    }
    count = size // len(compact(record) + b",") + 1
    return compact([{**record, "id": 1_000_000 + number} for number in range(count)])


def compact(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
