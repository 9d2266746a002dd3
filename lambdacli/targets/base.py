"""What every target is."""

from __future__ import annotations

from typing import Protocol

from lambdacli.model.delivery import Message, Sender


class Target(Protocol):
    # Returns when the target has it; TargetError when it did not say so in time. Never waits for long.
    async def send(self, arn: str, message: Message, sender: Sender) -> None: ...
