"""The kernel's word on who is at the other end, asked over real sockets."""

from __future__ import annotations

import os
import socket
import sys

import pytest

from lambdacli.wire import peers
from lambdacli.wire.peers import NOBODY, owner_of

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux can be asked"),
]


class Pair:
    """A listener, a client connected to it, and the server's end of that connection."""

    def __init__(self, listen_at, connect_to, family):
        is_v4 = ":" not in listen_at
        self.listener = socket.socket(socket.AF_INET if is_v4 else socket.AF_INET6)
        if not is_v4:
            self.listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.listener.bind((listen_at, 0))
        self.listener.listen()
        self.client = socket.socket(family)
        self.client.connect((connect_to, self.listener.getsockname()[1]))
        self.served, _ = self.listener.accept()

    def addresses(self):
        return self.served.getsockname()[:2], self.served.getpeername()[:2]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for sock in (self.client, self.served, self.listener):
            sock.close()


@pytest.mark.parametrize(
    ("listen_at", "connect_to", "family"),
    [
        ("127.0.0.1", "127.0.0.1", socket.AF_INET),
        ("127.0.0.1", "::ffff:127.0.0.1", socket.AF_INET6),
        ("::1", "::1", socket.AF_INET6),
        ("::", "127.0.0.1", socket.AF_INET),
        ("::", "::ffff:127.0.0.1", socket.AF_INET6),
    ],
)
def test_client_is_ours_until_it_closes(listen_at, connect_to, family):
    try:
        pair = Pair(listen_at, connect_to, family)
    except OSError as error:
        pytest.skip(f"this machine has no {listen_at}: {error}")
    with pair:
        assert owner_of(*pair.addresses()) == os.getuid()
        pair.client.shutdown(socket.SHUT_WR)
        assert owner_of(*pair.addresses()) == os.getuid()
        addresses = pair.addresses()
        pair.client.close()
        assert owner_of(*addresses) == NOBODY


def test_listener_on_the_clients_port_is_not_taken_for_the_client():
    with Pair("127.0.0.1", "127.0.0.1", socket.AF_INET) as pair:
        listener_address = pair.listener.getsockname()
        assert owner_of(("127.0.0.1", 1), listener_address) == NOBODY


@pytest.mark.parametrize(
    ("local", "remote"),
    [
        (("127.0.0.1", 4566), ("::1", 50000)),
        (("not an address", 4566), ("127.0.0.1", 50000)),
    ],
)
def test_what_is_no_connection_is_unknown(local, remote):
    assert owner_of(local, remote) is None


@pytest.fixture
def first_question(monkeypatch):
    """As if nobody had asked before: the answer to whether there is netlink is kept for a process."""
    if (kept := peers._netlink()) is not None:
        kept.close()
    peers._netlink.cache_clear()
    yield
    peers._netlink.cache_clear()


def test_without_netlink_the_owner_is_unknown(first_question, monkeypatch):
    monkeypatch.setattr(peers, "_NETLINK_SOCK_DIAG", 31)  # no such netlink family
    assert owner_of(("127.0.0.1", 4566), ("127.0.0.1", 50000)) is None


def test_other_platforms_are_not_asked(first_question, monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert owner_of(("127.0.0.1", 4566), ("127.0.0.1", 50000)) is None


def test_a_question_that_fails_is_an_error_and_not_an_unknown_owner(monkeypatch):
    def fail(netlink, question):
        raise OSError("no buffers")

    monkeypatch.setattr(peers, "_ask_kernel", fail)
    with pytest.raises(OSError, match="no buffers"):
        owner_of(("127.0.0.1", 4566), ("127.0.0.1", 50000))
