"""The console script `lam`."""

from __future__ import annotations

import sys


def main() -> int:
    if sys.platform == "win32":
        sys.exit("error: lam runs on Linux and macOS\n\nhint: on Windows use it inside WSL2")
    arguments = sys.argv[1:]
    if arguments[:1] == ["__complete"]:
        # A shell waits for this at every press of Tab: no Typer.
        from lambdacli.cli.complete import complete

        return complete(arguments[1:])
    from lambdacli.cli.app import run

    return run(arguments)
