// Events as version 4 of Lambda's client serves them, from nodejs24.x on: async handlers, no callbacks; what is not
// caught ends the process as in any Node.js program.
"use strict";

const context = require("./context.cjs");
const handlers = require("./handler.cjs");

const CALLBACK_REFUSED =
  "ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need to " +
  "modify this function to use a supported handler signature to use Node.js 24 or later. For more information see " +
  "https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.";

const nextTurn = () => new Promise((go) => setImmediate(go));

exports.prepare = function prepare() {
  if (!["1", "true"].includes(process.env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA)) {
    globalThis.awslambda = { ...globalThis.awslambda, InvokeStore: store };
  }
  handlers.offerStreaming();
};

exports.run = async function run(runtime) {
  const { api, errors, initialised, log, places } = runtime;
  log.requestId = "-";
  let found;
  try {
    found = await handlers.load(process.env._HANDLER, places, errors, false);
    if (found.handler.length >= 3 && !found.isStreaming) {
      throw errors.make("CallbackHandlerDeprecated", CALLBACK_REFUSED);
    }
  } catch (error) {
    handlers.hint(error, runtime);
    log.failure("Init Error", error);
    // As Node.js tells what ends it; before the post, for the platform ends a runtime that could not start.
    const { inspect } = require("node:util");
    process.stderr.write(`${places.inside(inspect(error))}\n\nNode.js ${process.version}\n`);
    const body = errors.body(error);
    await api.post("init/error", JSON.stringify(body), errors.headers(error, body, true));
    process.exit(1);
  }
  initialised();
  for (;;) {
    const { headers, body } = await api.next();
    const whole = context.wholeContext(headers, errors);
    context.setTrace(headers);
    const event = JSON.parse(body);
    log.requestId = whole.awsRequestId;
    log.tenantId = whole.tenantId;
    const names = { [REQUEST_ID]: whole.awsRequestId, [TRACE_ID]: whole.xRayTraceId };
    await store.run(names, () => (found.isStreaming ? stream : serve)(runtime, found, event, whole));
  }
};

async function serve({ api, errors, log }, { handler }, event, whole) {
  const requestId = whole.awsRequestId;
  try {
    const result = await handler(event, whole);
    await nextTurn();
    await api.finish(requestId, "response", errors.serialised(result));
  } catch (error) {
    await nextTurn();
    log.failure("Invoke Error", error);
    const body = errors.body(error);
    await api.finish(requestId, "error", JSON.stringify(body), errors.headers(error, body, false));
  }
}

async function stream({ api, errors, log }, { handler, highWaterMark }, event, whole) {
  const { open } = require("./streaming.cjs");
  const { stream, accepted, fail } = open(api, whole.awsRequestId, highWaterMark, errors);
  try {
    const result = handler(event, stream, whole);
    if (typeof result?.then !== "function") {
      throw new Error("Streaming does not support non-async handlers.");
    }
    if ((await result) !== undefined) {
      console.warn("Streaming handlers ignore return values.");
    }
    await accepted;
    if (!stream.writableFinished) {
      throw new Error("Response stream is not finished.");
    }
  } catch (error) {
    await nextTurn();
    log.failure("Invoke Error", error);
    await new Promise((ended) => fail(error, ended));
    await accepted;
  }
}

// What libraries ask for the running invocation: `awslambda.InvokeStore`.

const REQUEST_ID = Symbol.for("_AWS_LAMBDA_REQUEST_ID");
const TRACE_ID = Symbol.for("_AWS_LAMBDA_X_RAY_TRACE_ID");
const TENANT_ID = Symbol.for("_AWS_LAMBDA_TENANT_ID");

class InvokeStore {
  #context;

  getContext() {
    return this.#context;
  }

  hasContext() {
    return this.#context !== undefined;
  }

  isProtectedKey(key) {
    return [REQUEST_ID, TRACE_ID, TENANT_ID].includes(key);
  }

  get(key) {
    return this.#context?.[key];
  }

  set(key, value) {
    if (this.isProtectedKey(key)) {
      throw new Error(`Cannot modify protected Lambda context field: ${String(key)}`);
    }
    this.#context = this.#context ?? {};
    this.#context[key] = value;
  }

  getRequestId() {
    return this.get(REQUEST_ID) ?? "-";
  }

  getXRayTraceId() {
    return this.get(TRACE_ID);
  }

  getTenantId() {
    return this.get(TENANT_ID);
  }

  run(context, work) {
    this.#context = context;
    return work();
  }
}

const store = new InvokeStore();
