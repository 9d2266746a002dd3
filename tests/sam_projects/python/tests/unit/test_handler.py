import json

from hello_world import app


def test_lambda_handler():
    assert json.loads(app.lambda_handler({}, None)["body"])["message"] == "hello world"
