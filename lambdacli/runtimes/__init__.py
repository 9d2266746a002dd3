"""What each runtime needs to start: command, variables, search paths. One module per language."""
