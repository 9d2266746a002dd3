"""What a person says about a template beside it: parameters, variables, and which part of samconfig.toml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path

from lambdacli.model.record import record

DEFAULT_CONFIG_ENVIRONMENT = "default"


class OverrideError(ValueError):
    """A text that overrides no parameter."""


@record
class TemplateOptions:
    parameters: Mapping[str, str] = field(default_factory=dict)
    env_vars: Path | None = None
    """A JSON file in one of SAM's two forms."""
    config_environment: str = DEFAULT_CONFIG_ENVIRONMENT
    """The table of samconfig.toml that counts."""
    stage: str | None = None
    """Of a serverless.yml; None: its own, or that of the environment."""

    def arguments(self) -> list[str]:
        """For the command line of the service."""
        arguments = [
            word
            for name, value in self.parameters.items()
            for word in ("--parameter-override", f"{name}={value}")
        ]
        if self.env_vars is not None:
            arguments += ["--env-vars", str(self.env_vars)]
        if self.config_environment != DEFAULT_CONFIG_ENVIRONMENT:
            arguments += ["--config-env", self.config_environment]
        if self.stage is not None:
            arguments += ["--stage", self.stage]
        return arguments

    def document(self) -> dict[str, object]:
        """For the service's own API."""
        return {
            "parameters": dict(self.parameters),
            "env_vars": None if self.env_vars is None else str(self.env_vars),
            "config_environment": self.config_environment,
            "stage": self.stage,
        }

    def changed_by(self, other: TemplateOptions) -> TemplateOptions:
        """What the other says counts; what it leaves open stays."""
        return replace(
            self,
            parameters={**self.parameters, **other.parameters},
            env_vars=other.env_vars or self.env_vars,
            config_environment=self.config_environment
            if other.config_environment == DEFAULT_CONFIG_ENVIRONMENT
            else other.config_environment,
            stage=other.stage or self.stage,
        )


STAGE_VARIABLE = "LAM_STAGE"

NO_OPTIONS = TemplateOptions()


def options_of(document: Mapping[str, object]) -> TemplateOptions:
    """Raises ValueError for what is no document of ours."""
    parameters, env_vars = document.get("parameters", {}), document.get("env_vars")
    environment = document.get("config_environment", DEFAULT_CONFIG_ENVIRONMENT)
    stage = document.get("stage")
    if not isinstance(parameters, Mapping) or not isinstance(env_vars, str | None):
        raise ValueError("parameters must be an object, and env_vars a text")
    if not isinstance(stage, str | None):
        raise ValueError("stage must be a text")
    texts = {str(name): str(value) for name, value in parameters.items()}
    return TemplateOptions(texts, None if env_vars is None else Path(env_vars), str(environment), stage)


def parse_overrides(texts: Sequence[str]) -> dict[str, str]:
    """`Key=Value` with blanks between, or `ParameterKey=Key,ParameterValue=Value`; quotes keep blanks
    together. Raises OverrideError."""
    found: dict[str, str] = {}
    for text in texts:
        for word in _words(text):
            name, value = _pair(word)
            found[name] = value
    return found


def _words(text: str) -> list[str]:
    """As a shell would take it apart, except that nothing but blanks and quotes means something."""
    words: list[str] = []
    word, quote, is_escaped, has_begun = "", "", False, False
    for letter in text:
        if is_escaped:
            word, is_escaped = word + letter, False
        elif letter == "\\" and quote != "'":
            is_escaped = True
        elif quote:
            word, quote = (word, "") if letter == quote else (word + letter, quote)
        elif letter in "\"'":
            quote, has_begun = letter, True
        elif letter.isspace():
            words += [word] if word or has_begun else []
            word, has_begun = "", False
        else:
            word, has_begun = word + letter, True
    if quote:
        raise OverrideError(f"the quotes of {text!r} are not closed")
    return [*words, word] if word or has_begun else words


def _pair(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if name == "ParameterKey" and ",ParameterValue=" in value:
        name, _, value = value.partition(",ParameterValue=")
    if not equals or not name:
        raise OverrideError(f"{word!r} overrides no parameter; write it as Name=value")
    return name, value
