"""Networks of environments' own: what is published inside, how the way out is asked for, when it is there."""

from __future__ import annotations

import socket
import struct
from pathlib import Path

import pytest

from lambdacli.environments.sandbox.outbound import Program, arguments, is_default_route, resolver_file
from lambdacli.environments.sandbox.own_network import MOST_DOORS, published


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("http://127.0.0.1:4566", {("127.0.0.1", 4566): ("127.0.0.1", 4566)}),
        ("http://localhost:9324/path", {("127.0.0.1", 9324): ("localhost", 9324)}),
        ("http://sqs.localhost:9324", {("127.0.0.1", 9324): ("sqs.localhost", 9324)}),
        ("http://127.0.0.9", {("127.0.0.9", 80): ("127.0.0.9", 80)}),
        ("https://[::1]", {("::1", 443): ("::1", 443)}),
        ("http://10.0.0.5:8000", {}),
        ("https://sqs.us-east-1.amazonaws.com", {}),
        ("http://127.0.0.1:9001", {}),  # there is the Runtime API
    ],
)
def test_services_on_loopback_are_found_where_they_are(url: str, found: object) -> None:
    assert published({"AWS_ENDPOINT_URL_SQS": url}) == found


def test_services_that_share_an_address_share_a_door() -> None:
    urls = {str(number): "http://127.0.0.1:4566" for number in range(3)}
    assert len(published(urls)) == 1
    many = {str(number): f"http://127.0.0.1:{5000 + number}" for number in range(99)}
    assert len(published(many)) == MOST_DOORS


@pytest.mark.parametrize("is_root", [True, False])
def test_pasta_carries_no_port_of_this_machine_inside(is_root: bool) -> None:
    words = arguments(Program("pasta", "/bin/pasta"), is_root=is_root)
    for option in ("--tcp-ports", "--udp-ports", "--tcp-ns", "--udp-ns"):
        assert words[words.index(option) + 1] == "none"
    assert "--no-map-gw" in words
    assert ("--runas" in words) is is_root


def test_slirp4netns_leads_to_no_loopback() -> None:
    words = arguments(Program("slirp4netns", "/bin/slirp4netns"), is_root=False)
    assert "--disable-host-loopback" in words
    assert "--cidr=203.0.113.0/24" in words


def test_names_are_asked_of_the_way_out(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("# by hand\nnameserver 127.0.0.53\noptions edns0\nsearch example.org\n\n")
    assert resolver_file(file) == "nameserver 203.0.113.3\noptions edns0\nsearch example.org\n"
    assert resolver_file(tmp_path / "none") == "nameserver 203.0.113.3\n"


def message(kind: int, family: int, bits: int, more: bytes = b"\0" * 10) -> bytes:
    body = struct.pack("BB", family, bits) + more
    return struct.pack("IHHII", 16 + len(body), kind, 0, 0, 0) + body


NEW, GONE = 24, 25


@pytest.mark.parametrize(
    ("data", "is_there"),
    [
        (message(NEW, socket.AF_INET, 0), True),
        (message(NEW, socket.AF_INET, 24) + message(NEW, socket.AF_INET, 0), True),
        (message(NEW, socket.AF_INET, 24), False),
        (message(NEW, socket.AF_INET6, 0), False),
        (message(GONE, socket.AF_INET, 0), False),
        (message(NEW, socket.AF_INET, 8, b"\0" * 9) + b"\0" + message(NEW, socket.AF_INET, 0), True),
        (struct.pack("IHHII", 0, NEW, 0, 0, 0) + b"\x02\x20", False),
        (b"", False),
    ],
)
def test_a_default_route_is_seen_among_the_kernels_messages(data: bytes, is_there: bool) -> None:
    assert is_default_route(data) is is_there
