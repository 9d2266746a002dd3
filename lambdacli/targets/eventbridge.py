"""Puts an event onto a bus of EventBridge."""

from __future__ import annotations

from typing import Any

from lambdacli.model.delivery import Message, Sender, TargetError, bus_entry
from lambdacli.targets import refusals
from lambdacli.targets.clients import Clients


class BusTarget:
    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    async def send(self, arn: str, message: Message, sender: Sender) -> None:
        entry = bus_entry(message, arn)
        region, account, resource = arn.split(":", 5)[3:]
        given: dict[str, Any] = {
            "Source": entry.source,
            "DetailType": entry.detail_type,
            "Resources": list(entry.resources),
            "Detail": entry.detail.decode(),
            "Time": entry.time,
            # Its own account's bus is called by name, which every emulator understands.
            "EventBusName": resource.partition("/")[2] if account == sender.function.account else arn,
        }
        if message.trace_header is not None:
            given["TraceHeader"] = message.trace_header
        endpoint = self._clients.endpoint("events", arn)
        call = self._clients.call("events", region, endpoint, arn, message, sender)
        answer = await self._clients.perform(call, "PutEvents", {"Entries": [given]}, proof="Entries")
        # The request is accepted even if its one entry is not.
        if answer.get("FailedEntryCount"):
            failed = answer["Entries"][0]
            code = failed.get("ErrorCode", "")
            raise TargetError(
                f"{arn} did not take it: EventBridge at {endpoint} answered {code}: "
                f"{failed.get('ErrorMessage')}",
                is_final=refusals.is_final(code),
            )
