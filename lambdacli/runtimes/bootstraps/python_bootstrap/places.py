"""Where the folders of an environment lie, what Lambda calls them, and what is imported from them."""

import os
import sys
import time


def settled_path_stats(path_stats):
    """Compiled modules are told apart by size and full seconds of their source: of two saves in one second the
    second would not count. So of a source that young none is kept or used; the OSError tells the import so."""

    def settled(loader, path):
        stats = path_stats(loader, path)
        if stats["mtime"] > time.time() - 2:
            raise OSError("changed a moment ago")
        return stats

    return settled


def elsewhere(cache_from_source, folders, ours, bytecode):
    """Compiled modules of these folders are kept in another one; all others stay beside their sources, where those
    that are installed have theirs already. Our own folder may lie inside the function's."""

    def place_of(path, *arguments, **named):
        beside = cache_from_source(path, *arguments, **named)
        if not path.startswith(folders) or path.startswith(ours):
            return beside
        return bytecode + os.path.abspath(beside)

    return place_of


def installed_names(record):
    """The names at the top of what an installer wrote."""
    try:
        with open(record, encoding="utf-8") as lines:
            tops = {line.split(",")[0].split("/")[0] for line in lines}
    except (OSError, ValueError):
        return set()
    return {
        top[:-3] if top.endswith(".py") else top.partition(".")[0] if ".so" in top else top for top in tops
    }


class Places:
    """The folders of this environment, and how Lambda calls them."""

    def __init__(self, document):
        self._search_path = document["search_path"]
        self._task_root, self._opt_root = document["task_root"], document["opt_root"]
        self._runtime_root = document["runtime_root"]
        # Read-only where there are walls: modules are then compiled at each start, unless their folder holds them.
        self._bytecode = document["bytecode"] if os.access(self._runtime_root, os.W_OK) else None
        # The longest first: the state folder, and with it the runtime's, may lie inside the function's.
        names = [
            (document["task_root"], "/var/task"),
            (document["opt_root"], "/opt"),
            (document["runtime_root"], "/var/runtime"),
            (sys.base_prefix, "/var/lang"),
        ]
        self._names = sorted(names, key=lambda entry: len(entry[0]), reverse=True)
        self._packages = None
        self.standard = []

    def set_search_path(self):
        """The function's folders first, then the runtime's, then the standard library. What the developer has
        installed into this interpreter is left out."""
        others = [
            entry
            for entry in sys.path
            if not entry.endswith(("site-packages", "dist-packages")) and entry != self._runtime_root
        ]
        own_path = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        given = [entry for entry in own_path if entry and entry != self._runtime_root]
        self.standard = [entry for entry in others if entry not in given]
        if given:
            # A PYTHONPATH of the function's own replaces the layers' folders, as it does on Lambda.
            first = [self._search_path[0], *given]
        else:
            first = [entry for entry in self._search_path if os.path.isdir(entry)]
        sys.path[:] = first + [self._runtime_root] + self.standard
        for entry in first:
            if entry != self._search_path[0] or any(name.endswith(".pth") for name in os.listdir(entry)):
                self._read_path_files(entry)
        external = sys.modules["_frozen_importlib_external"]
        if self._bytecode is not None:
            # /var/task and /opt are read-only on Lambda: compiled modules must not land there.
            own, ours = (self._task_root + os.sep, self._opt_root + os.sep), self._runtime_root + os.sep
            external.cache_from_source = elsewhere(external.cache_from_source, own, ours, self._bytecode)
        external.SourceFileLoader.path_stats = settled_path_stats(external.SourceFileLoader.path_stats)

    def is_of_others(self, name, origin):
        """A module of the language, a layer or a package: not of the function itself, whose own files are run anew
        in each environment. Packages that came with its code are told by what their installer left."""
        if origin in (None, "built-in", "frozen") or not origin.startswith(self._task_root + os.sep):
            return True
        return name.partition(".")[0] in self._installed_in_code()

    def _installed_in_code(self):
        if self._packages is None:
            self._packages = set()
            for entry in os.listdir(self._task_root):
                if entry.endswith(".dist-info"):
                    self._packages |= installed_names(os.path.join(self._task_root, entry, "RECORD"))
        return self._packages

    @staticmethod
    def _read_path_files(folder):
        import site

        before = list(sys.path)
        site.addsitedir(folder)
        if folder not in before and folder in sys.path:
            sys.path.remove(folder)

    def inside(self, path):
        """A path as Lambda would show it."""
        for root, name in self._names:
            if path is not None and path.startswith(root + os.sep):
                return name + path[len(root) :]
        return path

    def stack(self, trace):
        import traceback

        entries = [
            (self.inside(frame.filename), frame.lineno, frame.name, frame.line)
            for frame in traceback.extract_tb(trace)
        ]
        # Our own frames come first and are left out, unless there is nothing else to show.
        ours = sum(entry[0] == "/var/runtime/bootstrap.py" for entry in entries)
        return traceback.format_list(entries[ours:] if ours < len(entries) else entries[-1:])
