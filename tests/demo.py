"""`make demo`: from an empty folder to a warm invocation, told step by step."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="lam-demo-") as folder:
        project = Path(folder) / "demo-lambda"
        environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        environment.pop("LAM_PROJECT", None)

        def run(command: str, where: Path = project) -> None:
            print(f"\n$ {command}", flush=True)
            subprocess.run(shlex.split(command), cwd=where, env=environment, check=True)

        try:
            run("lam init demo-lambda", Path(folder))
            print("\n# cold: the service starts, the environment starts, the function's module is loaded")
            run("lam invoke demo-lambda --event events/event.json")
            print("\n# warm")
            run("lam invoke demo-lambda --event events/event.json")
            run("lam logs demo-lambda --since 1m")
        except subprocess.CalledProcessError as error:
            print(f"\nthe demo failed: {error}", file=sys.stderr)
            return 1
        finally:
            if project.is_dir():
                run("lam stop")
    return 0


if __name__ == "__main__":
    sys.exit(main())
