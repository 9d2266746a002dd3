"""What the neighbours' queues do otherwise than moto's own."""

from __future__ import annotations

from typing import Any

import pytest

from lambdacli.service import moto_seams


def test_what_comes_again_of_a_group_comes_in_its_order() -> None:
    sqs = pytest.importorskip("moto.sqs.models")
    queues: Any = type("Queues", (sqs.SQSBackend,), {})
    moto_seams._give_each_message_once(queues)
    backend = queues("us-east-1", "000000000000")
    queue = backend.create_queue("orders.fifo", {}, FifoQueue="true")
    for body in "abcdef":
        backend.send_message(queue.name, body, deduplication_id=body, group_id="g")

    def received(count: int, visibility_timeout: int) -> str:
        found = backend.receive_message(queue.name, count, 0, visibility_timeout)
        return "".join(message.body for message in found)

    assert received(4, 0) == "abcd"
    assert received(2, 30) == "ab"
    assert received(2, 30) == ""
