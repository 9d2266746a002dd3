"""What the words of a template become: moments in each format of AWS's, ids of each shape. Pure."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

_LOWER = "abcdefghijklmnopqrstuvwxyz0123456789"
_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_MIXED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Everything that an event depends on beside what was asked for."""

    now: datetime
    random: Random
    account: str
    region: str

    @property
    def partition(self) -> str:
        return {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(self._area, "aws")

    @property
    def suffix(self) -> str:
        """Where the region's host names end."""
        return "amazonaws.com.cn" if self._area == "cn" else "amazonaws.com"

    @property
    def _area(self) -> str:
        return "us-gov" if self.region.startswith("us-gov-") else self.region.partition("-")[0]


def word(name: str, detail: str, circumstances: Circumstances, index: int) -> str | int | float:
    """`${name:detail}`; `index` is that of the record it stands in."""
    if name == "time":
        return _moment(detail, circumstances.now, index)
    if name == "ascending":
        return _ascending(int(detail), circumstances, index)
    return _IDS[name](circumstances, detail)


def _chosen(alphabet: str) -> Callable[[Circumstances, str], str]:
    return lambda circumstances, detail: "".join(circumstances.random.choices(alphabet, k=int(detail)))


def _uuid(circumstances: Circumstances, _: str) -> str:
    return str(uuid.UUID(int=circumstances.random.getrandbits(128), version=4))


def _base64(circumstances: Circumstances, detail: str) -> str:
    return base64.b64encode(circumstances.random.randbytes(int(detail))).decode()


def _trace(circumstances: Circumstances, _: str) -> str:
    return f"1-{int(circumstances.now.timestamp()):08x}-{circumstances.random.getrandbits(96):024x}"


_IDS: dict[str, Callable[[Circumstances, str], str]] = {
    "uuid": _uuid,
    "hex": _chosen("0123456789abcdef"),
    "digits": _chosen("0123456789"),
    "lower": _chosen(_LOWER),
    "upper": _chosen(_UPPER),
    "mixed": _chosen(_MIXED),
    # The ids of IAM, after their four letters.
    "base32": _chosen(_BASE32),
    "base64": _base64,
    "trace": _trace,
}


def _moment(detail: str, now: datetime, index: int) -> str | int | float:
    """`FORMAT` or `FORMAT:SECONDS`, so much later. Later records are of later milliseconds."""
    form, _, shift = detail.partition(":")
    at = now.astimezone(UTC) + timedelta(seconds=float(shift or 0), milliseconds=index)
    return _FORMATS[form](at)


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp()) * 1000 + at.microsecond // 1000


_FORMATS: dict[str, Callable[[datetime], str | int | float]] = {
    "iso": lambda at: at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    "iso_ms": lambda at: f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z",
    "iso_plus": lambda at: f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}+0000",
    "epoch": lambda at: int(at.timestamp()),
    "epoch_ms": _milliseconds,
    "epoch_us": lambda at: int(at.timestamp()) * 1_000_000 + at.microsecond,
    "epoch_fraction": lambda at: _milliseconds(at) / 1000,
    "clf": lambda at: at.strftime("%d/%b/%Y:%H:%M:%S +0000"),
    "mail": lambda at: at.strftime("%a, %d %b %Y %H:%M:%S +0000"),
    "http": lambda at: at.strftime("%a, %d %b %Y %H:%M:%S GMT"),
    # RabbitMQ's, as its Java client words it.
    "rabbitmq": lambda at: f"{at:%b} {at.day}, {at.year}, {at.hour % 12 or 12}:{at:%M:%S} {at:%p}",
    # The last part of a stream's ARN.
    "stream_label": lambda at: f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}",
    "slashed_day": lambda at: at.strftime("%Y/%m/%d"),
}


def _ascending(digits: int, circumstances: Circumstances, index: int) -> str:
    """A sequence number: later ones are greater, as numbers and, being of one length, as texts."""
    # Those of Kinesis, which are longer, begin with 49.
    head = f"{'49' if digits > 22 else ''}{_milliseconds(circumstances.now):013}{index:05}"
    return head + "".join(circumstances.random.choices("0123456789", k=digits - len(head)))
