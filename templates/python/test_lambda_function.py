import json
import unittest
from pathlib import Path
from types import SimpleNamespace

from lambda_function import lambda_handler

CONTEXT = SimpleNamespace(aws_request_id="test")


class LambdaHandlerTest(unittest.TestCase):
    def test_greets_the_first_key_of_the_sample_event(self):
        event = json.loads((Path(__file__).parent / "events" / "event.json").read_text())
        self.assertEqual(lambda_handler(event, CONTEXT), {"message": "Hello, value1!"})

    def test_greets_the_world_without_a_key(self):
        self.assertEqual(lambda_handler({}, CONTEXT), {"message": "Hello, world!"})


if __name__ == "__main__":
    unittest.main()
