"""Writes an object into a bucket of S3."""

from __future__ import annotations

from lambdacli.model.delivery import Message, Sender, object_key
from lambdacli.targets.clients import Clients


class BucketTarget:
    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    async def send(self, arn: str, message: Message, sender: Sender) -> None:
        parameters = {
            "Bucket": arn.split(":", 5)[5],
            "Key": object_key(message),
            "Body": message.body,
            "ContentType": "application/json",
        }
        endpoint = self._clients.endpoint("s3", arn)
        # A bucket's ARN names no region.
        call = self._clients.call("s3", sender.function.region, endpoint, arn, message, sender)
        await self._clients.perform(call, "PutObject", parameters, proof="ETag")
