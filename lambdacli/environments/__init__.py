"""Execution environments: their states, processes, and the APIs that code inside them calls."""
