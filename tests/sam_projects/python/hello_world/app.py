import json

import iniconfig


def lambda_handler(event, context):
    return {
        "statusCode": 200,
        "body": json.dumps({"message": "hello world", "with": iniconfig.__name__}),
    }
