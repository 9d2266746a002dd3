"""AWS-shaped JSON as `--query` and `--output` want it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from lambdacli.cli.errors import WrongUsage


def formatted(value: Any, title: str, query: str | None, output: str | None) -> str:
    """The text for stdout, with its line end; empty when AWS's CLI prints nothing."""
    if query is not None:
        value = _searched(value, query)
    if output == "text":
        return "".join(f"{line}\n" for line in _text_lines(value, None, None))
    if output == "table":
        return _table(value, title)
    if value == {}:
        return ""
    if output == "yaml":
        import yaml

        text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, default_flow_style=False)
        return text.removesuffix("...\n")
    return json.dumps(value, indent=4, ensure_ascii=False) + "\n"


def _searched(value: Any, query: str) -> Any:
    import jmespath  # type: ignore[import-untyped]  # it ships no types
    from jmespath.exceptions import JMESPathError  # type: ignore[import-untyped]

    try:
        return jmespath.search(query, value)
    except JMESPathError as error:
        raise WrongUsage(f"--query {query}: {error}") from error


def _is_scalar(value: Any) -> bool:
    return not isinstance(value, Mapping | list)


# Text: values by tabs, keys in alphabetical order, a nested thing on a line of its own behind its name


def _text_lines(value: Any, name: str | None, columns: Sequence[str] | None) -> list[str]:
    label = [] if name is None else [name.upper()]
    if isinstance(value, Mapping):
        return _text_of_map(value, label, columns)
    if not isinstance(value, list):
        return ["\t".join([*label, str(value)])]
    scalars = [str(item) for item in value if _is_scalar(item)]
    nested = [item for item in value if not _is_scalar(item)]
    lines = []
    if scalars and label:
        lines += ["\t".join([*label, item]) for item in scalars]
    elif scalars:
        lines.append("\t".join(scalars))
    shared = sorted(
        {key for item in nested if isinstance(item, Mapping) for key in item if _is_scalar(item[key])}
    )
    for item in nested:
        lines += _text_lines(item, name, shared)
    return lines


def _text_of_map(value: Mapping[str, Any], label: list[str], columns: Sequence[str] | None) -> list[str]:
    names = sorted(name for name in value if _is_scalar(value[name])) if columns is None else columns
    scalars = [str(value.get(name, "")) for name in names]
    lines = ["\t".join([*label, *scalars])] if scalars else []
    for name in sorted(value):
        if not _is_scalar(value[name]):
            lines += _text_lines(value[name], name, None)
    return lines


# Table: a box for each level, its keys as headings


def _table(value: Any, title: str) -> str:
    if value in (None, {}, [], ""):
        return ""
    sections = _table_sections(value, title)
    width = max(max(len(title) + 4, _row_width(rows)) for title, rows in sections)
    lines = ["-" * (width + 2)]
    for name, rows in sections:
        lines.append(f"|{name:^{width}}|")
        widths = _column_widths(rows, width)
        rule = "+" + "+".join("-" * column for column in widths) + "+"
        lines.append(rule)
        for index, row in enumerate(rows):
            cells = (f"  {cell}".ljust(column) for cell, column in zip(row, widths, strict=True))
            lines.append("|" + "|".join(cells) + "|")
            if index == 0 and len(rows) > 1:
                lines.append(rule)
        lines.append(rule)
    return "\n".join(lines) + "\n"


def _table_sections(value: Any, title: str) -> list[tuple[str, list[list[str]]]]:
    if isinstance(value, Mapping):
        return _sections_of_maps([value], title)
    if isinstance(value, list) and all(isinstance(item, Mapping) for item in value):
        return _sections_of_maps(value, title)
    if isinstance(value, list):
        rows = [item if isinstance(item, list) else [item] for item in value]
        columns = max(len(row) for row in rows)
        return [(title, [[*map(_cell, row), *[""] * (columns - len(row))] for row in rows])]
    return [(title, [[_cell(value)]])]


def _sections_of_maps(maps: Sequence[Mapping[str, Any]], title: str) -> list[tuple[str, list[list[str]]]]:
    names = sorted({name for item in maps for name in item if _is_scalar(item[name])})
    sections = []
    if names:
        sections.append((title, [names, *([_cell(item.get(name, "")) for name in names] for item in maps)]))
    for item in maps:
        for name in sorted(item):
            if not _is_scalar(item[name]) and item[name]:
                sections += _table_sections(item[name], name)
    return sections or [(title, [[""]])]


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _natural_widths(rows: list[list[str]]) -> list[int]:
    return [max(len(row[column]) for row in rows) + 4 for column in range(len(rows[0]))]


def _row_width(rows: list[list[str]]) -> int:
    widths = _natural_widths(rows)
    return sum(widths) + len(widths) - 1


def _column_widths(rows: list[list[str]], width: int) -> list[int]:
    widths = _natural_widths(rows)
    widths[-1] += width - _row_width(rows)
    return widths
