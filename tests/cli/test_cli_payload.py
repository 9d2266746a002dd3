"""Every way to hand in an event, and the OUTFILE's rules."""

from __future__ import annotations

import base64
import io
import os
import sys
from pathlib import Path

import pytest

from lambdacli.cli.errors import CommandError, WrongUsage
from lambdacli.cli.payload import read_client_context, read_payload

JSON = b'{"a": "\xc3\xa4"}'
ENCODED = base64.b64encode(JSON)


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "raw").write_bytes(JSON)
    (tmp_path / "encoded").write_bytes(ENCODED + b"\n")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("payload", "event", "is_base64", "sent"),
    [
        (None, None, False, b""),
        ("", None, False, b""),
        (JSON.decode(), None, False, JSON),
        (ENCODED.decode(), None, True, JSON),
        ("file://raw", None, False, JSON),
        ("file://encoded", None, True, JSON),
        ("fileb://raw", None, False, JSON),
        ("fileb://raw", None, True, JSON),
        ("@raw", None, False, JSON),
        ("@raw", None, True, JSON),
        (None, "raw", False, JSON),
        (None, "raw", True, JSON),
    ],
)
def test_a_payload_comes_from_one_source(sources, payload, event, is_base64, sent):
    assert read_payload(payload, event, is_base64=is_base64) == sent


@pytest.mark.parametrize(
    ("payload", "event", "is_base64", "given", "sent"),
    [
        ("-", None, False, JSON, JSON),
        ("-", None, True, ENCODED, JSON),
        (None, "-", True, JSON, JSON),
    ],
)
def test_a_dash_reads_stdin(monkeypatch, payload, event, is_base64, given, sent):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
    assert read_payload(payload, event, is_base64=is_base64) == sent


@pytest.mark.parametrize("payload", [None, "{}", "-"])
@pytest.mark.parametrize("piped", [b"", JSON])
def test_what_is_piped_and_not_read_is_noted(monkeypatch, capsys, payload, piped):
    read_fd, write_fd = os.pipe()
    os.write(write_fd, piped)
    os.close(write_fd)
    with open(read_fd) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        sent = read_payload(payload, None, is_base64=False)
    assert sent == {None: b"", "{}": b"{}", "-": piped}[payload]
    noted = "note: stdin is not read; `--payload -` sends it as the event\n"
    assert capsys.readouterr().err == (noted if piped and payload is None else "")


@pytest.mark.parametrize(
    ("payload", "event", "error", "text"),
    [
        ("{}", "raw", WrongUsage, "--payload and --event exclude each other"),
        ("@missing", None, CommandError, "--payload: cannot read missing: No such file or directory"),
        (None, "missing", CommandError, "--event: cannot read missing: No such file or directory"),
    ],
)
def test_a_source_that_fails_says_why(sources, payload, event, error, text):
    with pytest.raises(error) as raised:
        read_payload(payload, event, is_base64=False)
    assert str(raised.value) == text


def test_raw_json_in_base64_format_names_the_flag():
    with pytest.raises(CommandError) as raised:
        read_payload("{}", None, is_base64=True)
    assert raised.value.hints == ("plain JSON needs --cli-binary-format raw-in-base64-out",)


@pytest.mark.parametrize(
    ("given", "sent"), [(None, None), ("eyJhIjoxfQ==", "eyJhIjoxfQ=="), ('{"a":1}', "eyJhIjoxfQ==")]
)
def test_a_client_context_is_base64_in_the_end(given, sent):
    assert read_client_context(given) == sent
