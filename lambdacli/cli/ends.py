"""Follows many asynchronous events to their ends, by what the service adds to its history."""

from __future__ import annotations

from collections import Counter

from lambdacli.client import local
from lambdacli.client.local import Endpoint
from lambdacli.model.arn import parse_function_reference

_FOREIGN_AT_MOST = 10_000
"""Ends of events that nobody expects yet: an answer may be read after its event's end. Others' are among
them."""


class Ends:
    """Made before the first event is sent: what ends from then on is seen, also by a later service."""

    def __init__(self, endpoint: Endpoint, function_name: str) -> None:
        self._endpoint = endpoint
        self._function = parse_function_reference(function_name).name
        self._place = int(local.ends_of_events(endpoint, self._function, None)["place"])
        self._foreign: dict[str, str] = {}
        self.pending: set[str] = set()
        self.conditions: Counter[str] = Counter()
        self.gone = 0
        """Purged: nobody will hear of their end."""

    def __repr__(self) -> str:
        return f"<Ends {self.ended} of {self.expected}>"

    @property
    def ended(self) -> int:
        return self.conditions.total()

    @property
    def expected(self) -> int:
        return self.ended + len(self.pending)

    @property
    def without_success(self) -> int:
        return self.expected - self.conditions["Success"]

    def expect(self, request_id: str) -> None:
        condition = self._foreign.pop(request_id, None)
        if condition is None:
            self.pending.add(request_id)
        else:
            self.conditions[condition] += 1

    def look(self, *, wait: bool = False) -> bool:
        """Takes in what ended; waits a moment for it if asked to. False: nothing more will come."""
        while True:
            told = local.ends_of_events(self._endpoint, self._function, self._place, wait=wait)
            self._place = int(told["place"])
            for request_id, condition in told["ends"]:
                self._take(request_id, condition)
            if not told["ends"]:
                break
            if wait:
                return True
        if told["waiting"] or not wait:
            return True
        self.gone = len(self.pending)
        return False

    def _take(self, request_id: str, condition: str) -> None:
        if request_id in self.pending:
            self.pending.remove(request_id)
            self.conditions[condition] += 1
            return
        self._foreign[request_id] = condition
        if len(self._foreign) > _FOREIGN_AT_MOST:
            del self._foreign[next(iter(self._foreign))]
