"""Which user is at the other end of a local connection, as the kernel knows it."""

from __future__ import annotations

import errno
import ipaddress
import socket
import struct
import sys
from functools import cache

NOBODY = -1
"""The client's end is closed already. The kernel keeps no owner of such a socket (it says root), so whoever
sent something and left at once must not be taken for anyone."""

# linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h
_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_NLM_F_REQUEST = 1
_NLMSG_ERROR = 2
_ALL_STATES = 0xFFFFFFFF
_NO_COOKIE = b"\xff" * 8
_MESSAGE_HEADER = struct.Struct("=IHHII")
_REQUEST = struct.Struct("=BBBBI")
_SOCKET_ID = struct.Struct("!HH16s16s")
"""Source and destination as the socket that is looked for sees them; interface and cookie follow."""
_PORTS_SIZE = 4
_ANSWER = struct.Struct("=BBBB 48s IIIII")
_ERROR = struct.Struct("=i")


def owner_of(local: tuple[str, int], remote: tuple[str, int]) -> int | None:
    """The uid that owns the client's end of a loopback TCP connection, given the server's view of it.

    NOBODY when the client has closed its end; None where the kernel cannot be asked at all (macOS, no
    netlink). A single question that fails is no such case: it is an OSError."""
    netlink = _netlink()
    if netlink is None:
        return None
    try:
        client, server = _address(remote[0]), _address(local[0])
    except ValueError:
        return None
    if len(client) != len(server):
        return None
    family = socket.AF_INET if len(client) == 4 else socket.AF_INET6
    # The socket looked for is the client's, so that its source is our remote end.
    wanted = _SOCKET_ID.pack(remote[1], local[1], client, server)
    question = _REQUEST.pack(family, socket.IPPROTO_TCP, 0, 0, _ALL_STATES) + wanted + bytes(4) + _NO_COOKIE
    return _owner_in(_ask_kernel(netlink, question), wanted)


def unix_peer_uid(sock: socket.socket) -> int | None:
    """The uid that connected a unix socket; None where the kernel does not tell in this way."""
    if sys.platform != "linux":
        return None
    credentials = struct.Struct("=iII")
    try:
        _, uid, _ = credentials.unpack(
            sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, credentials.size)
        )
    except OSError:
        return None
    return int(uid)


def _address(text: str) -> bytes:
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.packed
    return address.packed


@cache
def _netlink() -> socket.socket | None:
    """One for the process, opened at the first question: later there may be no descriptor left, and somebody
    who made it so must not get in by it."""
    if sys.platform != "linux":
        return None
    try:
        return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG)
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise
        return None


def _ask_kernel(netlink: socket.socket, question: bytes) -> bytes:
    header = _MESSAGE_HEADER.pack(
        _MESSAGE_HEADER.size + len(question), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 0, 0
    )
    netlink.sendto(header + question, (0, 0))
    # The kernel answers within the send: there is nothing to wait for.
    return netlink.recv(4096, socket.MSG_DONTWAIT)


def _owner_in(answer: bytes, wanted: bytes) -> int | None:
    _, kind, _, _, _ = _MESSAGE_HEADER.unpack_from(answer)
    body = _MESSAGE_HEADER.size
    if kind == _NLMSG_ERROR:
        (code,) = _ERROR.unpack_from(answer, body)
        return NOBODY if code == -errno.ENOENT else None
    if kind != _SOCK_DIAG_BY_FAMILY:
        return None
    _, _, _, _, found, _, _, _, uid, inode = _ANSWER.unpack_from(answer, body)
    # Where no connection matches, the kernel falls back to a listener on the client's port, whose other port
    # is 0. The addresses were matched; they may come back in the IPv6 form of what was asked in IPv4.
    is_the_connection = found[:_PORTS_SIZE] == wanted[:_PORTS_SIZE]
    # A socket without an inode belongs to no process any more.
    return int(uid) if is_the_connection and inode else NOBODY
