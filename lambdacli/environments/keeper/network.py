"""A network of an environment's own, as seen from inside: a loopback, and listeners on it which the service
serves from outside.

Standard library only, Python 3.8 syntax: it also runs on users' interpreters."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from typing import Any

SIOCGIFFLAGS, SIOCSIFFLAGS = 0x8913, 0x8914
IFF_UP = 1
RTMGRP_IPV4_ROUTE = 0x40
BACKLOG = 1024

_libc = ctypes.CDLL(None, use_errno=True)


def open_network(room: dict[str, Any]) -> list[int]:
    """For root of a network namespace that has just begun. Returns what the service needs of it: a listener
    for each address of the room, sockets that connect inside wherever they are used, word of new routes, and
    the two namespaces that a way out has to enter."""
    _bring_up_loopback()
    descriptors = [_listener(host, port) for host, port in room["listen"]]
    descriptors += [_unconnected() for _ in range(room["dials"])]
    routes = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    routes.bind((0, RTMGRP_IPV4_ROUTE))
    descriptors.append(routes.detach())
    for name in ("net", "user"):
        descriptors.append(os.open("/proc/self/ns/" + name, os.O_RDONLY | os.O_CLOEXEC))
    return descriptors


def enter(namespace: int) -> None:
    """For a process with one thread: a user namespace that was made by this user, who is root there."""
    if _libc.setns(namespace, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _bring_up_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def _unconnected() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as dial:
        return dial.detach()


def _listener(host: str, port: int) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
        return listener.detach()
