"""Makes the event that is wished for, in everything it travels in. Pure, but for the reading of documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lambdacli.samples import catalogue
from lambdacli.samples.filling import Filling, most_records
from lambdacli.samples.forms import text_of
from lambdacli.samples.paths import replaced
from lambdacli.samples.sample import Parameter, Sample, SampleError
from lambdacli.samples.words import Circumstances

PIPES = "pipes"
"""The carrier that is no event of its own: a pipe hands the records of its source on."""

_CARRIERS = {
    "sns": "message",
    "sqs": "message",
    "eventbridge": "event",
    "kinesis": "record",
    "firehose": "direct-put",
    "logs": "subscription",
}
"""Which event of a service is meant where only the service is named."""


@dataclass(frozen=True, slots=True)
class Wish:
    service: str
    type: str
    via: tuple[str, ...] = ()
    """Services, or SERVICE/TYPE, from the producer to the function."""
    is_raw: bool = False
    """SNS delivers its messages without the envelope."""
    count: int | None = None
    given: Mapping[str, str | bool] | None = None
    """Parameters as they were written."""
    changes: tuple[str, ...] = ()
    """`PATH=VALUE`, of the event; `CARRIER:PATH=VALUE`, of what it travels in."""


def event(wish: Wish, circumstances: Circumstances) -> Any:
    samples = travelling(wish)
    _check_arrival(samples, wish)
    outermost = samples[-1]
    count = _count(wish.count, outermost)
    given = _given(samples, wish.given or {})
    changes = _changes(samples, wish.changes)
    made = _Journey(samples, given, changes, circumstances, wish.is_raw).event(len(samples) - 1, count)[0]
    return _piped(made) if _is_piped(wish) else made


def parameters(wish: Wish) -> dict[str, tuple[Sample, Parameter]]:
    """Every parameter that can be given, with the event it is of: the innermost that has it."""
    found: dict[str, tuple[Sample, Parameter]] = {}
    for index, sample in enumerate(travelling(wish)):
        for name, parameter in sample.parameters.items():
            if index == 0 or name != sample.carries:
                found.setdefault(name, (sample, parameter))
    return found


def travelling(wish: Wish) -> tuple[Sample, ...]:
    """The event and what it travels in, inside first; refused when AWS has no such way."""
    first = catalogue.sample(wish.service, wish.type)
    samples = [first]
    for step in _via(wish):
        carrier, _, type_ = step.partition("/")
        if carrier not in _ways(samples[-1], wish.is_raw):
            raise _no_way(samples[-1], carrier, first, wish.is_raw)
        if carrier != PIPES:
            samples.append(_carrier(carrier, type_))
    return tuple(samples)


def _check_arrival(samples: Sequence[Sample], wish: Wish) -> None:
    first = samples[0]
    if len(samples) == 1 and not first.is_direct and not _is_piped(wish):
        raise SampleError(f"{first.name} never reaches a function by itself", _possible(first, wish.is_raw))
    if wish.is_raw and not any(sample.raw is not None for sample in samples[:-1]):
        raise SampleError("--raw is about SNS messages that travel on", "name the way: --via sns,sqs")


def ways(first: Sample, is_raw: bool = False) -> list[str]:
    """Each chain of carriers that leads from the event to a function."""
    return [",".join(way) for way in _walk(first, is_raw, ())]


def _walk(sample: Sample, is_raw: bool, before: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for carrier in _ways(sample, is_raw):
        way = (*before, carrier)
        yield way
        if carrier != PIPES and carrier not in before:
            yield from _walk(_carrier(carrier, ""), is_raw, way)


def _ways(sample: Sample, is_raw: bool) -> Mapping[str, Mapping[str, Any]]:
    return sample.raw_carriers if is_raw and sample.raw is not None else sample.carriers


def _carrier(service: str, type_: str) -> Sample:
    sample = catalogue.sample(service, type_ or _CARRIERS[service])
    if sample.carries is None:
        raise SampleError(f"{sample.name} carries nothing", f"--via {service} is enough")
    return sample


def _via(wish: Wish) -> tuple[str, ...]:
    """The chain may be told from its beginning, `s3,sns,sqs`, or from the first carrier."""
    return wish.via[1:] if wish.via[:1] == (wish.service,) else wish.via


def _is_piped(wish: Wish) -> bool:
    return _via(wish)[-1:] == (PIPES,)


def _no_way(sample: Sample, carrier: str, first: Sample, is_raw: bool) -> SampleError:
    return SampleError(f"events of {sample.name} do not travel in {carrier}", _possible(first, is_raw))


def _possible(first: Sample, is_raw: bool) -> str:
    found = ways(first, is_raw)
    if not found:
        return f"{first.name} reaches functions directly only: leave out --via"
    return f"possible for {first.name}: {', '.join(f'--via {way}' for way in found)}"


def _count(wished: int | None, outermost: Sample) -> int:
    if wished is None:
        return 1
    most = most_records(outermost.event)
    if most == 0:
        raise SampleError(f"an event of {outermost.name} has no records", "leave out --count")
    if wished < 1:
        raise SampleError(f"--count {wished}: an event has at least one record")
    if most is not None and wished > most:
        raise SampleError(f"an event of {outermost.name} never has more records than {most}")
    return wished


def _given(samples: Sequence[Sample], written: Mapping[str, str | bool]) -> list[dict[str, Any]]:
    """Parsed, for the event and each of its carriers."""
    given: list[dict[str, Any]] = [{} for _ in samples]
    for name, text in written.items():
        index = next((index for index, sample in enumerate(samples) if _takes(sample, name, index)), None)
        if index is None:
            raise SampleError(f"{samples[0].name} has no parameter {name}")
        parameter = samples[index].parameters[name]
        given[index][name] = parameter.parse(text) if isinstance(text, str) else text
    return given


def _takes(sample: Sample, name: str, index: int) -> bool:
    return name in sample.parameters and (index == 0 or name != sample.carries)


def _changes(samples: Sequence[Sample], written: Sequence[str]) -> list[list[str]]:
    changes: list[list[str]] = [[] for _ in samples]
    for each in written:
        head, colon, rest = each.partition(":")
        index = next(
            (index for index, sample in enumerate(samples) if colon and index and sample.service == head), 0
        )
        changes[index].append(rest if index else each)
    return changes


class _Journey:
    def __init__(
        self,
        samples: Sequence[Sample],
        given: Sequence[Mapping[str, Any]],
        changes: Sequence[Sequence[str]],
        circumstances: Circumstances,
        is_raw: bool,
    ) -> None:
        self._samples = samples
        self._given = given
        self._changes = changes
        self._circumstances = circumstances
        self._is_raw = is_raw

    def event(self, level: int, count: int = 1) -> tuple[Any, Filling, Mapping[str, Any]]:
        sample = self._samples[level]
        carried = (lambda: self._carried(level - 1)) if level > 0 else None
        filling = Filling(sample, self._circumstances, count, carried)
        made, scope = filling.event(self._given[level])
        for change in self._changes[level]:
            made = replaced(made, change, sample.open, f"the event of {sample.name}")
        return made, filling, scope

    def _carried(self, level: int) -> dict[str, Any]:
        """The carrier's parameters that hold the event of this level."""
        sample, carrier = self._samples[level], self._samples[level + 1]
        made, filling, scope = self.event(level)
        told = {**scope, "event": made}
        is_raw = self._is_raw and sample.raw is not None
        content = filling.fill(sample.raw if is_raw else sample.carried, told)
        others = _ways(sample, self._is_raw)[carrier.service]
        assert carrier.carries is not None
        takes_json = carrier.parameters[carrier.carries].kind == "json"
        return {
            carrier.carries: content if takes_json or isinstance(content, bytes) else text_of(content),
            **{name: filling.fill(template, told) for name, template in others.items()},
        }


def _piped(made: Any) -> list[Any]:
    """A pipe's target gets the list of the records, those of Kinesis flattened."""
    return [{**record.get("kinesis", {}), **_without_kinesis(record)} for record in made["Records"]]


def _without_kinesis(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "kinesis"}
