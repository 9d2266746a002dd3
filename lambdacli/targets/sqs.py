"""Sends to a queue of SQS."""

from __future__ import annotations

from typing import Any

from lambdacli.model.delivery import Message, Sender
from lambdacli.targets.clients import Clients


class QueueTarget:
    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    async def send(self, arn: str, message: Message, sender: Sender) -> None:
        endpoint = self._clients.endpoint("sqs", arn)
        region, account, name = arn.split(":")[3:6]
        parameters: dict[str, Any] = {
            # Made, not asked for: the right to send to a queue is none to look up its address.
            "QueueUrl": f"{endpoint.rstrip('/')}/{account}/{name}",
            "MessageBody": message.body.decode(),
        }
        if message.attributes:
            parameters["MessageAttributes"] = {
                each: {"DataType": attribute.kind, "StringValue": attribute.value}
                for each, attribute in message.attributes.items()
            }
        if message.trace_header is not None:
            parameters["MessageSystemAttributes"] = {
                "AWSTraceHeader": {"DataType": "String", "StringValue": message.trace_header}
            }
        call = self._clients.call("sqs", region, endpoint, arn, message, sender)
        await self._clients.perform(call, "SendMessage", parameters, proof="MessageId")
