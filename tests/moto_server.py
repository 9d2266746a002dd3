"""moto as AWS, in a process of its own, for tests of what is deployed there."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

_SERVE = "from moto.server import main; import sys; sys.argv[0] = 'moto_server'; sys.exit(main())"
_DEADLINE_SECONDS = 60.0


@contextlib.contextmanager
def moto_server(log: Path) -> Iterator[str]:
    """Its address. It knows AWS's own policies, which roles are given."""
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVE, "-H", "127.0.0.1", "-p", "0"],
        env={**os.environ, "MOTO_IAM_LOAD_MANAGED_POLICIES": "true", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    timer = threading.Timer(_DEADLINE_SECONDS, process.kill)
    timer.start()
    reader: threading.Thread | None = None
    assert process.stdout is not None
    output = process.stdout
    try:
        address = None
        for line in output:
            found = re.search(r"Running on (http://127\.0\.0\.1:\d+)", line)
            if found is not None:
                address = found[1]
                break
        timer.cancel()
        assert address is not None, f"moto did not start: {process.poll()}"
        # Its log of requests must be read, or it stands still.
        reader = threading.Thread(target=lambda: log.write_text(output.read()), daemon=True)
        reader.start()
        yield address
    finally:
        timer.cancel()
        process.terminate()
        process.wait(20)
        if reader is not None:
            reader.join(20)
        output.close()
