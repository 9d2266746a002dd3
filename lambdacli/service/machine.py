"""What the service takes of the machine: its event loop, its memory, and its share of descriptors."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import resource
import sys

DESCRIPTORS_WANTED = 65_536


def new_event_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:  # not built for this platform
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def give_back_memory() -> None:
    """What the start needed for a while: the C library keeps it otherwise."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)


def raise_descriptor_limit() -> None:
    """Each environment takes about six descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS_WANTED if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS_WANTED)
    if soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
