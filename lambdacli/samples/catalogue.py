"""Which events there are: the folders and files below `events/`, each read when it is asked for."""

from __future__ import annotations

import json
import os
from typing import Any

from lambdacli.model.nearest import nearest
from lambdacli.samples.sample import Sample, SampleError, like, sample_from

_FOLDER = os.path.join(os.path.dirname(__file__), "events")


def services() -> list[str]:
    return sorted(os.listdir(_FOLDER))


def types(service: str) -> list[str]:
    if service not in services():
        raise SampleError(
            f"no events are known of {service}",
            _meant(service, services()),
            f"there is {', '.join(services())}",
        )
    return sorted(
        name.removesuffix(".json")
        for name in os.listdir(os.path.join(_FOLDER, service))
        # Those that begin with _ are what others are like, no events themselves.
        if name.endswith(".json") and not name.startswith("_")
    )


def sample(service: str, type_: str) -> Sample:
    known = types(service)
    if type_ not in known:
        raise SampleError(
            f"{service} has no event {type_}", _meant(type_, known), f"there is {', '.join(known)}"
        )
    return sample_from(service, type_, _document(service, type_))


def _meant(word: str, words: list[str]) -> str | None:
    found = nearest(word, words)
    return f"did you mean {found}?" if found else None


def _document(service: str, type_: str) -> dict[str, Any]:
    with open(os.path.join(_FOLDER, service, f"{type_}.json"), encoding="utf-8") as file:
        document: dict[str, Any] = json.load(file)
    return like(_document(service, document["like"]), document) if "like" in document else document
