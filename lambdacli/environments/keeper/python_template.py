"""A Python interpreter that loads ahead what a function's environments need, and is forked for each of them.

The Python runtime loads this where functions find nothing (see `load_template` of its bootstrap). Standard
library only, Python 3.8 syntax: it runs on users' interpreters."""

from __future__ import annotations

import gc
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Sequence
from types import CodeType
from typing import Any

from .loop import Loop
from .wire import STANDBY_FD, tell


class Template:
    def __init__(
        self, service_fd: int, *, is_walled: bool, is_of_others: Callable[[str, str | None], bool]
    ) -> None:
        """The last one tells whether a module of this name, found at this place, is not of the function."""
        self._service = socket.socket(fileno=service_fd)
        self._is_walled = is_walled
        self._is_of_others = is_of_others
        self._go = -1

    def become_environment(self) -> None:
        """Loads modules ahead and forks one environment after the other. Returns in each of them, with that
        one's variables; never here."""
        tell(self._service, {"event": "built"})
        ahead = LoadedAhead(self._is_of_others)
        plan = Loop(self._service, is_walled=self._is_walled, preload=ahead.load).run()
        coerced = os.environ.get("LC_CTYPE")
        os.environ.clear()
        os.environ.update(plan["variables"])
        if coerced is not None:
            os.environ.setdefault(
                "LC_CTYPE", coerced
            )  # by Python itself, where the locale asked for is missing
        os.environ.pop("_LAMBDA_TELEMETRY_LOG_FD", None)
        settle()
        self._go = plan["go"]

    def wait_for_start(self) -> None:
        """In an environment that has done all it can do ahead."""
        if not os.read(self._go, 1):
            os._exit(0)  # nobody needs it any more
        os.close(self._go)

    def tell_what_was_loaded(self) -> None:
        """For this function's next environments: the modules in the order they were begun, which is an order
        they can be loaded in; the function's own files; the services it has made clients for."""
        clients = ["client/" + service for service in services_described()]
        told = {"preload": [*modules_loaded(self._is_of_others), *clients]}
        try:
            with socket.socket(fileno=STANDBY_FD) as standby:
                standby.sendall(json.dumps(told).encode() + b"\n")
        except OSError:
            pass  # only the next cold starts are slower for it


def settle() -> None:
    """In a new environment: what must not be the same in all of them."""
    time.tzset()
    random = sys.modules.get("numpy.random")
    if random is not None:
        random.seed()


# What the first environment has loaded


def modules_loaded(is_of_others: Callable[[str, str | None], bool]) -> list[str]:
    """Of the function's own only the files: their code is compiled ahead, and run in each environment."""
    names = []
    files = []
    for name, module in list(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        if name == "__main__" or spec is None:
            continue
        if is_of_others(name, spec.origin):
            names.append(name)
        elif spec.has_location and spec.origin.endswith(".py"):
            files.append("code" + spec.origin)
    return names + files


def services_described() -> list[str]:
    """The AWS services whose descriptions botocore has read."""
    if "botocore.loaders" not in sys.modules:
        return []
    loader_class = sys.modules["botocore.loaders"].Loader
    caches = [entry._cache for entry in gc.get_objects() if type(entry) is loader_class]
    return sorted({key[1] for cache in caches for key in cache if key[0] == "load_service_model"})


# What a template loads


class LoadedAhead:
    """What a template holds ready: modules, compiled files of the function, what an SDK client is made of."""

    def __init__(self, is_of_others: Callable[[str, str | None], bool]) -> None:
        self._is_of_others = is_of_others
        self._codes: dict[str, tuple[object, CodeType]] = {}

    def load(self, names: Sequence[str]) -> str | None:
        """The first of them that does more than being loaded, or None: the template is of no use then."""
        for name in names:
            try:
                self._load_one(name)
            except BaseException:
                # Whoever needs it finds out what it lacks.
                sys.modules.pop(name, None)
            if has_said_something() or has_threads() or has_children():
                return name
        # The import system remembers what lies in the folders of the search path; that it remembers.
        find_spec("_lam_is_not_there")
        gc.collect()
        gc.freeze()
        return None

    def _load_one(self, name: str) -> None:
        kind, is_other, rest = name.partition("/")
        if not is_other:
            self._load_module(name)
        elif kind == "code":
            self._compile("/" + rest)
        else:
            make_client(rest)

    def _load_module(self, name: str) -> None:
        if name not in sys.modules and self._may_load(name):
            __import__(name)

    def _may_load(self, name: str) -> bool:
        """Found where it was found before, and not among the function's own files."""
        try:
            spec = find_spec(name)
        except BaseException:
            return False
        return spec is not None and self._is_of_others(name, spec.origin)

    def _compile(self, path: str) -> None:
        """Of the function's own files only this is done ahead: they are run in each environment."""
        loader_class: Any = sys.modules["_frozen_importlib_external"].SourceFileLoader
        if not self._codes:
            loader_class.get_code = with_codes(loader_class.get_code, self._codes)
        with open(path, "rb") as file:
            known = stamp(os.fstat(file.fileno()))
            self._codes[path] = known, loader_class("", path).source_to_code(file.read(), path)


def find_spec(name: str) -> Any:
    import importlib.util  # only now: a function's first cold start waits until there is a template

    return importlib.util.find_spec(name)


def stamp(stats: os.stat_result) -> tuple[int, int, int]:
    return stats.st_mtime_ns, stats.st_size, stats.st_ino


def with_codes(get_code: Any, codes: dict[str, tuple[object, CodeType]]) -> Callable[[Any, str], CodeType]:
    def get_known_code(loader: Any, name: str) -> CodeType:
        known = codes.get(loader.path)
        if known is not None and stamp(os.stat(loader.path)) == known[0]:
            return known[1]
        return get_code(loader, name)  # type: ignore[no-any-return]

    # Of a failed import Python shows no steps that are the import system's, which it tells by their file.
    place = get_code.__code__.co_filename
    get_known_code.__code__ = get_known_code.__code__.replace(co_filename=place)
    return get_known_code


def make_client(service: str) -> None:
    """Reading the descriptions of a service takes far longer than making a client of them: one client is made
    here, and what its session has found out is known to every session to come."""
    import functools

    import botocore.hooks
    import botocore.loaders
    import botocore.session

    # Each session registers some hundred handlers, and looks at their signatures and their events' names.
    hooks: Any = botocore.hooks
    if hasattr(hooks, "accepts_kwargs") and not hasattr(hooks.accepts_kwargs, "cache_info"):
        hooks.accepts_kwargs = functools.lru_cache(maxsize=None)(hooks.accepts_kwargs)
    session: Any = botocore.session.Session()
    session.create_client(
        service, region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
    )
    loader, events = session.get_component("data_loader"), session.get_component("event_emitter")
    share(botocore.loaders.Loader, "_cache", lambda each: tuple(each.search_paths), loader)
    share(botocore.hooks.EventAliaser, "_alias_name_cache", lambda each: id(each._event_aliases), events)


def share(kind: Any, cache: str, group_of: Callable[[Any], object], known: Any) -> None:
    """What one object of this kind has cached is in the cache of every later one of its group. Some versions
    of botocore have no such cache."""
    if not hasattr(known, cache):
        return
    initialise = getattr(kind.__init__, "plain", kind.__init__)
    caches = getattr(kind.__init__, "caches", {})
    caches.setdefault(group_of(known), {}).update(getattr(known, cache))

    def with_cache(each: Any, *arguments: Any, **named: Any) -> None:
        initialise(each, *arguments, **named)
        getattr(each, cache).update(caches.get(group_of(each), ()))

    with_cache.plain, with_cache.caches = initialise, caches  # type: ignore[attr-defined]
    kind.__init__ = with_cache


# What speaks against a fork


def has_said_something() -> bool:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    return os.fstat(1).st_size > 0


def has_threads() -> bool:
    """Some libraries keep threads that they end before a fork, and begin again when they need them."""
    if len(os.listdir("/proc/self/task")) == 1:
        return False
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return len(os.listdir("/proc/self/task")) > 1


def has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True
