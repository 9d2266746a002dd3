"""Writes `completions/` from the registry of verbs: `python -m lambdacli.cli.completion_scripts completions`.

The scripts are static, so that a shell starts no Python to offer verbs and options; only names of functions,
the project's event files, and the events that can be made are asked for, by `lam __complete`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lambdacli.cli.app import VERBS, NounGroup, command, load_verb

FUNCTIONS, FILES, EVENTS, SAMPLES, CHOICES, FREE, NOTHING = (
    "functions",
    "files",
    "events",
    "samples",
    "choices",
    "free",
    "nothing",
)

# What the types do not tell: which values are files or names of functions.
_VALUE_KINDS = {
    "--function-name": FUNCTIONS,
    "--event": EVENTS,
    "--events": FILES,
    "--unsent": FILES,
    "--send": FUNCTIONS,
    "--output-file": FILES,
    "--ca-bundle": FILES,
    "--project": FILES,
    "--zips": FILES,
}
_FIRST_WORD = {
    "invoke": FUNCTIONS,
    "logs": FUNCTIONS,
    "show": FUNCTIONS,
    "envs": FUNCTIONS,
    "metrics": FUNCTIONS,
    "bench": FUNCTIONS,
    "delete": FUNCTIONS,
    "publish": FUNCTIONS,
    "versions": FUNCTIONS,
    "validate": FILES,
    "build": FUNCTIONS,
    "completions": CHOICES,
}
_LATER_WORDS = {
    "invoke": FILES,
    "build": FUNCTIONS,
    "events": FUNCTIONS,
    "dlq": FUNCTIONS,
    # Services and their events: which ones are offered depends on the words before.
    "event": SAMPLES,
    "layer": FILES,
    "alias": FUNCTIONS,
    "permission": FUNCTIONS,
}
_HEADER = "made by `python -m lambdacli.cli.completion_scripts completions`"
SHELLS = ("bash", "zsh", "fish")


@dataclass(frozen=True, slots=True)
class Option:
    names: tuple[str, ...]
    help: str
    kind: str
    """NOTHING for a flag."""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VerbWords:
    name: str
    summary: str
    options: tuple[Option, ...]
    first: str
    later: str
    choices: tuple[str, ...] = ()
    """Of the first word."""


def scripts() -> dict[str, str]:
    """File name → text."""
    verbs = [_words_of(name) for name in VERBS]
    common = (*_options_of(command().params), Option(("--help", "-h"), "Show the help.", NOTHING))
    return {
        "lam.bash": _bash(verbs, common),
        "lam.zsh": _zsh(verbs, common),
        "lam.fish": _fish(verbs, common),
    }


def _words_of(name: str) -> VerbWords:
    verb, help_option = load_verb(name), Option(("--help", "-h"), "Show the help.", NOTHING)
    if isinstance(verb, NounGroup):
        of_all = [option for each in verb.commands.values() for option in _options_of(each.params)]
        options = tuple({option.names: option for option in of_all}.values())
        later = _LATER_WORDS.get(name, NOTHING)
        return VerbWords(
            name, VERBS[name].summary, (*options, help_option), CHOICES, later, tuple(verb.commands)
        )
    return VerbWords(
        name,
        VERBS[name].summary,
        (*_options_of(verb.params), help_option),
        _FIRST_WORD.get(name, NOTHING),
        _LATER_WORDS.get(name, NOTHING),
        SHELLS if name == "completions" else (),
    )


def _options_of(parameters: Any) -> tuple[Option, ...]:
    return tuple(_option(each) for each in parameters if each.param_type_name == "option" and not each.hidden)


def _option(parameter: Any) -> Option:
    names = tuple(parameter.opts)
    help_text = " ".join((parameter.help or "").split())
    if parameter.is_flag:
        return Option(names, help_text, NOTHING)
    choices = tuple(getattr(parameter.type, "choices", ()))
    if choices:
        return Option(names, help_text, CHOICES, tuple(str(getattr(each, "value", each)) for each in choices))
    return Option(names, help_text, _VALUE_KINDS.get(names[0], FREE))


def _by_kind(verbs: list[VerbWords]) -> dict[tuple[str, tuple[str, ...]], list[str]]:
    """(kind, choices) → option names. An option means the same at every verb: the verb need not be known. Of
    one that takes a file here and a word there, both are offered."""
    kinds: dict[str, tuple[str, tuple[str, ...]]] = {}
    for verb in verbs:
        for option in verb.options:
            for name in option.names:
                kind = (option.kind, option.choices)
                former = kinds.setdefault(name, kind)
                if former != kind:
                    assert {former[0], kind[0]} <= {FILES, CHOICES}, f"{name} means different things"
                    kinds[name] = (FILES, former[1] or kind[1])
    grouped: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for name, kind in sorted(kinds.items()):
        if kind[0] != NOTHING:
            grouped.setdefault(kind, []).append(name)
    return grouped


# bash

_BASH_SOURCES = {
    FUNCTIONS: '-W "$(lam __complete functions 2>/dev/null)"',
    FILES: "-f",
    EVENTS: '-f -W "$(lam __complete events 2>/dev/null)"',
    SAMPLES: '-W "$(lam __complete event "${COMP_WORDS[@]:2:COMP_CWORD-2}" 2>/dev/null)"',
    FREE: '-W ""',
    NOTHING: '-W ""',
}


def _bash(verbs: list[VerbWords], common: tuple[Option, ...]) -> str:
    grouped = _by_kind(verbs)
    valued = sorted(name for names in grouped.values() for name in names)
    lines = [
        f"# bash completion for lam; {_HEADER}",
        "",
        "_lam() {",
        "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}",
        '    local verb="" words=0 index',
        "    for ((index = 1; index < COMP_CWORD; index++)); do",
        "        case ${COMP_WORDS[index]} in",
        f"            {'|'.join(valued)}) ((index++)) ;;",
        "            -?*) ;;",
        "            *) if [[ -z $verb ]]; then verb=${COMP_WORDS[index]}; else ((words++)); fi ;;",
        "        esac",
        "    done",
        "    case $previous in",
    ]
    for (kind, choices), names in grouped.items():
        lines.append(f"        {'|'.join(names)}) _lam_offer {_bash_source(kind, choices)}; return ;;")
    lines += ["    esac", '    case "$verb:$current" in']
    lines.append(f'        :*) _lam_offer -W "{_all_words(verbs, common)}" ;;')
    for verb in verbs:
        lines.append(f'        {verb.name}:-*) _lam_offer -W "{_names(verb.options)}{_bash_more(verb)}" ;;')
    for verb in verbs:
        if verb.first != NOTHING:
            first = _bash_source(verb.first, verb.choices)
            if verb.later != NOTHING:
                later = _bash_source(verb.later, ())
                lines.append(
                    f"        {verb.name}:*) if ((words == 0)); then _lam_offer {first};"
                    f" else _lam_offer {later}; fi ;;"
                )
            else:
                lines.append(f"        {verb.name}:*) ((words == 0)) && _lam_offer {first} ;;")
    lines += [
        "    esac",
        "}",
        "",
        "_lam_offer() {",
        "    local IFS=$' \\t\\n' word",
        "    COMPREPLY=()",
        '    while IFS= read -r word; do COMPREPLY+=("$word"); done'
        ' < <(compgen "$@" -- "${COMP_WORDS[COMP_CWORD]}")',
        "}",
        "",
        "complete -o filenames -F _lam lam",
    ]
    return "\n".join(lines) + "\n"


def _bash_more(verb: VerbWords) -> str:
    """Options that depend on the words before."""
    if verb.later != SAMPLES:
        return ""
    return ' $(lam __complete event-options "${COMP_WORDS[@]:2:COMP_CWORD-2}" 2>/dev/null)'


def _bash_source(kind: str, choices: tuple[str, ...]) -> str:
    words = f'-W "{" ".join(choices)}"'
    if kind == FILES and choices:
        return f"{_BASH_SOURCES[FILES]} {words}"
    return words if kind == CHOICES else _BASH_SOURCES[kind]


def _names(options: tuple[Option, ...]) -> str:
    return " ".join(name for option in options for name in option.names if name.startswith("--"))


def _all_words(verbs: list[VerbWords], common: tuple[Option, ...]) -> str:
    return " ".join([*(verb.name for verb in verbs), _names(common)])


# zsh


def _zsh(verbs: list[VerbWords], common: tuple[Option, ...]) -> str:
    lines = [
        "#compdef lam",
        f"# zsh completion for lam; {_HEADER}",
        "",
        "_lam_functions() {",
        "    local -a names",
        '    names=(${(f)"$(lam __complete functions 2>/dev/null)"})',
        "    compadd -a names",
        "}",
        "",
        "_lam_events() {",
        "    local -a names",
        '    names=(${(f)"$(lam __complete events 2>/dev/null)"})',
        "    compadd -f -a names",
        "    _files",
        "}",
        "",
        "_lam_samples() {",
        "    local -a names",
        '    names=(${(f)"$(lam __complete event ${words[2,CURRENT-1]} 2>/dev/null)"})',
        "    compadd -a names",
        "}",
        "",
        "_lam() {",
        "    local state",
        "    local -a verbs",
        "    verbs=(",
        *(f"        {_quoted(f'{verb.name}:{verb.summary}')}" for verb in verbs),
        "    )",
        "    _arguments -C \\",
        *(f"        {spec} \\" for option in common for spec in _zsh_option(option)),
        "        '1:verb:->verb' \\",
        "        '*::word:->words' && return",
        "    case $state in",
        "        verb) _describe verb verbs ;;",
        "        words)",
        "            case $words[1] in",
    ]
    for verb in verbs:
        specs = [spec for option in verb.options for spec in _zsh_option(option)]
        if verb.first != NOTHING:
            specs.append(f"'1:{_zsh_label(verb.first)}:{_zsh_action(verb.first, verb.choices)}'")
        if verb.later != NOTHING:
            place = "*" if verb.later == SAMPLES else "2"
            specs.append(f"'{place}:{_zsh_label(verb.later)}:{_zsh_action(verb.later, ())}'")
        lines.append(f"                {verb.name})")
        lines.append("                    _arguments \\")
        lines += [f"                        {spec} \\" for spec in specs[:-1]]
        lines += [f"                        {specs[-1]}", "                    ;;"]
    lines += [
        "            esac",
        "            ;;",
        "    esac",
        "}",
        "",
        # Autoloaded from fpath the file is the function's body; sourced, it must register itself.
        'if [[ $funcstack[1] == _lam ]]; then _lam "$@"; else compdef _lam lam; fi',
    ]
    return "\n".join(lines) + "\n"


def _zsh_option(option: Option) -> list[str]:
    text = option.help.replace("[", "(").replace("]", ")").replace(":", "\\:")
    value = "" if option.kind == NOTHING else f":value:{_zsh_action(option.kind, option.choices)}"
    return [_quoted(f"{name}[{text}]{value}") for name in option.names]


def _zsh_action(kind: str, choices: tuple[str, ...]) -> str:
    return {
        FUNCTIONS: "_lam_functions",
        FILES: "_files",
        EVENTS: "_lam_events",
        SAMPLES: "_lam_samples",
        CHOICES: f"({' '.join(choices)})",
    }.get(kind, " ")


def _zsh_label(kind: str) -> str:
    return {FUNCTIONS: "function", FILES: "file", CHOICES: "word", SAMPLES: "event"}[kind]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


# fish


def _fish(verbs: list[VerbWords], common: tuple[Option, ...]) -> str:
    names = " ".join(verb.name for verb in verbs)
    lines = [
        f"# fish completion for lam; {_HEADER}",
        "",
        "function __lam_functions",
        "    lam __complete functions 2>/dev/null",
        "end",
        "",
        "function __lam_events",
        "    lam __complete events 2>/dev/null",
        "end",
        "",
        "function __lam_samples",
        "    lam __complete event (commandline -opc)[3..-1] 2>/dev/null",
        "end",
        "",
        "complete -c lam -f",
    ]
    before = f"'not __fish_seen_subcommand_from {names}'"
    lines += [f"complete -c lam -n {before} {_fish_option(option)}" for option in common]
    for verb in verbs:
        lines.append(f"complete -c lam -n {before} -a {verb.name} -d {_fish_quoted(verb.summary)}")
    for verb in verbs:
        seen = f"'__fish_seen_subcommand_from {verb.name}'"
        lines.append("")
        lines += [f"complete -c lam -n {seen} {_fish_option(option)}" for option in verb.options]
        for kind in dict.fromkeys((verb.first, verb.later)):
            if kind != NOTHING:
                lines.append(f"complete -c lam -n {seen} {_fish_source(kind, verb.choices)}")
    return "\n".join(lines) + "\n"


def _fish_option(option: Option) -> str:
    parts = [f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names]
    if option.kind != NOTHING:
        parts.append("-r")
        parts += [_fish_source(option.kind, option.choices)] if option.kind != FREE else []
    return " ".join([*parts, "-d", _fish_quoted(option.help)])


def _fish_source(kind: str, choices: tuple[str, ...]) -> str:
    if kind == FILES:
        return "-F"
    if kind == EVENTS:
        return "-F -a '(__lam_events)'"
    asked = {FUNCTIONS: "(__lam_functions)", SAMPLES: "(__lam_samples)"}
    words = asked.get(kind) or " ".join(choices)
    return f"-a '{words}'"


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def main(folder: Path) -> None:
    for name, text in scripts().items():
        (folder / name).write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
