"""`python -m lambdacli` is `lam`."""

from lambdacli.cli.main import main

raise SystemExit(main())
