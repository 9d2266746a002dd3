"""Publishes to a topic of SNS."""

from __future__ import annotations

from typing import Any

from lambdacli.model.delivery import Message, Sender
from lambdacli.targets.clients import Clients


class TopicTarget:
    """The trace header goes with the request: a message of SNS has no place for it, and SNS hands it on."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    async def send(self, arn: str, message: Message, sender: Sender) -> None:
        parameters: dict[str, Any] = {"TopicArn": arn, "Message": message.body.decode()}
        if message.attributes:
            parameters["MessageAttributes"] = {
                each: {"DataType": attribute.kind, "StringValue": attribute.value}
                for each, attribute in message.attributes.items()
            }
        endpoint = self._clients.endpoint("sns", arn)
        call = self._clients.call("sns", arn.split(":")[3], endpoint, arn, message, sender)
        await self._clients.perform(call, "Publish", parameters, proof="MessageId")
