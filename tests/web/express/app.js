const { createHash } = require("node:crypto");
const { gzipSync } = require("node:zlib");

const serverlessExpress = require("@codegenie/serverless-express");
const cors = require("cors");
const express = require("express");
const multer = require("multer");
const serverlessHttp = require("serverless-http");

const PICTURE = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP438AAAAQBAYDFKhhdAAAAAElFTkSuQmCC",
  "base64"
);
const app = express();
const take = { limit: "6mb" };

app.use(
  cors({
    origin: "http://page.example",
    methods: ["GET", "PUT"],
    allowedHeaders: ["x-token"],
    credentials: true,
  })
);

app.get("/", (request, answer) => answer.send("<h1>Käse & Brot</h1>"));
app.get("/items/:item", (request, answer) => {
  const { q = [] } = request.query;
  answer.set("x-framework", "express").json({ item: request.params.item, q: [q].flat() });
});
app.post("/json", express.json(take), (request, answer) => answer.json(request.body));
app.post("/form", express.urlencoded(), (request, answer) => {
  answer.json({ name: request.body.name, colour: request.body.colour });
});
app.post("/upload", multer().single("file"), (request, answer) => {
  const { originalname, mimetype, buffer } = request.file;
  answer.json({ name: originalname, note: request.body.note, type: mimetype, digest: digest(buffer) });
});
app.post("/measure", express.raw({ ...take, type: () => true }), (request, answer) => {
  answer.json({ length: request.body.length, digest: digest(request.body) });
});
app.get("/large", (request, answer) => answer.type("text").send("x".repeat(Number(request.query.length))));
app.get("/picture", (request, answer) => answer.type("png").send(PICTURE));
app.get("/zipped", (request, answer) => {
  answer.type("json").set("content-encoding", "gzip").send(gzipSync('{"zipped": true}'));
});
app.get("/login", (request, answer) => {
  answer.cookie("user", "ada", { httpOnly: true }).cookie("theme", "dark").type("text").send("welcome");
});
app.get("/me", (request, answer) => {
  const pairs = (request.get("cookie") ?? "").split("; ").map((each) => each.split("="));
  const { user = null, theme = null } = Object.fromEntries(pairs);
  answer.json({ user, theme });
});
app.get("/old", (request, answer) => answer.redirect("items/7?q=moved"));
app.get("/broken", () => {
  throw new Error("broken on purpose");
});

// Express's own last handlers need a socket, which serverless-express 4.16 and 4.17 do not give.
app.use((request, answer) => answer.status(404).send(`nothing at ${request.path}`));
app.use((error, request, answer, next) => answer.status(500).send(error.message));

const digest = (data) => createHash("sha256").update(data).digest("hex");

exports.byServerlessExpress = serverlessExpress({ app });
exports.byServerlessHttp = serverlessHttp(app, { binary: ["image/*", "application/json"] });
