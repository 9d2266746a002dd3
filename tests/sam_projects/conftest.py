"""The tests in here are part of the projects that are tried out, and not run."""

from __future__ import annotations

collect_ignore_glob = ["*"]
