"""A service that checks signatures, called by boto3, the AWS CLI, lam itself and a function's own session."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from house import Project, opened

pytestmark = [pytest.mark.real, pytest.mark.slow]

ACCOUNT = "000000000000"
ADMIN, READER, INVOKER, FOREIGNER = "AKIAADMIN", "AKIAREADER", "AKIAINVOKER", "AKIAFOREIGNER"
FUNCTIONS = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function"

KEYS = f"""
{ADMIN}: {{secret: of-admin, account: "{ACCOUNT}"}}
{READER}: {{secret: of-reader, arn: "arn:aws:iam::{ACCOUNT}:user/reader"}}
{INVOKER}: {{secret: of-invoker, session_token: of-session, arn: "arn:aws:iam::{ACCOUNT}:role/invoker"}}
{FOREIGNER}: {{secret: of-foreigner, account: "222222222222"}}
"""
RULES = f"""
auth: true
keys: keys.yaml
identities:
  reader: [AWSLambda_ReadOnlyAccess]
  arn:aws:iam::{ACCOUNT}:role/invoker:
    - Version: 2012-10-17
      Statement: {{Effect: Allow, Action: lambda:InvokeFunction, Resource: "{FUNCTIONS}:echo"}}
roles:
  lam:
    policies:
      - Statement: {{Effect: Allow, Action: "lambda:List*", Resource: "*"}}
  untrusting:
    trust: {{Statement: {{Effect: Allow, Principal: {{Service: ec2.amazonaws.com}}, Action: sts:AssumeRole}}}}
"""
ECHO = "def handler(event, context):\n    return event\n"
CALLER = """
import os, boto3
from botocore.exceptions import ClientError

def handler(event, context):
    client = boto3.client("lambda")
    try:
        client.invoke(FunctionName="echo", Payload=b"1")
        refusal = None
    except ClientError as error:
        refusal = error.response["Error"]["Message"]
    names = [each["FunctionName"] for each in client.list_functions()["Functions"]]
    key = os.environ["AWS_ACCESS_KEY_ID"]
    return {"key": key, "token": len(os.environ["AWS_SESSION_TOKEN"]), "names": names, "refusal": refusal}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with opened(tmp_path_factory.mktemp("auth")) as project:
        project.write("keys.yaml", KEYS)
        project.function("echo", ECHO)
        project.function("site", ECHO, "url: {auth: AWS_IAM}")
        project.function("open", ECHO, "url: true")
        project.function("caller", CALLER, "timeout: 60")
        project.function("other", CALLER, "timeout: 60")
        (project.folder / "lam.yaml").write_text((project.folder / "lam.yaml").read_text() + RULES)
        status = project.start()
        assert status["auth"] is True
        yield project


_clients: list[Any] = []


@pytest.fixture(autouse=True)
def closed_clients() -> Iterator[None]:
    yield
    while _clients:
        _clients.pop().close()


def client(project: Project, key: str, secret: str | None = None, token: str | None = None) -> Any:
    made = boto3.client(
        "lambda",
        region_name="us-east-1",
        endpoint_url=f"http://127.0.0.1:{project.port}",
        aws_access_key_id=key,
        aws_secret_access_key=secret or f"of-{key.removeprefix('AKIA').lower()}",
        aws_session_token=token,
        config=Config(retries={"total_max_attempts": 1}),
    )
    _clients.append(made)
    return made


def refused(called: Any, **members: Any) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as caught:
        called(**members)
    response = caught.value.response
    error = response["Error"]
    return error["Code"], response["ResponseMetadata"]["HTTPStatusCode"], error["Message"]


def denied(user: str, action: str, resource: str) -> tuple[str, int, str]:
    message = (
        f"User: {user} is not authorized to perform: {action} on resource: {resource} because no "
        f"identity-based policy allows the {action} action"
    )
    return "AccessDeniedException", 403, message


def test_the_right_key_is_let_in_and_may_do_what_its_policies_say(project: Project) -> None:
    admin, reader = client(project, ADMIN), client(project, READER)
    assert admin.invoke(FunctionName="echo", Payload=b'"in"')["Payload"].read() == b'"in"'
    assert reader.get_function(FunctionName="echo")["Configuration"]["FunctionName"] == "echo"
    user = f"arn:aws:iam::{ACCOUNT}:user/reader"
    assert refused(reader.invoke, FunctionName="echo:live") == denied(
        user, "lambda:InvokeFunction", f"{FUNCTIONS}:echo:live"
    )
    assert refused(reader.delete_function, FunctionName="echo") == denied(
        user, "lambda:DeleteFunction", f"{FUNCTIONS}:echo"
    )


def test_a_temporary_key_needs_its_token(project: Project) -> None:
    invoker = client(project, INVOKER, token="of-session")
    assert invoker.invoke(FunctionName="echo", Payload=b"7")["Payload"].read() == b"7"
    role = f"arn:aws:iam::{ACCOUNT}:role/invoker"
    assert refused(invoker.list_functions) == denied(role, "lambda:ListFunctions", "*")
    assert refused(client(project, INVOKER).list_functions)[0] == "UnrecognizedClientException"


def test_wrong_keys_are_refused_in_the_words_of_aws(project: Project) -> None:
    assert refused(client(project, "AKIANOBODY").list_functions) == (
        "UnrecognizedClientException",
        403,
        "The security token included in the request is invalid.",
    )
    code, status, message = refused(client(project, ADMIN, "wrong").list_functions)
    assert (code, status) == ("InvalidSignatureException", 403)
    assert message.startswith(
        "The request signature we calculated does not match the signature you provided."
    )


def test_another_account_may_what_the_resource_policy_permits(project: Project) -> None:
    foreigner = client(project, FOREIGNER)
    arn = f"{FUNCTIONS}:echo"
    code, status, message = refused(foreigner.invoke, FunctionName=arn)
    assert (code, status) == ("AccessDeniedException", 403)
    assert message.endswith("because no resource-based policy allows the lambda:InvokeFunction action")
    project.lam("permission", "add", "echo", "--principal", "222222222222")
    assert foreigner.invoke(FunctionName=arn, Payload=b"3")["Payload"].read() == b"3"
    project.lam("permission", "remove", "echo", "222222222222")
    assert refused(foreigner.invoke, FunctionName=arn)[0] == "AccessDeniedException"


def test_the_aws_cli_is_let_in_with_the_right_secret_only(project: Project) -> None:
    def aws(secret: str, *words: str) -> subprocess.CompletedProcess[str]:
        keys = {
            "AWS_ACCESS_KEY_ID": ADMIN,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        return subprocess.run(
            [sys.executable, "-m", "awscli", "--endpoint-url", f"http://127.0.0.1:{project.port}", *words],
            env={**project.variables, **keys},
            cwd=project.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    invoke = ("lambda", "invoke", "--function-name", "echo", "--payload", '{"a": "ü"}', "out.json")
    done = aws("of-admin", *invoke)
    assert done.returncode == 0, done.stderr
    assert json.loads((project.folder / "out.json").read_text()) == {"a": "ü"}
    wrong = aws("of-somebody", *invoke)
    assert wrong.returncode != 0 and "InvalidSignatureException" in wrong.stderr


def test_lam_itself_needs_no_key(project: Project) -> None:
    assert project.invoke("echo", {"a": 1}) == {"a": 1}
    assert "checks signatures" in project.lam("status").stdout


def test_a_function_is_known_by_its_session(project: Project) -> None:
    admin = client(project, ADMIN)
    seen = [json.load(admin.invoke(FunctionName=name)["Payload"]) for name in ("caller", "other")]
    assert seen[0]["key"] != seen[1]["key"]
    for name, found in zip(("caller", "other"), seen, strict=True):
        assert found["names"] == ["caller", "echo", "open", "other", "site"]
        session = f"arn:aws:sts::{ACCOUNT}:assumed-role/lam/{name}"
        action, resource = "lambda:InvokeFunction", f"{FUNCTIONS}:echo"
        assert found["refusal"] == denied(session, action, resource)[2]
        assert found["token"] > 100


def test_a_role_that_does_not_trust_lambda_is_refused(project: Project) -> None:
    admin = client(project, ADMIN)
    message = "The role defined for the function cannot be assumed by Lambda."
    for role, expected in (("untrusting", message), ("unknown", "Runtime")):
        found = refused(
            admin.create_function,
            FunctionName="made",
            Role=f"arn:aws:iam::{ACCOUNT}:role/{role}",
            Code={"ZipFile": b"no zip"},
            Runtime="python3.13",
            Handler="app.handler",
        )
        assert (found[2] == message) is (expected == message)


def test_a_role_that_may_not_send_to_its_dead_letter_queue_is_refused(project: Project) -> None:
    admin = client(project, ADMIN)
    message = "The provided execution role does not have permissions to call SendMessage on SQS"
    for role, is_refused in (("lam", True), ("unknown", False)):
        found = refused(
            admin.create_function,
            FunctionName="made",
            Role=f"arn:aws:iam::{ACCOUNT}:role/{role}",
            Code={"ZipFile": b"no zip"},
            Runtime="python3.13",
            Handler="app.handler",
            DeadLetterConfig={"TargetArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:failed"},
        )
        assert (found[2] == message) is is_refused


def test_lam_yaml_decides_as_soon_as_it_is_saved(tmp_path: Any) -> None:
    with opened(tmp_path) as project:
        project.function("echo", ECHO)
        project.write("keys.yaml", KEYS)
        project.start()
        lam_yaml = project.folder / "lam.yaml"
        plain, anybody = lam_yaml.read_text(), client(project, "test")
        assert anybody.list_functions()["Functions"]
        lam_yaml.write_text(plain + "auth: true\nkeys: keys.yaml\nidentities: {reader: []}\n")
        assert refused(anybody.list_functions)[0] == "UnrecognizedClientException"
        reader = client(project, READER)
        assert refused(reader.list_functions)[0] == "AccessDeniedException"
        lam_yaml.write_text(
            plain + "auth: true\nkeys: keys.yaml\nidentities: {reader: [AWSLambda_FullAccess]}\n"
        )
        assert reader.list_functions()["Functions"]
        # What cannot be read opens nothing.
        lam_yaml.write_text("auth: perhaps\n")
        assert refused(anybody.list_functions)[0] == "UnrecognizedClientException"
        lam_yaml.write_text(plain)
        assert anybody.list_functions()["Functions"]
        project.expected_errors.append("lam.yaml:1:7: auth:")


def page(address: str) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(address) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_a_request_without_a_signature_or_presigned(project: Project) -> None:
    unsigned = page(f"http://127.0.0.1:{project.port}/2015-03-31/functions/")
    assert (unsigned[0], unsigned[1]["message"]) == (403, "Missing Authentication Token")
    presigned = client(project, ADMIN).generate_presigned_url("list_functions", ExpiresIn=60)
    status, answer = page(presigned)
    assert (status, len(answer["Functions"])) == (200, 5)
    status, answer = page(presigned.replace("X-Amz-Expires=60", "X-Amz-Expires=600"))
    assert (status, answer["message"][:27]) == (403, "The request signature we ca")


def test_without_a_file_of_keys_there_is_no_start(tmp_path: Any) -> None:
    with opened(tmp_path) as project:
        project.function("echo", ECHO)
        failed = project.lam("start", "--detach", "--auth", "--port", "0", code=1)
        assert "keys.yaml does not exist; it holds the access keys" in failed.stderr
        file = project.write("mine.yaml", KEYS)
        project.lam("start", "--detach", "--auth", "--port", "0", more={"LAM_KEYS": str(file)})
        assert client(project, ADMIN).list_functions()["Functions"]
        assert refused(client(project, "test").list_functions)[0] == "UnrecognizedClientException"
        project.lam("start", "--auth", "--anonymous", code=2)


def ask_url(project: Project, function: str, key: str | None = None, secret: str = "") -> tuple[int, Any]:
    """By the path, signed if a key is given."""
    told = json.loads(project.lam("status", "--json").stdout)["urls"]
    (url,) = [each["url"] for each in told if each["function"] == function]
    url_id = url.removeprefix("http://").partition(".")[0]
    request = AWSRequest("GET", f"http://127.0.0.1:{project.port}/_url/{url_id}/a%20b?x=%20&y")
    if key is not None:
        SigV4Auth(Credentials(key, secret), "lambda", "us-east-1").add_auth(request)
    asked = urllib.request.Request(request.url, headers=dict(request.headers.items()))
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_a_url_with_iam_checks_who_signed(project: Project) -> None:
    status, event = ask_url(project, "site", ADMIN, "of-admin")
    assert status == 200
    assert event["requestContext"]["authorizer"]["iam"] == {
        "accessKey": ADMIN,
        "accountId": ACCOUNT,
        "callerId": ACCOUNT,
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": f"arn:aws:iam::{ACCOUNT}:root",
        "userId": ACCOUNT,
    }
    assert event["rawPath"] == "/a%20b"


@pytest.mark.parametrize(
    ("key", "secret", "message"),
    [
        pytest.param(None, "", "Forbidden. For trouble", id="nobody"),
        pytest.param(ADMIN, "wrong", "The request signature we calculated", id="a wrong secret"),
        pytest.param("AKIANOBODY", "x", "The security token included", id="an unknown key"),
        pytest.param(READER, "of-reader", "Forbidden. For trouble", id="a user without the right"),
        pytest.param(FOREIGNER, "of-foreigner", "Forbidden. For trouble", id="another account"),
    ],
)
def test_a_url_with_iam_refuses(project: Project, key: str | None, secret: str, message: str) -> None:
    status, told = ask_url(project, "site", key, secret)
    assert status == 403
    assert (told.get("Message") or told.get("message")).startswith(message)


def test_a_url_for_everybody_asks_nobody(project: Project) -> None:
    assert ask_url(project, "open")[0] == 200
