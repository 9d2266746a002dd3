#!python
"""The command `lam`: installers put this file on the PATH, with their interpreter in the first line."""

import sys

from lambdacli.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
