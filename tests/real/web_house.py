"""Projects of tests/web as users have them: their packages installed by lam, called by an HTTP client."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import urllib3
from house import Project, opened

from lambdacli.client import local
from tests.real.toolchains import missing, network_variables

PROJECTS = Path(__file__).parents[1] / "web"


class Site:
    """One front of one function, and the client in front of it; cookies are its own affair."""

    def __init__(self, url: str) -> None:
        """Called as a browser would, without asking any resolver for a name below localhost."""
        self.url = url.rstrip("/")
        parts = urlsplit(self.url)
        self._host, self._prefix = parts.netloc, parts.path
        self._pool = urllib3.HTTPConnectionPool("127.0.0.1", parts.port, retries=False, timeout=30)

    def ask(self, line: str, body: Any = None, **headers: str) -> urllib3.BaseHTTPResponse:
        """`line` is `GET /path?query`; a mapping is sent as a form with files."""
        content = {"fields": body} if isinstance(body, Mapping) else {"body": body}
        return self._asked(line, headers=self._headers(headers), **content)

    @contextlib.contextmanager
    def stream(self, line: str) -> Iterator[urllib3.BaseHTTPResponse]:
        """The answer as soon as its head is there."""
        answer = self._asked(line, headers=self._headers({}), preload_content=False)
        try:
            yield answer
        finally:
            answer.release_conn()

    def json(self, line: str, body: Any = None, **headers: str) -> Any:
        answer = self.ask(line, body, **headers)
        assert answer.status == 200, (answer.status, answer.data)
        return answer.json()

    def close(self) -> None:
        self._pool.close()

    def _asked(self, line: str, **content: Any) -> urllib3.BaseHTTPResponse:
        method, _, target = line.partition(" ")
        return self._pool.request(method, self._prefix + target, redirect=False, **content)

    def _headers(self, given: Mapping[str, str]) -> dict[str, str]:
        return {"host": self._host, **{name.replace("_", "-"): value for name, value in given.items()}}


@contextlib.contextmanager
def web_project(name: str, root: Path) -> Iterator[Project]:
    shutil.copytree(PROJECTS / name, root / "project")
    with opened(root) as project:
        project.variables |= network_variables()
        project.start()
        _install(project)
        yield project


def urls_of(project: Project) -> dict[str, str]:
    """By the name of an API, or of a function that has a URL of its own."""
    told = project.status()
    urls = {each["name"]: each["url"] for each in told["apis"]}
    return urls | {each["function"]: each["url"] for each in told["urls"]}


def _install(project: Project) -> None:
    """By a first invocation of each function, whatever it answers to an event of no front."""
    for function in json.loads(project.lam("list", "--json").stdout)["functions"]:
        try:
            local.invoke(project.endpoint, local.InvokeInput(function["name"], b"{}"))
        except local.ApiError as error:
            if "could not be installed" not in str(error):
                raise
            missing(f"a registry for {project.folder}: {error}")
