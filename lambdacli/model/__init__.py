"""Records, names, limits and errors that every room shares. The standard library only."""
