"""The ways to a Lambda service: the local one over its socket; start, stop and find it."""
