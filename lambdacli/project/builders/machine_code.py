"""Whether compiled files of a package are for Lambda's machine; pure but for the first bytes of each file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lambdacli.package.files import CodeFile

_MACHINES = {62: "x86_64", 183: "arm64"}
_COMPILED = re.compile(r"(?:.*/)?(?:bootstrap|[^/]+\.(?:so(?:\.[0-9.]+)?|node))")
_HEADER_BYTES = 20


def machine_of(head: bytes) -> str | None:
    """`x86_64`, `arm64`, `another machine`; `no Linux` for macOS and Windows; None: no program."""
    if head.startswith(b"\x7fELF") and len(head) >= _HEADER_BYTES:
        order = "big" if head[5] == 2 else "little"
        number = int.from_bytes(head[18:20], order)  # type: ignore[arg-type]  # one of the two
        return _MACHINES.get(number, "another machine")
    is_foreign = head[:4] in (b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe") or head[:2] == b"MZ"
    return "no Linux" if is_foreign else None


def unfit_files(files: Iterable[CodeFile], architecture: str) -> Iterator[tuple[str, str]]:
    """Names of compiled files that the architecture cannot run, and what they are for."""
    for file in files:
        if _COMPILED.fullmatch(file.name) is None:
            continue
        with file.path.open("rb") as opened:
            machine = machine_of(opened.read(_HEADER_BYTES))
        if machine is not None and machine != architecture:
            yield file.name, machine
