"""Makes what a template has in the services beside Lambda, so that functions find it: each once."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lambdacli.model.credentials import Credentials
from lambdacli.project.records import Project
from lambdacli.project.stack.declared import NeighbourCall, Step
from lambdacli.service.neighbours import INSTALL

if TYPE_CHECKING:
    from lambdacli.project.cloudformation.template import DynamicReference

logger = logging.getLogger("lam.project")

EndpointOf = Callable[[str], str | None]
"""Where a service is reached, by its name in lam.yaml; None: nowhere."""

_CONNECT_SECONDS = 5.0
_READ_SECONDS = 30.0


class NeighbourResources:
    def __init__(
        self,
        endpoint_of: EndpointOf,
        credentials_of: Callable[[str], Credentials],
        socket_of: Callable[[], object],
    ) -> None:
        """`socket_of` tells one life of the embedded services from another: what one held, the next has
        not."""
        self._endpoint_of = endpoint_of
        self._credentials_of = credentials_of
        self._life_of = socket_of
        self._done: set[str] = set()
        self._life: object = None
        self._has_told_of_absence = False

    async def make(self, project: Project, step: Step) -> list[str]:
        """What could not be made, a line each."""
        calls = [each for each in project.neighbour_calls if each.step is step]
        if not calls:
            return []
        self._forget_another_life()
        absent = [each for each in calls if self._endpoint_of(each.service) is None]
        if absent:
            self._tell_of_absence(absent, project.file)
        wanted = [each for each in calls if each not in absent and _key(each) not in self._done]
        if not wanted:
            return []
        problems, made = await asyncio.to_thread(self._perform_all, project, wanted)
        self._life = self._life_of()
        if made:
            logger.info("%s: made %s", project.file.name, _listed(made))
        return problems

    def _forget_another_life(self) -> None:
        if self._life is not None and self._life_of() != self._life:
            self._done.clear()

    def _tell_of_absence(self, absent: Sequence[NeighbourCall], file: Path) -> None:
        if self._has_told_of_absence:
            return
        self._has_told_of_absence = True
        named = _listed([each.subject for each in absent if each.subject]) or "what they lead to"
        logger.warning("%s: %s cannot be made without the neighbour services: %s", file.name, named, INSTALL)

    def _perform_all(self, project: Project, calls: Sequence[NeighbourCall]) -> tuple[list[str], list[str]]:
        """In a thread."""
        clients = _Clients(self._endpoint_of, self._credentials_of(project.account), project.region)
        problems: list[str] = []
        made: list[str] = []
        try:
            for call in calls:
                problem = clients.perform(call)
                if problem is not None:
                    problems.append(f"{call.file.name}:{call.line}: {problem}")
                    continue
                self._done.add(_key(call))
                made += [call.subject] if call.subject else []
        finally:
            clients.close()
        return problems, made

    async def look_up(
        self, project: Project, references: Iterable[DynamicReference]
    ) -> dict[DynamicReference, str | None]:
        """None for one that is not there; nothing for one that nobody can be asked for."""
        wanted = [each for each in references if self._endpoint_of(_service_of(each)) is not None]
        if not wanted:
            return {}

        def ask() -> dict[DynamicReference, str | None]:
            clients = _Clients(self._endpoint_of, self._credentials_of(project.account), project.region)
            try:
                return {each: clients.value_of(each) for each in wanted}
            finally:
                clients.close()

        return await asyncio.to_thread(ask)


class _Clients:
    """One per service, of botocore, which is imported here and not before."""

    def __init__(self, endpoint_of: EndpointOf, credentials: Credentials, region: str) -> None:
        from botocore.session import Session

        self._session = Session()
        self._session.set_credentials(
            credentials.access_key_id, credentials.secret_access_key, credentials.session_token
        )
        self._endpoint_of = endpoint_of
        self._region = region
        self._made: dict[str, Any] = {}

    def close(self) -> None:
        for client in self._made.values():
            client.close()

    def perform(self, call: NeighbourCall) -> str | None:
        """What went wrong."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            getattr(self._client(call.service), call.operation)(**call.parameters)
        except ClientError as error:
            told = error.response.get("Error", {})
            if told.get("Code") in call.there_already:
                return None
            return f"{call.subject or call.operation}: {told.get('Code')}: {told.get('Message')}"
        except (BotoCoreError, ValueError) as error:
            return f"{call.subject or call.operation}: {error}"
        return None

    def value_of(self, reference: DynamicReference) -> str | None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            if reference.service == "secretsmanager":
                return self._secret(reference)
            name = f"{reference.name}:{reference.version}" if reference.version else reference.name
            is_secure = reference.service == "ssm-secure" or reference.is_decrypted
            answer = self._client("ssm").get_parameter(Name=name, WithDecryption=is_secure)
            return str(answer["Parameter"]["Value"])
        except (ClientError, BotoCoreError, ValueError, KeyError):
            return None

    def _secret(self, reference: DynamicReference) -> str:
        told = {"SecretId": reference.name}
        if reference.version:
            told["VersionId"] = reference.version
        if reference.version_stage:
            told["VersionStage"] = reference.version_stage
        # The whole of it: which member is meant, is the reading's to say.
        return str(self._client("secretsmanager").get_secret_value(**told)["SecretString"])

    def _client(self, service: str) -> Any:
        from botocore.config import Config

        if service not in self._made:
            self._made[service] = self._session.create_client(
                service,
                region_name=self._region,
                endpoint_url=self._endpoint_of(service),
                config=Config(
                    connect_timeout=_CONNECT_SECONDS,
                    read_timeout=_READ_SECONDS,
                    retries={"total_max_attempts": 1},
                    s3={"addressing_style": "path"},
                ),
            )
        return self._made[service]


def _service_of(reference: DynamicReference) -> str:
    return "secretsmanager" if reference.service == "secretsmanager" else "ssm"


def _key(call: NeighbourCall) -> str:
    return json.dumps([call.service, call.operation, call.parameters], sort_keys=True, default=str)


def _listed(subjects: Sequence[str]) -> str:
    subjects = list(dict.fromkeys(each for each in subjects if each))
    return f"{', '.join(subjects[:-1])} and {subjects[-1]}" if len(subjects) > 1 else "".join(subjects)
