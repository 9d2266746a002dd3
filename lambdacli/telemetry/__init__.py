"""Log lines and streams: written once, read by many."""
