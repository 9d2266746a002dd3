"""The console script `lam`."""

import os
import sys


def main() -> int:
    if sys.platform == "win32":
        sys.exit("error: lam runs on Linux and macOS\n\nhint: on Windows use it inside WSL2")
    arguments = sys.argv[1:]
    if arguments[:1] == ["__complete"]:
        # A shell waits for this at every press of Tab: no Typer.
        from lambdacli.cli.complete import complete

        return complete(arguments[1:])
    from lambdacli.cli import fast

    exit_code = fast.run(arguments)
    if exit_code == 0:
        # All is written and flushed; Python's own clearing up would take a tenth of the time.
        os._exit(0)
    if exit_code is not None:
        return exit_code
    from lambdacli.cli.app import run

    return run(arguments)
