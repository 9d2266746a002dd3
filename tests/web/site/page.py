import base64
import html
from pathlib import Path
from urllib.parse import parse_qs

HERE = Path(__file__).parent
PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP438AAAAQBAYDFKhhdAAAAAElFTkSuQmCC"


def handler(event, context):
    asked = event["requestContext"]["http"]["method"], event["rawPath"]
    if asked == ("GET", "/"):
        return shown(event)
    if asked == ("POST", "/order"):
        return ordered(event)
    if asked == ("GET", "/page.js"):
        script = (HERE / "page.js").read_text()
        return {"statusCode": 200, "headers": {"content-type": "text/javascript"}, "body": script}
    if asked == ("GET", "/picture.png"):
        headers = {"content-type": "image/png", "cache-control": "max-age=60"}
        return {"statusCode": 200, "headers": headers, "body": PICTURE, "isBase64Encoded": True}
    return {"statusCode": 404, "body": "there is no such page"}


def shown(event):
    cookies = dict(each.split("=", 1) for each in event.get("cookies", []))
    last = (event.get("queryStringParameters") or {}).get("ordered", "nothing")
    page = (HERE / "page.html").read_text()
    page = page.replace("{{ordered}}", html.escape(last)).replace(
        "{{visitor}}", cookies.get("visitor", "new")
    )
    return {"statusCode": 200, "headers": {"content-type": "text/html; charset=utf-8"}, "body": page}


def ordered(event):
    form = base64.b64decode(event["body"]) if event["isBase64Encoded"] else event["body"].encode()
    (what,) = parse_qs(form.decode())["what"]
    location = "./?ordered=" + "".join(f"%{each:02X}" for each in what.encode())
    return {"statusCode": 303, "headers": {"location": location}, "cookies": ["visitor=known; HttpOnly"]}
