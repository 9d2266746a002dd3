"""A function's own URL beside a plain Invoke: requests per second of an echo, the same bytes both ways."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import urlsplit

from benchmarks import lam, wrk
from benchmarks.figures import interleave, medians
from benchmarks.findings import Bar, Finding, unmeasured
from benchmarks.payloads import echo_payload
from benchmarks.stage import Stage
from benchmarks.target import Target

WHAT = "function URL, echo of 1 KB"
BAR = Bar(0.6, "Invoke", at_least=True)
CALLERS = (1, 8)
SECONDS = 1.5
FUNCTIONS = (lam.Function("echo"), lam.Function("web", settings={"url": "true"}))


def run(stage: Stage) -> list[Finding]:
    try:
        with lam.project(FUNCTIONS) as service:
            targets = {"URL": _url(service), "Invoke": service.target("echo")}
            return [
                finding for callers in CALLERS for finding in _with(targets, callers, stage.options.rounds)
            ]
    except lam.LamError as reason:
        return [unmeasured(WHAT, "/s", str(reason), BAR)]


def _url(service: lam.Lam) -> Target:
    """By its path: wrk asks a resolver, which may not know the name. Nobody signs."""
    told = json.loads(service.command("list", "--json"))["functions"]
    (url,) = next(function["urls"] for function in told if function["name"] == "web")
    url_id = str(urlsplit(url).hostname).partition(".")[0]
    return Target(service.target("web").port, f"/_url/{url_id}/", authorization="none")


def _with(targets: dict[str, Target], callers: int, rounds: int) -> list[Finding]:
    errors = dict.fromkeys(targets, 0)

    def measure(name: str) -> Callable[[], float]:
        def once() -> float:
            done = wrk.load(targets[name], echo_payload(), callers, SECONDS)
            errors[name] += done.errors
            return done.requests_per_second

        return once

    for name in targets:
        errors[name] += wrk.load(targets[name], echo_payload(), callers, SECONDS).errors
    figures = medians(interleave({name: measure(name) for name in targets}, rounds))
    many = "1 caller" if callers == 1 else f"{callers} callers"
    wrong = sum(errors.values())
    return [
        Finding(f"{WHAT}, {many}", "/s", figures["URL"], BAR, figures["Invoke"]),
        Finding("  its errors", "errors", float(wrong), Bar(0)),
    ]
