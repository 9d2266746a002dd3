"""`lam doctor`: what this machine grants, what is missing, what is weaker without it, and how to get it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lambdacli.cli import connect, render
from lambdacli.cli.options import JsonOption, ProjectOption
from lambdacli.client import local

EXAMPLES = """
lam doctor                                           what is here, what is missing, how to get it
lam doctor --json
"""


def run(json: JsonOption = False, project: ProjectOption = None) -> int:
    place = connect.place_of(project)
    grants = local.doctor(connect.running_service(place).endpoint)
    cache = _cache(place.cache_dir)
    if json:
        render.output_json({"grants": grants, "build_cache": cache})
        return 0
    width = max((len(grant["name"]) for grant in grants), default=0)
    for grant in grants:
        mark, style = ("ok     ", "green") if grant["is_granted"] else ("missing", "yellow")
        render.output_marked(mark, style, f"{grant['name'].ljust(width)}  {grant['detail']}".rstrip())
        if not grant["is_granted"]:
            for label, text in (("without it", grant["weakens"]), ("to get it", grant["remedy"])):
                if text:
                    render.output(f"{'':9}{'':{width}}  {label}: {text}")
    missing = sum(not grant["is_granted"] for grant in grants)
    render.output()
    render.output(
        "nothing is missing" if not missing else f"{missing} missing; everything else is as it should be"
    )
    render.output(_cache_told(cache))
    return 0


def _cache(folder: Path) -> dict[str, Any]:
    from lambdacli.project.kept import ALWAYS, all_kept

    size = sum(each.size_bytes for each in all_kept(folder))
    return {"folder": str(folder), "bytes": size, "most_bytes": ALWAYS.total_bytes}


def _cache_told(cache: dict[str, Any]) -> str:
    size, most = (f"{cache[name] / 1024**2:.0f}" for name in ("bytes", "most_bytes"))
    return f"builds keep {size} of {most} MB in {cache['folder']}: `lam build --prune`"
