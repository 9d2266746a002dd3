"""A program of its own: one build by aws-lambda-builders, which starts tools as it likes."""

from __future__ import annotations

import json
import sys
from typing import Any


def main(asked: dict[str, Any]) -> int:
    # Of the extra `build`.
    from aws_lambda_builders.builder import LambdaBuilder
    from aws_lambda_builders.exceptions import LambdaBuilderError

    language, dependency_manager, framework = asked.pop("capability")
    try:
        builder = LambdaBuilder(language, dependency_manager, framework)
        builder.build(**asked)
    except LambdaBuilderError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    # Python puts the folder of a script first, where our modules' names would hide others.
    sys.path.pop(0)
    sys.exit(main(json.loads(sys.argv[1])))
