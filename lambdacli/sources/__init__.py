"""Queues and streams that are read for functions."""
