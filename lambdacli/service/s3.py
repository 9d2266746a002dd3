"""Fetches packages from the S3 that lam.yaml names."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from lambdacli.model import limits
from lambdacli.model.credentials import Credentials
from lambdacli.model.errors import InvalidParameterValueException

CONNECT_SECONDS = 5
READ_SECONDS = 60


class S3Packages:
    def __init__(
        self,
        endpoint: Callable[[], str | None],
        credentials: Callable[[], Credentials],
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        """`credentials` serve where the service's own environment has none."""
        self._endpoint = endpoint
        self._credentials = credentials
        self._environment = environment

    def fetch(self, bucket: str, key: str, version: str | None, region: str) -> bytes:
        """Waits for the network: runs in threads."""
        endpoint = self._endpoint()
        if endpoint is None:
            raise InvalidParameterValueException(
                f"There is no S3 to get s3://{bucket}/{key} from: name its address in lam.yaml, as in "
                "`services: {s3: http://127.0.0.1:9000}`, or give the package as ZipFile."
            )
        # A third of a second that only those pay who need it.
        from botocore.exceptions import BotoCoreError, ClientError

        wanted = {"Bucket": bucket, "Key": key, **({} if version is None else {"VersionId": version})}
        client = self._client(endpoint, region)
        try:
            found = client.get_object(**wanted)
            if found["ContentLength"] > limits.UNZIPPED_CODE_BYTES:
                raise InvalidParameterValueException(
                    f"Unzipped size must be smaller than {limits.UNZIPPED_CODE_BYTES} bytes"
                )
            package: bytes = found["Body"].read()
            return package
        except ClientError as error:
            told = error.response["Error"]
            raise InvalidParameterValueException(
                f"Error occurred while GetObject. S3 Error Code: {told['Code']}. "
                f"S3 Error Message: {told['Message']}"
            ) from error
        except BotoCoreError as error:
            raise InvalidParameterValueException(
                f"s3://{bucket}/{key} could not be read: {error}. Is the service that lam.yaml names in "
                "`services.s3` running?"
            ) from error
        finally:
            client.close()

    def _client(self, endpoint: str, region: str) -> Any:
        from botocore.config import Config
        from botocore.session import Session

        return Session().create_client(
            "s3",
            region_name=region,
            endpoint_url=endpoint,
            config=Config(
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retries={"total_max_attempts": 2},
                # Buckets of a local S3 have no host names of their own.
                s3={"addressing_style": "path"},
            ),
            **self._keys(),
        )

    def _keys(self) -> dict[str, Any]:
        """Given in any case: botocore would else look for some, and ask addresses that are not there."""
        environment = self._environment
        if environment.get("AWS_ACCESS_KEY_ID") and environment.get("AWS_SECRET_ACCESS_KEY"):
            return {
                "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
                "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
                "aws_session_token": environment.get("AWS_SESSION_TOKEN"),
            }
        own = self._credentials()
        return {
            "aws_access_key_id": own.access_key_id,
            "aws_secret_access_key": own.secret_access_key,
            "aws_session_token": own.session_token,
        }
