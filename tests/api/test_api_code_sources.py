"""Where a function's code may come from, through the real boto3 client."""

from __future__ import annotations

import pytest

from tests.api_house import ACCOUNT, REGION, ROLE, zip_of

IPV = "InvalidParameterValueException"
NO_SOURCE = "Please provide a source for function code."
CREATE = {"FunctionName": "new", "Runtime": "python3.13", "Handler": "app.handler", "Role": ROLE}
OBJECT = {"S3Bucket": "code", "S3Key": "a/b.zip"}
OTHER_PACKAGE = zip_of(**{"app.py": "other"})


class Packages:
    """One object; keeps what it was asked for."""

    def __init__(self, package):
        self.package = package
        self.asked = []

    def fetch(self, bucket, key, version, region):
        self.asked.append((bucket, key, version, region))
        return self.package


def test_package_of_s3_is_kept_like_one_that_was_uploaded(house):
    house.packages = Packages(zip_of())
    uploaded = house.create("uploaded")
    fetched = house.create("fetched", Code=OBJECT)
    assert fetched["CodeSha256"] == uploaded["CodeSha256"]
    house.packages = Packages(OTHER_PACKAGE)
    updated = house.client.update_function_code(FunctionName="fetched", **OBJECT, S3ObjectVersion="v")
    assert updated["CodeSize"] == len(OTHER_PACKAGE)
    assert house.packages.asked == [("code", "a/b.zip", "v", REGION)]


def test_dry_run_looks_at_the_object_and_keeps_nothing(house, refused):
    house.create("f")
    before = house.functions.list_all()
    house.packages = Packages(OTHER_PACKAGE)
    answer = house.client.update_function_code(FunctionName="f", **OBJECT, DryRun=True)
    assert (answer["CodeSize"], house.functions.list_all()) == (len(OTHER_PACKAGE), before)
    house.packages = Packages(b"no zip")
    assert refused("update_function_code", FunctionName="f", **OBJECT, DryRun=True)[:2] == (IPV, 400)


def test_folder_is_shown_as_the_package_it_would_be_and_frozen_when_published(house, tmp_path):
    folder = tmp_path / "src"
    folder.mkdir()
    (folder / "app.py").write_text("x = 1")
    code = {"S3Bucket": "hot-reload", "S3Key": str(folder)}
    created = house.create("f", Code=code, Publish=True)
    assert created["Version"] == "1"
    (folder / "app.py").write_text("x = 22")
    latest = house.client.get_function(FunctionName="f")
    assert latest["Configuration"]["CodeSha256"] != created["CodeSha256"]
    assert f"/_code/folder/{ACCOUNT}/{REGION}/f.zip?" in latest["Code"]["Location"]
    version = house.client.get_function(FunctionName="f", Qualifier="1")["Configuration"]
    assert version["CodeSha256"] == created["CodeSha256"]
    assert house.functions.get(house.functions.list_all()[0].key, "1").was_folder
    published = house.client.update_function_code(FunctionName="f", **code, Publish=True)
    assert (published["Version"], published["CodeSha256"]) == ("2", latest["Configuration"]["CodeSha256"])
    trial = house.client.update_function_code(FunctionName="f", **code, DryRun=True)
    assert trial["CodeSha256"] == published["CodeSha256"]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ({"S3Bucket": "code"}, NO_SOURCE),
        ({"S3Key": "a/b.zip"}, NO_SOURCE),
        (
            OBJECT | {"ZipFile": OTHER_PACKAGE},
            "Please do not provide other FunctionCode parameters when providing a ZipFile.",
        ),
        (
            {"S3Bucket": "hot-reload", "S3Key": "relative"},
            "With S3Bucket hot-reload, S3Key must be the absolute path of the code's folder, not relative",
        ),
        (
            {"S3Bucket": "hot-reload", "S3Key": "/"},
            "With S3Bucket hot-reload, S3Key must be the absolute path of the code's folder, not /",
        ),
        (
            {"S3Bucket": "hot-reload", "S3Key": "/lam/is/not/here"},
            "With S3Bucket hot-reload, S3Key must be the path of a folder: /lam/is/not/here is none",
        ),
    ],
)
def test_source_is_refused_at_create_and_at_update(house, refused, code, message):
    assert refused("create_function", **CREATE, Code=code) == (IPV, 400, message)
    house.create("f")
    before = house.functions.list_all()
    assert refused("update_function_code", FunctionName="f", **code) == (IPV, 400, message)
    assert house.functions.list_all() == before


def test_image_is_no_source_of_a_zip_function(refused):
    assert refused("create_function", **CREATE, Code={"ImageUri": "image"}) == (
        IPV,
        400,
        "Please don't provide ImageUri when creating a function with packageType Zip.",
    )


@pytest.mark.parametrize(
    ("member", "value", "named"),
    [
        ("PublishTo", "LATEST_PUBLISHED", "PublishTo"),
        ("SourceKMSKeyArn", "arn:aws:kms:us-east-1:000000000000:key/k", "SourceKMSKeyArn"),
        ("S3ObjectStorageMode", "REFERENCE", "S3ObjectStorageMode REFERENCE"),
    ],
)
def test_update_with_what_is_not_built_is_refused_by_name(house, refused, member, value, named):
    house.create("f")
    refusal = refused("update_function_code", FunctionName="f", ZipFile=OTHER_PACKAGE, **{member: value})
    assert refusal[::2] == (
        "NotBuiltException",
        f"{named} is not built into lam yet: leave it out, or give its default.",
    )
