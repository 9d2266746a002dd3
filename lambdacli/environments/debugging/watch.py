"""What a relay must understand of what an editor and a debugger say to each other, in either protocol."""

from __future__ import annotations

from typing import Protocol


class Watch(Protocol):
    # How what an editor says begins: anything else is no editor, but perhaps a web page.
    @property
    def greeting(self) -> bytes: ...

    # A debugger of this kind has one editor at a time.
    @property
    def is_alone(self) -> bool: ...

    # An editor has told all it wants to tell before the function runs.
    @property
    def is_attached(self) -> bool: ...

    # A breakpoint holds, or a step has ended, or the editor has asked for a pause.
    @property
    def is_held(self) -> bool: ...

    # What the editor said, and what the debugger said, piece by piece as it came.
    def heard_from_editor(self, piece: bytes) -> None: ...

    def heard_from_debugger(self, piece: bytes) -> None: ...

    # What the debugger is told when the editor has gone without a word, and whether it knows by now.
    def parting(self) -> bytes: ...

    @property
    def is_parted(self) -> bool: ...

    # What the editor is told when the debugger has gone without a word.
    def farewell(self) -> bytes: ...

    # What the editor is answered after that.
    def answer(self, piece: bytes) -> bytes: ...
