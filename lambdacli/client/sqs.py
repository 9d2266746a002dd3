"""One queue of SQS: its messages are looked at, put back and deleted, in the name of whoever runs lam."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

BATCH = 10
"""SQS takes and gives no more at once."""
_HIDDEN_SECONDS = 120
"""While a message is looked at, nobody else gets it; if we are killed, it is there again after this."""
_WAIT_SECONDS = 1
"""Without any waiting, SQS looks at some of its servers only."""


class QueueError(Exception):
    """The queue could not be asked; `hint` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class QueueMessage:
    id: str
    handle: str
    """Of this receipt."""
    body: bytes
    attributes: Mapping[str, str] = field(default_factory=dict)
    sent_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class QueueDepth:
    waiting: int
    hidden: int
    """Somebody has got them, and has not deleted them."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a queue is reached, and as whom."""

    arn: str
    endpoint: str
    asks_for_keys: bool
    """True: with the keys that the AWS CLI would use, too. Otherwise any do, and an account's number selects
    the account."""

    @property
    def region(self) -> str:
        return self.arn.split(":")[3]

    @property
    def account(self) -> str:
        return self.arn.split(":")[4]

    @property
    def url(self) -> str:
        """Made, not asked for, as where dead letters are sent to."""
        return f"{self.endpoint.rstrip('/')}/{self.account}/{self.arn.split(':')[5]}"


def address_of(arn: str, status: Mapping[str, Any]) -> Address:
    """As the service itself finds it: where lam.yaml says, or at the service's own endpoint."""
    named = status.get("services", {}).get("sqs")
    if named is None:
        return Address(arn, str(status["endpoint"]), bool(status.get("auth")))
    host = urlsplit(named).hostname or ""
    return Address(arn, named, host.endswith((".amazonaws.com", ".amazonaws.com.cn")))


class Queue:
    def __init__(self, address: Address) -> None:
        self._address = address
        self._client: Any = None

    def __repr__(self) -> str:
        return f"<Queue {self._address.url}>"

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def depth(self) -> QueueDepth:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        told = self._call("get_queue_attributes", AttributeNames=names).get("Attributes", {})
        waiting, hidden = (int(told.get(name, 0)) for name in names)
        return QueueDepth(waiting, hidden)

    def receive(self, count: int) -> list[QueueMessage]:
        """Some of them, hidden from others from now on; none when it is empty."""
        answer = self._call(
            "receive_message",
            MaxNumberOfMessages=min(BATCH, count),
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["SentTimestamp"],
            VisibilityTimeout=_HIDDEN_SECONDS,
            WaitTimeSeconds=_WAIT_SECONDS,
        )
        return [_message(each) for each in answer.get("Messages", ())]

    def delete(self, messages: Sequence[QueueMessage]) -> list[str]:
        """Why some could not be."""
        return self._each(messages, "delete_message_batch", {})

    def put_back(self, messages: Sequence[QueueMessage]) -> list[str]:
        """Whoever comes next gets them. Why some could not be."""
        return self._each(messages, "change_message_visibility_batch", {"VisibilityTimeout": 0})

    def _each(self, messages: Sequence[QueueMessage], operation: str, more: Mapping[str, int]) -> list[str]:
        failures: list[str] = []
        for first in range(0, len(messages), BATCH):
            entries = [
                {"Id": str(number), "ReceiptHandle": each.handle, **more}
                for number, each in enumerate(messages[first : first + BATCH])
            ]
            answer = self._call(operation, Entries=entries)
            failures += [
                f"{each.get('Code')}: {each.get('Message', '')}" for each in answer.get("Failed", ())
            ]
        return failures

    def _call(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        # A third of a second that only those pay who need it.
        from botocore.exceptions import (
            BotoCoreError,
            ClientError,
            ConnectionError,
            HTTPClientError,
            NoCredentialsError,
        )
        from botocore.parsers import ResponseParserError

        where = self._address.endpoint
        try:
            if self._client is None:
                self._client = _new_client(self._address)
            call: Callable[..., Mapping[str, Any]] = getattr(self._client, operation)
            return call(QueueUrl=self._address.url, **parameters)
        except ClientError as error:
            raise _refused(self._address, error.response.get("Error", {})) from error
        except NoCredentialsError as error:
            raise QueueError(
                f"SQS at {where} asks who you are, and there are no credentials",
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
            ) from error
        except ResponseParserError as error:
            raise QueueError(f"what answers at {where} is not SQS", _NAME_IT) from error
        except (ConnectionError, HTTPClientError) as error:
            raise QueueError(f"nobody answers for SQS at {where}: {error}", _NAME_IT) from error
        except (BotoCoreError, ValueError) as error:
            raise QueueError(f"{self._address.arn} could not be asked: {error}") from error


_NAME_IT = "start it there, or name its address in lam.yaml: `services: {sqs: http://…}`"


def _new_client(address: Address) -> Any:
    from botocore.config import Config
    from botocore.session import Session

    return Session().create_client(
        "sqs",
        region_name=address.region,
        endpoint_url=address.endpoint,
        config=Config(connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 2}),
        aws_access_key_id=None if address.asks_for_keys else address.account,
        aws_secret_access_key=None if address.asks_for_keys else "lam",
    )


def _refused(address: Address, told: Mapping[str, Any]) -> QueueError:
    code, message = str(told.get("Code", "")), str(told.get("Message", ""))
    if code.endswith(("QueueDoesNotExist", "NonExistentQueue")):
        return QueueError(
            f"there is no queue {address.arn} at {address.endpoint}",
            "create it again; what the embedded services hold is gone when they end"
            if not address.asks_for_keys
            else "",
        )
    return QueueError(f"SQS at {address.endpoint} answered {code}: {message}")


def _message(told: Mapping[str, Any]) -> QueueMessage:
    sent_at = told.get("Attributes", {}).get("SentTimestamp")
    return QueueMessage(
        id=str(told["MessageId"]),
        handle=str(told["ReceiptHandle"]),
        body=str(told["Body"]).encode(),
        attributes={
            name: str(value.get("StringValue", ""))
            for name, value in told.get("MessageAttributes", {}).items()
        },
        sent_at_ms=None if sent_at is None else int(sent_at),
    )
