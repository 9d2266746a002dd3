"""AWS, asked: what goes wrong is told with what to do, and an invocation is sent once."""

from __future__ import annotations

import contextlib
import socket
import threading

import pytest
from botocore import exceptions as of
from botocore.stub import Stubber

from lambdacli.client import aws_invoke
from lambdacli.client.aws import Account, Aws, AwsError
from lambdacli.client.http import AnswerLost
from lambdacli.client.local import ApiError, InvokeInput


@pytest.fixture(autouse=True)
def nobody(monkeypatch, tmp_path):
    """No keys and no files of the developer's own."""
    import os

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return tmp_path


@pytest.fixture
def keys(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


def stubbed(aws, code, status=400, message="no"):
    stubber = Stubber(aws._client("lambda", 60.0, False))
    stubber.add_client_error("list_functions", code, message, status)
    return stubber


@pytest.mark.parametrize(
    ("error", "message", "hint"),
    [
        (of.NoCredentialsError(), "there are no AWS credentials", "set AWS_ACCESS_KEY_ID"),
        (of.PartialCredentialsError(provider="env", cred_var="x"), "are not whole", "set AWS_ACCESS_KEY_ID"),
        (of.NoRegionError(), "no region is named", "--region, AWS_REGION"),
        (of.InvalidRegionError(region_name="!"), "'!'", "eu-central-1"),
        (of.UnauthorizedSSOTokenError(), "cannot be used any more", "aws sso login --profile work"),
        (of.SSOTokenLoadError(error_msg="none"), "cannot be used any more", "aws sso login --profile work"),
        (of.TokenRetrievalError(provider="sso", error_msg="x"), "cannot be used", "aws sso login"),
        (of.CredentialRetrievalError(provider="x", error_msg="y"), "cannot be had", "--profile"),
        (of.ConfigParseError(path="/x"), "/x", "AWS_CONFIG_FILE"),
        (of.SSLError(endpoint_url="u", error="bad"), "is not believed", "--ca-bundle"),
        (of.ConnectTimeoutError(endpoint_url="u"), "cannot connect", "running?"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_what_keeps_us_from_asking_says_what_to_do(error, message, hint):
    aws = Aws(Account(profile="work", endpoint_url="http://127.0.0.1:1"))
    with pytest.raises(AwsError) as caught, aws.reading():
        raise error
    assert message in str(caught.value)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "error",
    [
        of.ReadTimeoutError(endpoint_url="u"),
        of.ConnectionClosedError(endpoint_url="u"),
        of.ResponseStreamingError(error="x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_may_have_been_done_is_an_answer_lost(error):
    with pytest.raises(AnswerLost), Aws(Account()).reading():
        raise error


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("ExpiredTokenException", "expired: `aws sso login --profile work`"),
        ("ExpiredToken", "expired"),
        ("UnrecognizedClientException", "AWS does not know these keys"),
        ("InvalidClientTokenId", "AWS does not know these keys"),
        ("InvalidSignatureException", "clock"),
        ("AccessDeniedException", "another --profile"),
    ],
)
def test_keys_that_are_refused_say_what_to_do(keys, nobody, code, hint):
    (nobody / ".aws").mkdir()
    (nobody / ".aws" / "config").write_text("[profile work]\nregion = eu-west-1\n")
    aws = Aws(Account(profile="work"))
    with stubbed(aws, code, 403), pytest.raises(AwsError) as caught:
        # Of a profile without keys those of the environment do not count.
        aws.call("lambda", "list_functions")
    assert str(caught.value) == f"{code}: no"
    assert hint in caught.value.hint


def test_what_the_service_refuses_keeps_its_code_and_status(keys):
    aws = Aws(Account(region="eu-west-1"))
    with stubbed(aws, "ResourceNotFoundException", 404), pytest.raises(ApiError) as caught:
        aws.call("lambda", "list_functions")
    assert (caught.value.code, caught.value.status) == ("ResourceNotFoundException", 404)


def test_without_keys_nothing_is_sent():
    with pytest.raises(AwsError, match="there are no AWS credentials"):
        Aws(Account(region="eu-west-1", endpoint_url="http://127.0.0.1:1")).call("lambda", "list_functions")


def test_without_a_region_it_is_asked_for(keys):
    with pytest.raises(AwsError, match="no region is named"):
        Aws(Account()).call("lambda", "list_functions")


def test_an_unknown_profile_names_the_nearest(keys, nobody):
    (nobody / ".aws").mkdir()
    (nobody / ".aws" / "config").write_text("[profile staging]\n")
    with pytest.raises(AwsError) as caught:
        Aws(Account(profile="stagin", region="eu-west-1")).call("lambda", "list_functions")
    assert caught.value.hint == "did you mean staging?"


def test_a_region_that_is_misspelled_names_the_nearest(keys):
    aws = Aws(Account(region="eu-centrl-1"))
    with pytest.raises(AwsError) as caught, aws.reading():
        raise of.EndpointConnectionError(endpoint_url="https://lambda.eu-centrl-1.amazonaws.com/")
    assert caught.value.hint == "eu-centrl-1 is no region that is known here; did you mean eu-central-1?"


@contextlib.contextmanager
def counting_server(answer):
    """Takes whole requests and gives each to `answer`, which gets the connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    requests = []
    open_connections = []

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            open_connections.append(connection)
            data = b""
            while b"\r\n\r\n" not in data:
                piece = connection.recv(65536)
                if not piece:
                    break
                data += piece
            if data:
                requests.append(data)
                answer(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", requests
    finally:
        # Closing alone does not wake who accepts.
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
        for connection in open_connections:
            connection.close()


THROTTLED = b"HTTP/1.1 429 X\r\nContent-Length: 2\r\nx-amzn-ErrorType: TooManyRequestsException\r\n\r\n{}"
BROKEN = b"HTTP/1.1 500 X\r\nContent-Length: 2\r\nx-amzn-ErrorType: ServiceException\r\n\r\n{}"
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"


@pytest.mark.real
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (lambda connection: connection.close(), AnswerLost),
        (lambda connection: None, AnswerLost),
        (lambda connection: connection.sendall(THROTTLED), ApiError),
        (lambda connection: connection.sendall(BROKEN), ApiError),
        (lambda connection: (connection.sendall(HALF), connection.close()), AnswerLost),
    ],
    ids=["closed", "silent", "throttled", "broken", "half an answer"],
)
@pytest.mark.parametrize("is_streamed", [False, True], ids=["whole", "streamed"])
def test_an_invocation_is_sent_once_whatever_comes_back(keys, answer, error, is_streamed):
    with counting_server(answer) as (url, requests):
        aws = Aws(Account(region="eu-west-1", endpoint_url=url))
        wanted = InvokeInput("demo", b"{}")
        with pytest.raises(error):
            if is_streamed:
                list(aws_invoke.invoke_streaming(aws, wanted, 0.3).pieces())
            else:
                aws_invoke.invoke(aws, wanted, 0.3)
        assert len(requests) == 1


def test_a_function_is_waited_for_as_long_as_it_may_run(keys):
    aws = Aws(Account(region="eu-west-1"))
    client = aws._client("lambda", aws_invoke.LONGEST_WAIT_SECONDS, True)
    assert client.meta.config.read_timeout > 900
    assert client.meta.config.retries["total_max_attempts"] == 1
