"""`python -m lambdacli.service`: how the command line starts the background service."""

from __future__ import annotations

import sys

from lambdacli.service.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
