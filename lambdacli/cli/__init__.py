"""The command line: one file per verb, rendering, errors. Talks to the service over HTTP only."""
