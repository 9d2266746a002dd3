import assert from "node:assert";
import test from "node:test";
import { lambdaHandler } from "../../app.mjs";

test("says hello", async () => assert.equal((await lambdaHandler({}, {})).statusCode, 200));
