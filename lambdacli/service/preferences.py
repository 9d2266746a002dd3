"""What counts now: the word of the command line, of lam.yaml, or the default, in this order."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from lambdacli.environments.pool import PoolLimits
from lambdacli.model import limits
from lambdacli.model.bandwidth import RATE_OF_LAMBDA, Rate
from lambdacli.model.captured import CaptureRules
from lambdacli.model.event import HistoryBounds
from lambdacli.model.identity import NOBODY, Identities
from lambdacli.model.layer import NO_SUBSTITUTIONS, Substitutions
from lambdacli.model.record import record
from lambdacli.project.config import Project
from lambdacli.project.keys import default_keys_file
from lambdacli.service.project_sync import ProjectSync
from lambdacli.service.settings import DEFAULT_PORT, IDLE_EXIT_MINUTES, Settings, pool_limits

DEFAULT_ACCOUNT = "000000000000"
DEFAULT_REGION = "us-east-1"


@record
class OfRequests:
    """What every request is told."""

    account: str
    region: str
    substitutions: Substitutions
    """What stands here for layers of other accounts."""
    is_strict: bool
    """What AWS refuses by date is refused here too."""
    account_concurrency: int
    other_names: Mapping[str, str]
    """Names of functions by those that they have in a template."""
    described_in: str
    """The project's file."""
    files: Mapping[str, str]
    """Those that decide about the project's functions, by the functions' names."""

    def file_of(self, name: str) -> str:
        return self.files.get(name, self.described_in)


class Preferences:
    """Asked each time: lam.yaml can be another one at any moment."""

    def __init__(self, settings: Settings, sync: ProjectSync | None) -> None:
        self._settings = settings
        self._sync = sync
        self._of_requests: tuple[Project | None, OfRequests] | None = None

    def of_requests(self) -> OfRequests:
        """Made once for each lam.yaml: it is asked for with every invocation."""
        project, known = self.project, self._of_requests
        if known is None or known[0] is not project:
            known = self._of_requests = (project, self._for_requests())
        return known[1]

    def _for_requests(self) -> OfRequests:
        project = self.project
        return OfRequests(
            account=self.account,
            region=self.region,
            substitutions=NO_SUBSTITUTIONS if project is None else project.substitutions,
            is_strict=self._settings.is_strict or (project is not None and project.is_strict),
            account_concurrency=self.account_concurrency,
            other_names={} if project is None else project.names,
            described_in="lam.yaml" if project is None else project.file.name,
            files={} if project is None else project.files,
        )

    @property
    def project(self) -> Project | None:
        return None if self._sync is None else self._sync.project

    def why_left_out(self, function: str) -> str | None:
        """Of one that the project's files describe."""
        return None if self.project is None else self.project.left_out.get(function)

    @property
    def account(self) -> str:
        project = self.project
        return DEFAULT_ACCOUNT if project is None else project.account

    @property
    def region(self) -> str:
        project = self.project
        return DEFAULT_REGION if project is None else project.region

    @property
    def chosen_port(self) -> int | None:
        """One that somebody chose; None leaves it to the service."""
        if self._settings.port is not None:
            return self._settings.port
        project = self.project
        return project.port if project is not None and project.is_port_chosen else None

    @property
    def wanted_port(self) -> int:
        return self.chosen_port or DEFAULT_PORT

    @property
    def idle_exit_minutes(self) -> float:
        """0 means never."""
        if self._settings.idle_exit_minutes is not None:
            return self._settings.idle_exit_minutes
        project = self.project
        return IDLE_EXIT_MINUTES if project is None else project.idle_exit_minutes

    @property
    def pool_limits(self) -> PoolLimits:
        project = self.project
        return pool_limits(None if project is None else project.max_environments)

    @property
    def services(self) -> Mapping[str, str]:
        """Other services of this machine, by the names of lam.yaml."""
        project = self.project
        return {} if project is None else project.services

    @property
    def file_systems(self) -> Mapping[str, Path]:
        """Folders by the ARNs of the access points they stand for."""
        project = self.project
        return {} if project is None else project.file_systems

    @property
    def checks_signatures(self) -> bool:
        project = self.project
        return self._settings.auth or (project is not None and project.checks_signatures)

    @property
    def keys_file(self) -> Path:
        """The access keys that are known."""
        of_project = None if self.project is None else self.project.keys
        return self._settings.keys or of_project or default_keys_file(os.environ)

    @property
    def identities(self) -> Identities:
        project = self.project
        return NOBODY if project is None else project.identities

    @property
    def is_durable(self) -> bool:
        """What is accepted survives a power cut."""
        project = self.project
        return project is not None and project.is_durable

    @property
    def stream_rate(self) -> Rate | None:
        """How fast a streamed response may flow; None: as it comes."""
        project = self.project
        return RATE_OF_LAMBDA if project is None or project.has_stream_bandwidth else None

    @property
    def capture(self) -> CaptureRules:
        project = self.project
        return CaptureRules() if project is None else project.capture

    @property
    def history(self) -> HistoryBounds:
        """Of events that came to their end."""
        project = self.project
        return HistoryBounds() if project is None else project.history

    @property
    def account_concurrency(self) -> int:
        project = self.project
        return limits.ACCOUNT_CONCURRENCY if project is None else project.account_concurrency
