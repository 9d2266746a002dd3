"""State on disk: SQLite rows and content-addressed code, as frozen records."""
