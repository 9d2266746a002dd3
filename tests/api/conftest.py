"""A house for each test, reached by a real boto3 client whose requests never leave the process."""

from __future__ import annotations

import inspect
import io
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config

from lambdacli.api.protocol import load_model
from tests.api_house import REGION, House


class _Raw(io.BytesIO):
    def stream(self, **_):
        yield self.read()


@pytest.fixture(scope="session")
def model():
    return load_model()


@pytest.fixture(scope="session")
def mounted_client():
    """boto3 once a session: its `before-send` hook hands each signed request to the house that is mounted."""
    client = boto3.client(
        "lambda",
        region_name=REGION,
        endpoint_url="http://127.0.0.1:4566",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        # What is checked here is the service's answer, so the client must not judge first.
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
    )
    mounted = []

    def answer(request, **_):
        url = urlsplit(request.url)
        body = request.body or b""
        response = mounted[-1].send(
            request.method,
            url.path,
            url.query,
            {
                name.lower(): value if isinstance(value, str) else value.decode()
                for name, value in request.headers.items()
            },
            body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else body.read(),
        )
        return AWSResponse(request.url, response.status, _headers(response), _Raw(response.body))

    client.meta.events.register("before-send.lambda.*", answer)
    return client, mounted


def _headers(response):
    headers = HTTPHeaders()
    for name, value in response.headers.items():
        headers[name] = value
    return headers


@pytest.fixture
def house(model, tmp_path, mounted_client):
    client, mounted = mounted_client
    house = House(model, tmp_path, client)
    mounted.append(house)
    yield house
    mounted.remove(house)
    house.connection.close()


@pytest.fixture
def refused(house):
    """Calls an operation that must fail; gives code, status and message."""

    def call(operation, **request):
        with pytest.raises(house.client.exceptions.ClientError) as caught:
            getattr(house.client, operation)(**request)
        response = caught.value.response
        return (
            response["Error"]["Code"],
            response["ResponseMetadata"]["HTTPStatusCode"],
            response["Error"]["Message"],
        )

    return call


def public_functions(module):
    """The names of what it defines itself."""
    return {
        name
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
    }
