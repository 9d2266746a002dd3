"""Deploys to AWS through botocore, which is loaded by the first call only."""

from __future__ import annotations

import os
import threading
from typing import Any

from lambdacli.client.deploy.target import Json, Refused
from lambdacli.model.deployment import Members

CONNECTIONS = 16


def configured_region(profile: str | None) -> str | None:
    """What ~/.aws/config says; of a profile that is not there nothing, which the first call will tell."""
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session

    try:
        region: str | None = Session(profile=profile).get_config_variable("region")
    except BotoCoreError:
        return None
    return region


class AwsTarget:
    is_aws = True

    def __init__(self, profile: str | None, region: str) -> None:
        """Keys, and where the services are, come from where every SDK takes them."""
        self._profile = profile
        self.region = region
        self._session: Any = None
        self._clients: dict[str, Any] = {}
        self._identity: Json | None = None
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        address = os.environ.get("AWS_ENDPOINT_URL") or os.environ.get("AWS_ENDPOINT_URL_LAMBDA")
        place = f"{address} (AWS_ENDPOINT_URL)" if address else f"AWS {self.region}"
        return f"{place}, account {self.account}"

    @property
    def account(self) -> str:
        return str(self._caller["Account"])

    @property
    def partition(self) -> str:
        return str(self._caller["Arn"]).split(":")[1]

    @property
    def _caller(self) -> Json:
        if self._identity is None:
            self._identity = self.call("sts", "GetCallerIdentity", {})
        return self._identity

    def call(self, service: str, operation: str, parameters: Members) -> Json:
        from botocore import xform_name
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            client = self.client(service)
            answer = getattr(client, xform_name(operation))(**self._completed(operation, parameters))
        except ClientError as error:
            details = error.response.get("Error", {})
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            code, message = str(details.get("Code", "")), str(details.get("Message", ""))
            raise Refused(operation, code, message, int(status)) from error
        except BotoCoreError as error:
            raise Refused(operation, type(error).__name__, str(error)) from error
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}

    def client(self, service: str) -> Any:
        # Sessions are not for several threads; clients are.
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._make_client(service)
            return self._clients[service]

    def _make_client(self, service: str) -> Any:
        # boto3 itself would take as long to load as everything else together, and add nothing that is used.
        from botocore.config import Config
        from botocore.session import Session

        if self._session is None:
            self._session = Session(profile=self._profile)
        retries: Any = {"mode": "standard", "total_max_attempts": 3}
        config = Config(max_pool_connections=CONNECTIONS, retries=retries)
        return self._session.create_client(service, region_name=self.region, config=config)

    def _completed(self, operation: str, parameters: Members) -> Members:
        if operation == "CreateBucket" and self.region != "us-east-1":
            where = {"LocationConstraint": self.region}
            return {**parameters, "CreateBucketConfiguration": where}
        return parameters
