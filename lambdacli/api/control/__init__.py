"""Our own verbs below /_lam/v1, for the command line only."""
