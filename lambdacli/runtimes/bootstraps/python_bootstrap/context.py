"""What the handler gets as its context."""

import json
import os
import time

from .payloads import RuntimeFault


class Context:
    def __init__(self, event, log):
        self.aws_request_id = event.request_id
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = event.invoked_arn
        self.tenant_id = event.tenant_id
        self.client_context = self._client_context(event.client_context)
        self.identity = CognitoIdentity(self._parsed(event.identity, "Cognito Identity"))
        self._deadline_ms = event.deadline_ms
        self._log = log

    def get_remaining_time_in_millis(self):
        return max(self._deadline_ms - int(time.time() * 1000), 0)

    def log(self, message):
        self._log.raw(str(message))

    def __repr__(self):
        names = (
            "aws_request_id log_group_name log_stream_name function_name memory_limit_in_mb function_version "
            "invoked_function_arn client_context identity tenant_id"
        ).split()
        return "LambdaContext([%s])" % ",".join("%s=%s" % (name, getattr(self, name)) for name in names)

    def _client_context(self, text):
        document = self._parsed(text, "Client Context")
        return None if document is None else ClientContext(document)

    @staticmethod
    def _parsed(text, what):
        if not text:
            return None
        try:
            return json.loads(text)
        except Exception as error:
            message = "Unable to parse %s JSON: %s" % (what, error)
            raise RuntimeFault("Runtime.LambdaContextUnmarshalError", message) from None


Context.__name__ = Context.__qualname__ = "LambdaContext"


class Shown:
    __slots__ = ()

    def __repr__(self):
        shown = ",".join("%s=%s" % (name, getattr(self, name)) for name in self.__slots__)
        return "%s([%s])" % (type(self).__name__, shown)


class CognitoIdentity(Shown):
    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")

    def __init__(self, document):
        document = document or {}
        self.cognito_identity_id = document.get("cognitoIdentityId")
        self.cognito_identity_pool_id = document.get("cognitoIdentityPoolId")


class Client(Shown):
    __slots__ = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")

    def __init__(self, document):
        for name in self.__slots__:
            setattr(self, name, document.get(name))


class ClientContext(Shown):
    __slots__ = ("custom", "env", "client")

    def __init__(self, document):
        self.custom = document.get("custom")
        self.env = document.get("env")
        client = document.get("client")
        self.client = None if client is None else Client(client)
