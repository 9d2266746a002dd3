import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { gzipSync } from "node:zlib";

import { Hono } from "hono";
import { handle, streamHandle } from "hono/aws-lambda";
import { getCookie, setCookie } from "hono/cookie";
import { cors } from "hono/cors";
import { streamSSE } from "hono/streaming";

const PICTURE = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP438AAAAQBAYDFKhhdAAAAAElFTkSuQmCC",
  "base64"
);
const app = new Hono();

app.use(
  cors({
    origin: "http://page.example",
    allowMethods: ["GET", "PUT"],
    allowHeaders: ["x-token"],
    credentials: true,
  })
);

app.get("/", (c) => c.html("<h1>Käse & Brot</h1>"));
app.get("/items/:item", (c) => {
  const told = { item: c.req.param("item"), q: c.req.queries("q") ?? [] };
  return c.json(told, 200, { "x-framework": "hono" });
});
app.post("/json", async (c) => c.json(await c.req.json()));
app.post("/form", async (c) => {
  const form = await c.req.formData();
  return c.json({ name: form.get("name"), colour: form.getAll("colour") });
});
app.post("/upload", async (c) => {
  const form = await c.req.formData();
  const file = form.get("file");
  const data = Buffer.from(await file.arrayBuffer());
  return c.json({ name: file.name, note: form.get("note"), type: file.type, digest: digest(data) });
});
app.post("/measure", async (c) => {
  const data = Buffer.from(await c.req.arrayBuffer());
  return c.json({ length: data.length, digest: digest(data) });
});
app.get("/large", (c) => c.text("x".repeat(Number(c.req.query("length")))));
app.get("/picture", (c) => c.body(PICTURE, 200, { "content-type": "image/png" }));
app.get("/zipped", (c) => {
  const headers = { "content-type": "application/json", "content-encoding": "gzip" };
  return c.body(gzipSync('{"zipped": true}'), 200, headers);
});
app.get("/login", (c) => {
  setCookie(c, "user", "ada", { httpOnly: true });
  setCookie(c, "theme", "dark");
  return c.text("welcome");
});
app.get("/me", (c) => {
  return c.json({ user: getCookie(c, "user") ?? null, theme: getCookie(c, "theme") ?? null });
});
app.get("/old", (c) => c.redirect("items/7?q=moved"));
app.get("/broken", () => {
  throw new Error("broken on purpose");
});

// Its last event leaves when whoever listens at this port of the machine lets it.
app.get("/events", (c) =>
  streamSSE(c, async (stream) => {
    await stream.writeSSE({ event: "step", id: "1", data: "begun" });
    const gate = connect(Number(c.req.query("port")), "127.0.0.1");
    await once(gate, "data");
    gate.destroy();
    await stream.writeSSE({ event: "step", id: "2", data: "ended\nwell" });
  })
);

const digest = (data) => createHash("sha256").update(data).digest("hex");

export const buffered = handle(app);
export const streamed = streamHandle(app);
