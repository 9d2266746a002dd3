"""Every operation is answered: built, or refused by name; what nobody expected is told and logged."""

from __future__ import annotations

import importlib
import json
import logging
from pathlib import Path
from urllib.parse import urlencode

import pytest
from botocore import xform_name

from lambdacli.api.built import BUILT, MODULES
from lambdacli.api.dispatch import Api
from lambdacli.api.operations import unsupported
from lambdacli.model.errors import MissingAuthenticationTokenException, ResourceConflictException
from tests import coverage_table
from tests.api.conftest import public_functions


def test_every_operation_of_the_model_is_built_or_called_unsupported(model):
    assert BUILT.keys() | unsupported.NAMES == model.operations.keys()
    assert not BUILT.keys() & unsupported.NAMES


@pytest.mark.parametrize("name", sorted(MODULES))
def test_every_function_of_an_operations_module_is_one_that_is_answered(name):
    module = importlib.import_module(f"lambdacli.api.operations.{name}")
    assert public_functions(module) == {xform_name(operation) for operation in MODULES[name]}


def test_every_operations_module_is_in_the_table():
    files = {file.stem for file in Path(unsupported.__file__).parent.glob("*.py")}
    assert files == MODULES.keys() | {"__init__", "context", "unsupported"}


def test_an_operation_stands_in_one_module():
    assert len(BUILT) == sum(map(len, MODULES.values()))


def test_the_coverage_table_is_made_from_the_code(model):
    assert coverage_table.FILE.read_text() == coverage_table.document(model), "write it with `make coverage`"


@pytest.mark.parametrize("name", sorted(unsupported.NAMES))
def test_operation_that_is_not_built_is_named_with_what_to_do(house, model, name):
    operation = model.operations[name]
    path = "/".join("x" if segment.startswith("{") else segment for segment in operation.segments)
    response = house.send(operation.method, f"/{path}", urlencode(operation.literal_query))
    assert response.status == 501
    assert response.headers["x-amzn-ErrorType"] == "NotBuiltException"
    message = json.loads(response.body)["message"]
    assert message.startswith(f"lam does not answer {name}. ")
    assert "not built into lam" in message


def test_operation_that_a_newer_botocore_adds_is_named_too():
    assert unsupported.explanation("AddedTomorrow").startswith("lam does not answer AddedTomorrow. ")


@pytest.mark.parametrize(
    ("operation", "advice"),
    [
        ("StopDurableExecution", "Run the function that needs them on AWS"),
        ("CreateCapacityProvider", "Leave CapacityProviderConfig out"),
    ],
)
def test_what_lam_will_not_have_is_said_with_a_way_out(operation, advice):
    assert advice in unsupported.explanation(operation)


def test_unknown_path_is_named(house):
    response = house.send("PATCH", "/2015-03-31/nowhere%20")
    assert response.status == 404
    assert response.headers["x-amzn-ErrorType"] == "UnknownOperationException"
    assert "PATCH /2015-03-31/nowhere%20" in json.loads(response.body)["message"]


def test_every_answer_carries_an_id_of_its_own(house):
    ids = {
        house.send(method, path).headers["x-amzn-RequestId"]
        for method, path in [
            ("GET", "/2015-03-31/functions"),
            ("GET", "/2015-03-31/functions/nope"),
            ("GET", "/nowhere"),
        ]
    }
    assert len(ids) == 3


def test_unexpected_failure_is_answered_and_logged_under_one_id(house, caplog):
    house.functions.list = None
    with caplog.at_level(logging.ERROR):
        response = house.send("GET", "/2015-03-31/functions")
    request_id = response.headers["x-amzn-RequestId"]
    assert response.status == 500
    assert response.headers["x-amzn-ErrorType"] == "ServiceException"
    assert request_id in json.loads(response.body)["Message"]
    assert request_id in caplog.text
    assert "TypeError" in caplog.text


def test_error_that_cannot_be_told_is_an_unexpected_failure(house):
    house.functions.get = raising(ResourceConflictException("m", NoSuchMember="x"))
    response = house.send("GET", "/2015-03-31/functions/f")
    assert response.headers["x-amzn-ErrorType"] == "ServiceException"


def test_caller_may_be_refused_before_anything_else(house, model):
    house.api = Api(model, raising(MissingAuthenticationTokenException("Missing Authentication Token")))
    response = house.send("GET", "/2015-03-31/functions")
    assert response.status == 403
    assert response.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"


def raising(error):
    def raises(*_):
        raise error

    return raises


def test_body_that_is_no_json_is_a_serialization_error(house):
    response = house.send("POST", "/2015-03-31/functions", body=b"{")
    assert response.status == 400
    assert response.headers["x-amzn-ErrorType"] == "SerializationException"


@pytest.mark.parametrize(
    "more", [{"is_body_too_large": True}, {"body": b" " * 70_167_212}], ids=["door", "length"]
)
def test_request_over_the_limit_is_refused(house, more):
    response = house.send("POST", "/2015-03-31/functions", **more)
    assert response.status == 413
    assert json.loads(response.body)["message"] == (
        "Request must be smaller than 70167211 bytes for the CreateFunction operation"
    )


def test_validation_comes_before_existence(refused):
    assert refused("get_function", FunctionName="nope", Qualifier="invalid!")[0] == "ValidationException"
