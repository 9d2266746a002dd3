"""Deploys to AWS: the account's own session, its refusals in the words that deploying knows."""

from __future__ import annotations

import os
import threading

from lambdacli.client.aws import Aws, AwsError
from lambdacli.client.deploy.target import Json, Refused
from lambdacli.client.http import AnswerLost
from lambdacli.client.local import ApiError
from lambdacli.model.deployment import Members


class AwsTarget:
    is_aws = True

    def __init__(self, aws: Aws) -> None:
        """Whose account names a region."""
        assert aws.account.region is not None
        self.aws = aws
        self.region = aws.account.region
        self._identity: Json | None = None
        self._asking = threading.Lock()

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
        with self._asking:
            if self._identity is None:
                self._identity = self.call("sts", "GetCallerIdentity", {})
            return self._identity

    def call(self, service: str, operation: str, parameters: Members) -> Json:
        # A third of a second that only those pay who need it.
        from botocore import xform_name

        completed = self._completed(operation, parameters)
        try:
            answer = self.aws.call(service, xform_name(operation), **completed)
        except AwsError as error:
            raise Refused(operation, error.code, str(error), hint=error.hint) from error
        except ApiError as error:
            raise Refused(operation, error.code, error.message, error.status) from error
        except AnswerLost as error:
            hint = "it may have been done; the next look at what is there tells"
            raise Refused(operation, "AnswerLost", str(error), hint=hint) from error
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}

    def _completed(self, operation: str, parameters: Members) -> Members:
        if operation == "CreateBucket" and self.region != "us-east-1":
            where = {"LocationConstraint": self.region}
            return {**parameters, "CreateBucketConfiguration": where}
        return parameters
