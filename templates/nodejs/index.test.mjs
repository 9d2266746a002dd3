import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { handler } from "./index.mjs";

const context = { awsRequestId: "test" };

test("greets the first key of the sample event", async () => {
  const event = JSON.parse(await readFile(new URL("events/event.json", import.meta.url), "utf8"));
  assert.deepEqual(await handler(event, context), { message: "Hello, value1!" });
});

test("greets the world without a key", async () => {
  assert.deepEqual(await handler({}, context), { message: "Hello, world!" });
});
