"""Code of a template's functions that lies in S3: fetched from the neighbour services, once."""

from __future__ import annotations

import asyncio

from lambdacli.model import limits
from lambdacli.model.clock import Clock
from lambdacli.model.errors import RequestError
from lambdacli.model.function import Code
from lambdacli.project.records import S3Code
from lambdacli.service.s3 import S3Packages
from lambdacli.store.code import CodeStore

MISSING_SECONDS = 1.0
"""How long one that was not there is not asked for again."""


class NotFetchedYet(Exception):
    """It is asked for when the template was read, and the template is read again."""


class NotThere(Exception):
    """Its text says what S3 answered."""


class StoredCode:
    """A template is read without waiting: what is not known yet is asked for afterwards."""

    def __init__(self, packages: S3Packages, code: CodeStore, clock: Clock) -> None:
        self._packages = packages
        self._code = code
        self._clock = clock
        self._known: dict[S3Code, Code] = {}
        self._missing: dict[S3Code, tuple[float, str]] = {}
        self._wanted: set[S3Code] = set()

    def __call__(self, place: S3Code) -> Code:
        """Raises NotFetchedYet and NotThere."""
        if place in self._known:
            return self._known[place]
        asked_at, told = self._missing.get(place, (None, ""))
        if asked_at is None or self._clock.monotonic() - asked_at > MISSING_SECONDS:
            self._wanted.add(place)
        if asked_at is None:
            raise NotFetchedYet
        raise NotThere(told)

    @property
    def is_wanted(self) -> bool:
        return bool(self._wanted)

    async def fetch(self, region: str) -> bool:
        """Whether the template is to be read again."""
        wanted, self._wanted = self._wanted, set()
        is_news = False
        for place in wanted:
            try:
                self._known[place] = await asyncio.to_thread(self._fetched, place, region)
                is_news = True
            except RequestError as error:
                is_news = is_news or place not in self._missing
                self._missing[place] = self._clock.monotonic(), f"{place}: {error.message}"
        return is_news

    def _fetched(self, place: S3Code, region: str) -> Code:
        package = self._packages.fetch(place.bucket, place.key, place.version, region)
        return self._code.add(package, limits.UNZIPPED_CODE_BYTES)
