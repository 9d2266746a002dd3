"""`lam layer`: what is sent, what is printed, and what is refused before anything is sent."""

from __future__ import annotations

import base64
import io
import json
import zipfile

import pytest
from fake_service import Scripted

LAYERS = "/2018-10-31/layers"
ARN = "arn:aws:lambda:us-east-1:000000000000:layer:tools"
VERSION = {
    "LayerVersionArn": f"{ARN}:2",
    "Version": 2,
    "Description": "d",
    "CreatedDate": "2026-11-21T09:00:00.000+0000",
    "CompatibleRuntimes": ["python3.13", "python3.14"],
}
FULL = {
    "Content": {"Location": "file:///state/x/package.zip", "CodeSha256": "c2hh", "CodeSize": 12},
    "LayerArn": ARN,
    **VERSION,
    "LicenseInfo": "MIT",
    "CompatibleArchitectures": ["arm64"],
}


def answer(service, method, path, value, status=200):
    service.answers[method, path] = Scripted(status, json.dumps(value).encode())


def sent(service, method):
    return [json.loads(seen.body) for seen in service.calls("/2018-10-31/") if seen.method == method]


@pytest.fixture
def one(service):
    answer(service, "GET", LAYERS, {"Layers": [{"LayerName": "tools", "LatestMatchingVersion": VERSION}]})
    answer(service, "GET", f"{LAYERS}/tools/versions", {"LayerVersions": [VERSION]})
    answer(service, "GET", f"{LAYERS}/tools/versions/2", FULL)
    answer(service, "GET", f"{LAYERS}/tools/versions/2/policy", {"message": "none"}, 404)
    return service


def test_a_folder_is_packed_and_published(lam, project, service):
    (project / "layer" / "python").mkdir(parents=True)
    (project / "layer" / "python" / "x.py").write_text("x = 1\n")
    answer(service, "POST", f"{LAYERS}/tools/versions", FULL, 201)
    result = lam(
        *("layer", "publish", "tools", "layer", "--runtime", "python3.13", "--runtime", "python3.14"),
        *("--architecture", "arm64", "--description", "d", "--license", "MIT"),
    )
    assert (result.exit_code, result.out, result.err) == (0, f"{ARN}:2\n", "")
    (members,) = sent(service, "POST")
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(members.pop("Content")["ZipFile"]))) as package:
        assert package.namelist() == ["python/x.py"]
    assert members == {
        "CompatibleRuntimes": ["python3.13", "python3.14"],
        "CompatibleArchitectures": ["arm64"],
        "Description": "d",
        "LicenseInfo": "MIT",
    }


def test_a_zip_is_published_as_it_is(lam, project, service):
    (project / "layer.zip").write_bytes(b"as it is")
    answer(service, "POST", f"{LAYERS}/tools/versions", FULL, 201)
    assert lam("layer", "publish", "tools", "layer.zip", "--query", "Version").out == "2\n"
    assert sent(service, "POST") == [{"Content": {"ZipFile": base64.b64encode(b"as it is").decode()}}]


def test_lists(lam, one):
    assert lam("layer", "list").out == (
        "NAME   VERSION  RUNTIMES                CREATED                       DESCRIPTION\n"
        "tools  2        python3.13, python3.14  2026-11-21T09:00:00.000+0000  d\n"
    )
    assert lam("layer", "list", "tools").out == (
        "VERSION  RUNTIMES                CREATED                       DESCRIPTION\n"
        "2        python3.13, python3.14  2026-11-21T09:00:00.000+0000  d\n"
    )
    assert lam("layer", "list", "--query", "Layers[].LayerName", "--output", "text").out == "tools\n"


def test_lists_of_nothing(lam, service):
    answer(service, "GET", LAYERS, {"Layers": []})
    answer(service, "GET", f"{LAYERS}/tools/versions", {"LayerVersions": []})
    assert lam("layer", "list").err == "no layers yet: `lam layer publish NAME PATH` makes one\n"
    for words in (["list", "tools"], ["show", "tools"]):
        result = lam("layer", *words)
        assert (result.exit_code, result.out, result.err) == (
            1,
            "",
            "error: there is no version of a layer tools\n\nhint: `lam layer list` shows what there is\n",
        )


def test_all_pages_are_asked_for(lam, service):
    pages = iter([{"Layers": [], "NextMarker": "m"}, {"Layers": []}])
    service.answers["GET", LAYERS] = Scripted(body=b"")
    service.answer = lambda seen, usual=service.answer: (
        Scripted(body=json.dumps(next(pages)).encode()) if seen.target.startswith(LAYERS) else usual(seen)
    )
    lam("layer", "list")
    assert [seen.target for seen in service.calls("/2018-10-31/")] == [LAYERS, f"{LAYERS}?Marker=m"]


@pytest.mark.parametrize("name", ["tools", "tools:2"])
def test_show(lam, one, name):
    assert lam("layer", "show", name).out == (
        "arn            arn:aws:lambda:us-east-1:000000000000:layer:tools:2\n"
        "description    d\n"
        "runtimes       python3.13, python3.14\n"
        "architectures  arm64\n"
        "licence        MIT\n"
        "size           12 bytes\n"
        "sha256         c2hh\n"
        "zip            /state/x/package.zip\n"
        "created        2026-11-21T09:00:00.000+0000\n"
    )


def test_an_arn_is_sent_whole(lam, service):
    lam("layer", "delete", f"{ARN}:2")
    escaped = ARN.replace(":", "%3A")
    (seen,) = service.calls("/2018-10-31/")
    assert (seen.method, seen.target) == ("DELETE", f"{LAYERS}/{escaped}/versions/2")


def test_a_permission_is_told_as_it_was_stored(lam, service):
    statement = {"Sid": "s", "Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}
    stored = {"Statement": json.dumps(statement), "RevisionId": "r"}
    answer(service, "POST", f"{LAYERS}/tools/versions/2/policy", stored, 201)
    result = lam("layer", "permit", "tools:2", "--principal", "*", "--organization", "o-1")
    assert (result.exit_code, result.err) == (0, "permitted everyone in o-1 (s) to use tools:2\n")
    (members,) = sent(service, "POST")
    assert members.pop("StatementId").startswith("lam-")
    assert members == {"Action": "lambda:GetLayerVersion", "Principal": "*", "OrganizationId": "o-1"}


@pytest.mark.parametrize(
    ("words", "exit_code", "err"),
    [
        (
            ["publish", "tools", "gone"],
            1,
            "error: gone does not exist\n\nhint: name the folder or .zip that is to become /opt\n",
        ),
        (
            ["delete", "tools"],
            2,
            "error: tools names no version\n\nhint: write it as tools:1; `lam layer list` shows them\n",
        ),
        (
            ["show", "to ols"],
            2,
            "error: to ols names no layer\n\nhint: write NAME, NAME:VERSION or an ARN\n",
        ),
        (
            ["permit", "tools:1"],
            2,
            "error: missing option '--principal'\n\nhint: `lam layer permit --help` shows what there is\n",
        ),
    ],
)
def test_a_mistake_is_told_before_anything_is_sent(lam, service, words, exit_code, err):
    result = lam("layer", *words)
    assert (result.exit_code, result.out, result.err) == (exit_code, "", err)
    assert service.calls("/2018-10-31/") == []
