"""Lets debugpy listen, before any of the function's code runs."""

import os
import sys


def listen_for_debugger(settings):
    """The debugger is found here only: the function's own search path has none."""
    folder = os.path.dirname(settings["folders"][0])
    found = sys.path[:]
    sys.path.insert(0, folder)
    # Else it warns, in the function's log, of modules of the language that it cannot step into.
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    try:
        import debugpy

        debugpy.configure(subProcess=False)
        debugpy.listen((settings["host"], settings["port"]))
    finally:
        del os.environ["PYDEVD_DISABLE_FILE_VALIDATION"]
        sys.path[:] = found
    if settings["waits"]:
        debugpy.wait_for_client()
