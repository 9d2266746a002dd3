"""The file with the access keys that `auth` knows: a secret for each, and who it is."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from yaml import MappingNode, Node

from lambdacli.model.principals import Caller, caller_from_arn, is_account, is_principal_arn
from lambdacli.model.record import record
from lambdacli.project.yaml_nodes import YamlError, entries, found, is_nothing, parse_yaml, scalar_text

_ACCESS_KEY_PATTERN = r"[A-Za-z0-9_]{3,128}"
_MEMBERS = ("secret", "session_token", "account", "arn")

EXAMPLE = """AKIAIOSFODNN7EXAMPLE:
  secret: a secret of your own
  arn: arn:aws:iam::000000000000:user/dev"""


@record
class AccessKey:
    secret: str
    caller: Caller
    session_token: str | None = None


class KeysError(Exception):
    """A file of keys that cannot be used; one line per problem."""


def default_keys_file(environment: Mapping[str, str]) -> Path:
    config = environment.get("XDG_CONFIG_HOME") or Path(environment.get("HOME", "~")).expanduser() / ".config"
    return Path(config) / "lam" / "keys.yaml"


def load_keys(file: Path) -> Mapping[str, AccessKey]:
    """By access key id. Raises KeysError with all problems; no secret stands in them."""
    try:
        root = parse_yaml(file.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise KeysError(
            f"{file} does not exist; it holds the access keys, for example:\n\n{EXAMPLE}"
        ) from None
    except UnicodeDecodeError:
        raise KeysError(f"{file} is not UTF-8") from None
    except OSError as error:
        raise KeysError(f"{file} cannot be read: {error.strerror}") from None
    except YamlError as error:
        raise KeysError(f"{file}:{error.line}:{error.column}: {error.message}") from None
    problems: list[str] = []

    def complain(node: Node, path: str, message: str, hint: str) -> None:
        mark = node.start_mark
        more = f"; {hint}" if hint else ""
        place = f"{file}:{mark.line + 1}:{mark.column + 1}: {path.removeprefix('.')}".rstrip(": ")
        problems.append(f"{place}: {message}{more}")

    keys: dict[str, AccessKey] = {}
    if root is not None and not isinstance(root, MappingNode) and not is_nothing(root):
        complain(root, "", f"must be a mapping of access keys, not {found(root)}", "")
    for name, node, value in [] if root is None else entries(root, complain):
        members = {member: scalar_text(entry) for member, _, entry in entries(value, complain)}
        fault = _fault(name, value, members)
        if fault is not None:
            complain(node, name, *fault)
        else:
            keys[name] = _access_key(members)
    if problems:
        raise KeysError("\n".join(problems))
    return keys


def _fault(name: str, value: Node, members: Mapping[str, str | None]) -> tuple[str, str] | None:
    if re.fullmatch(_ACCESS_KEY_PATTERN, name) is None:
        return "an access key id has 3 to 128 letters, digits and underscores", ""
    if not isinstance(value, MappingNode):
        return "must be a mapping", f"with {', '.join(_MEMBERS)}"
    unknown = [member for member in members if member not in _MEMBERS]
    if unknown:
        return f"{unknown[0]} is an unknown key", f"known are {', '.join(_MEMBERS)}"
    if not members.get("secret"):
        return "has no secret", ""
    arn, account = members.get("arn"), members.get("account")
    if arn is None and account is None:
        return "says neither account nor arn", "whose key is it?"
    if arn is not None and not is_principal_arn(arn):
        return "arn must be that of a user, a role or a session", ""
    if account is not None and not is_account(account):
        return "account must have 12 digits", ""
    if arn is not None and account is not None and arn.split(":")[4] != account:
        return "account and arn name different accounts", "leave out account"
    return None


def _access_key(members: Mapping[str, str | None]) -> AccessKey:
    """A key of which only the account is told is its root user's."""
    arn = members.get("arn") or f"arn:aws:iam::{members['account']}:root"
    return AccessKey(members["secret"] or "", caller_from_arn(arn), members.get("session_token") or None)


class KeysFile:
    """Read again when it changed; what cannot be read leaves the last good keys."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problem: str | None = None
        self._stamp: object = None
        self._keys: Mapping[str, AccessKey] = {}

    def get(self, access_key: str) -> AccessKey | None:
        self.refresh()
        return self._keys.get(access_key)

    def refresh(self) -> None:
        stamp = _stamp_of(self.path)
        if stamp == self._stamp and stamp is not None:
            return
        self._stamp = stamp
        try:
            self._keys, self.problem = load_keys(self.path), None
        except KeysError as error:
            self.problem = str(error)


def _stamp_of(path: Path) -> object:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return (status.st_mtime_ns, status.st_size, status.st_ino)
