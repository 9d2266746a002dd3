"""Where a function is invoked: lam's, a peer's, or a floor that stands for one."""

from __future__ import annotations

from dataclasses import dataclass

SIGNATURE = "AWS4-HMAC-SHA256 Credential=lam/20260101/us-east-1/lambda/aws4_request"


@dataclass(frozen=True, slots=True)
class Target:
    port: int
    path: str = "/"
    authorization: str = SIGNATURE

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.path}"


def invocation_path(function: str) -> str:
    return f"/2015-03-31/functions/{function}/invocations"
