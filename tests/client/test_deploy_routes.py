"""The REST calls of a deployment are those of botocore's model."""

from __future__ import annotations

import re

import botocore.session
import pytest

from lambdacli.client.deploy.rest import ROUTES, request_of

MODEL = botocore.session.get_session().get_service_model("lambda")


@pytest.mark.parametrize("operation", sorted(ROUTES))
def test_a_route_is_the_models(operation):
    route, model = ROUTES[operation], MODEL.operation_model(operation)
    assert route.method == model.http["method"]
    assert route.path.rstrip("/") == model.http["requestUri"].rstrip("/")
    members = model.input_shape.members
    in_query = {
        name: shape.serialization["name"]
        for name, shape in members.items()
        if shape.serialization.get("location") == "querystring"
    }
    for name in route.query:
        assert in_query[name] == (route.names or {}).get(name, name)
    assert set(re.findall(r"{(\w+)}", route.path)) <= set(members)


def test_bytes_go_as_base64_and_members_of_the_path_not_in_the_body():
    method, target, members = request_of("UpdateFunctionCode", {"FunctionName": "a b", "ZipFile": b"PK"})
    assert (method, target) == ("PUT", "/2015-03-31/functions/a%20b/code")
    assert members == {"ZipFile": "UEs="}


def test_lists_in_the_query_are_repeated():
    _, target, members = request_of("UntagResource", {"Resource": "arn:x", "TagKeys": ["a", "b"]})
    assert target.endswith("?tagKeys=a&tagKeys=b") and members is None
