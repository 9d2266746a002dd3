import base64
import email
import hashlib
import json
from functools import partial
from urllib.parse import parse_qs, unquote

from aws_lambda_powertools.event_handler import (
    ALBResolver,
    APIGatewayHttpResolver,
    APIGatewayRestResolver,
    CORSConfig,
    LambdaFunctionUrlResolver,
    Response,
)
from aws_lambda_powertools.event_handler.exceptions import InternalServerError
from aws_lambda_powertools.event_handler.router import Router
from aws_lambda_powertools.shared.cookies import Cookie

PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP438AAAAQBAYDFKhhdAAAAAElFTkSuQmCC"
)

router = Router()


@router.get("/")
def page():
    return Response(200, "text/html; charset=utf-8", "<h1>Käse & Brot</h1>")


@router.route("/items/<item>", method=["GET", "HEAD"])
def item(item):
    told = {"item": unquote(item), "q": query().get("q", [])}
    return Response(200, "application/json", json.dumps(told), headers={"x-framework": "powertools"})


@router.post("/json")
def take_json():
    return router.current_event.json_body


@router.post("/form")
def form():
    fields = parse_qs(sent().decode())
    return {"name": fields["name"][0], "colour": fields["colour"]}


@router.post("/upload")
def upload():
    content_type = header("content-type")
    message = email.message_from_bytes(f"content-type: {content_type}\r\n\r\n".encode() + sent())
    parts = {part.get_param("name", header="content-disposition"): part for part in message.get_payload()}
    file, note = parts["file"], parts["note"]
    return {
        "name": file.get_filename(),
        "note": note.get_payload(decode=True).decode(),
        "type": file.get_content_type(),
        "digest": digest(file.get_payload(decode=True)),
    }


@router.post("/measure")
def measure():
    return {"length": len(sent()), "digest": digest(sent())}


@router.get("/large")
def large():
    return Response(200, "text/plain", "x" * int(query()["length"][0]))


@router.get("/picture")
def picture():
    return Response(200, "image/png", PICTURE)


@router.get("/zipped", compress=True)
def zipped():
    return {"zipped": True}


@router.get("/login")
def login():
    cookies = [Cookie("user", "ada", http_only=True), Cookie("theme", "dark")]
    return Response(200, "text/plain", "welcome", cookies=cookies)


@router.get("/me")
def me():
    cookies = router.current_event.raw_event.get("cookies") or header("cookie").split("; ")
    pairs = dict(each.split("=") for each in cookies if each)
    return {"user": pairs.get("user"), "theme": pairs.get("theme")}


@router.get("/old")
def old():
    return Response(302, headers={"location": "items/7?q=moved"})


@router.get("/broken")
def broken():
    raise InternalServerError("broken on purpose")


def query():
    return router.current_event.resolved_query_string_parameters


def header(name):
    """A load balancer that has all values tells them in a list."""
    values = router.current_event.resolved_headers_field.get(name, "")
    return values[0] if isinstance(values, list) else values


def sent():
    event = router.current_event
    body = event.body or ""
    return base64.b64decode(body) if event.is_base64_encoded else body.encode()


def digest(data):
    return hashlib.sha256(data).hexdigest()


def resolved(resolver):
    cors = CORSConfig("http://page.example", allow_headers=["x-token"], allow_credentials=True)
    app = resolver(cors=cors)
    app.include_router(router)
    return app.resolve


by_url = resolved(LambdaFunctionUrlResolver)
by_http = resolved(APIGatewayHttpResolver)
by_rest = resolved(APIGatewayRestResolver)
by_alb = resolved(partial(ALBResolver, decode_query_parameters=True))
