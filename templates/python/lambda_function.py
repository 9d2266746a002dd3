def lambda_handler(event, context):
    print(f"request {context.aws_request_id}: {len(event)} keys")
    return {"message": f"Hello, {event.get('key1', 'world')}!"}
