"""Texts as parts of a request's path and query."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_UNRESERVED = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")


def escape(text: str) -> str:
    """One path segment or query value, percent-encoded as UTF-8."""
    return "".join(chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in text.encode())


def query_of(values: "Mapping[str, str | int | None]") -> str:
    """`?a=1&b=2` of the values that are set; empty when none is."""
    pairs = [f"{name}={escape(str(value))}" for name, value in values.items() if value is not None]
    return "?" + "&".join(pairs) if pairs else ""
