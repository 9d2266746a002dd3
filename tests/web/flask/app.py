import base64
import gzip
import hashlib
import json

import serverless_wsgi
from apig_wsgi import make_lambda_handler
from flask import Flask, Response, jsonify, redirect, request
from flask_cors import CORS

PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP438AAAAQBAYDFKhhdAAAAAElFTkSuQmCC"
)

app = Flask(__name__)
CORS(
    app,
    origins=["http://page.example"],
    methods=["GET", "PUT"],
    allow_headers=["x-token"],
    supports_credentials=True,
)


@app.get("/")
def page():
    return "<h1>Käse & Brot</h1>"


@app.get("/items/<item>")
def item(item):
    return jsonify(item=item, q=request.args.getlist("q")), {"x-framework": "flask"}


@app.post("/json")
def take_json():
    return jsonify(request.get_json())


@app.post("/form")
def form():
    return jsonify(name=request.form["name"], colour=request.form.getlist("colour"))


@app.post("/upload")
def upload():
    file = request.files["file"]
    told = {"name": file.filename, "note": request.form["note"], "type": file.mimetype}
    return jsonify(told | {"digest": digest(file.read())})


@app.post("/measure")
def measure():
    data = request.get_data()
    return jsonify(length=len(data), digest=digest(data))


@app.get("/large")
def large():
    return Response("x" * int(request.args["length"]), mimetype="text/plain")


@app.get("/picture")
def picture():
    return Response(PICTURE, mimetype="image/png")


@app.get("/zipped")
def zipped():
    packed = gzip.compress(json.dumps({"zipped": True}).encode())
    return Response(packed, mimetype="application/json", headers={"content-encoding": "gzip"})


@app.get("/login")
def login():
    answer = Response("welcome", mimetype="text/plain")
    answer.set_cookie("user", "ada", httponly=True)
    answer.set_cookie("theme", "dark")
    return answer


@app.get("/me")
def me():
    return jsonify(user=request.cookies.get("user"), theme=request.cookies.get("theme"))


@app.get("/old")
def old():
    return redirect("items/7?q=moved")


@app.get("/broken")
def broken():
    raise ValueError("broken on purpose")


def digest(data):
    return hashlib.sha256(data).hexdigest()


def by_serverless_wsgi(event, context):
    return serverless_wsgi.handle_request(app, event, context)


by_apig_wsgi = make_lambda_handler(app, binary_support=True)
