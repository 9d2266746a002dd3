"""A stack within a stack: its functions run under all their names, and follow its own template."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.house import PYTHON_RUNTIME, Project, opened, wait_until

pytestmark = pytest.mark.real

PARENT = """\
Resources:
  Child:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: child/template.yaml, Parameters: {Greeting: hello}}
"""
CHILD = f"""\
Transform: AWS::Serverless-2016-10-31
Parameters: {{Greeting: {{Type: String}}}}
Resources:
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler
      Runtime: {PYTHON_RUNTIME}
      Environment: {{Variables: {{GREETING: !Ref Greeting}}}}
"""
CODE = "import os\n\ndef handler(event, context):\n    return os.environ['GREETING']\n"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Project]:
    for name, text in (("template.yaml", PARENT), ("child/template.yaml", CHILD), ("child/app.py", CODE)):
        file = tmp_path / "shop" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    with opened(tmp_path, tmp_path / "shop") as project:
        yield project


def test_a_function_of_a_nested_stack_answers_to_its_names_and_follows_its_template(service):
    answers = [
        service.lam("invoke", name).stdout for name in ("Child/Function", "Function", "Child-Function")
    ]
    assert answers == ['"hello"'] * 3
    service.write("child/template.yaml", CHILD.replace("!Ref Greeting", '!Sub "${Greeting} again"'))
    wait_until(
        lambda: service.lam("invoke", "Child/Function").stdout == '"hello again"', "the change is taken in"
    )
