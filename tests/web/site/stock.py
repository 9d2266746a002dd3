import json


def handler(event, context):
    headers = {"content-type": "application/json", "x-answered-by": event["headers"]["x-token"]}
    return {"statusCode": 200, "headers": headers, "body": json.dumps(json.loads(event["body"]))}
