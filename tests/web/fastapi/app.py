import base64
import gzip
import hashlib
import json
from typing import Annotated

from fastapi import Body, Cookie, FastAPI, File, Form, Query, Request, Response, UploadFile
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse
from mangum import Mangum

PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP438AAAAQBAYDFKhhdAAAAAElFTkSuQmCC"
)

app = FastAPI()
app.add_middleware(GZipMiddleware, minimum_size=100_000)
app.add_middleware(
    CORSMiddleware,
    allow_origins=["http://page.example"],
    allow_methods=["GET", "PUT"],
    allow_headers=["x-token"],
    allow_credentials=True,
)


@app.get("/", response_class=HTMLResponse)
def page():
    return "<h1>Käse & Brot</h1>"


@app.api_route("/items/{item}", methods=["GET", "HEAD"])
def item(item: str, q: Annotated[list[str] | None, Query()] = None):
    return JSONResponse({"item": item, "q": q or []}, headers={"x-framework": "fastapi"})


@app.post("/json")
def take_json(document: Annotated[dict, Body()]):
    return document


@app.post("/form")
def form(name: Annotated[str, Form()], colour: Annotated[list[str], Form()]):
    return {"name": name, "colour": colour}


@app.post("/upload")
def upload(file: Annotated[UploadFile, File()], note: Annotated[str, Form()]):
    data = file.file.read()
    return {"name": file.filename, "note": note, "type": file.content_type, "digest": digest(data)}


@app.post("/measure")
async def measure(request: Request):
    data = await request.body()
    return {"length": len(data), "digest": digest(data)}


@app.get("/large", response_class=PlainTextResponse)
def large(length: int):
    # Already encoded, so that the middleware leaves it as it is.
    return PlainTextResponse("x" * length, headers={"content-encoding": "identity"})


@app.get("/picture")
def picture():
    return Response(PICTURE, media_type="image/png")


@app.get("/zipped")
def zipped():
    packed = gzip.compress(json.dumps({"zipped": True}).encode())
    return Response(packed, media_type="application/json", headers={"content-encoding": "gzip"})


@app.get("/login")
def login():
    answer = PlainTextResponse("welcome")
    answer.set_cookie("user", "ada", httponly=True)
    answer.set_cookie("theme", "dark", path="/")
    return answer


@app.get("/me")
def me(user: Annotated[str | None, Cookie()] = None, theme: Annotated[str | None, Cookie()] = None):
    return {"user": user, "theme": theme}


@app.get("/old")
def old():
    return RedirectResponse("items/7?q=moved", 302)


@app.get("/broken")
def broken():
    raise ValueError("broken on purpose")


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


handler = Mangum(app)
