// Events as version 3 of Lambda's client serves them, up to nodejs22.x: callbacks, and answers that wait until the
// event loop is empty.
"use strict";

const context = require("./context.cjs");
const handlers = require("./handler.cjs");

const CALLBACK_WARNING =
  "AWS Lambda plans to remove support for callback-based function handlers starting with Node.js 24. You will need " +
  "to update this function to use an async handler to use Node.js 24 or later. For more information and to provide " +
  "feedback on this change, see https://github.com/aws/aws-lambda-nodejs-runtime-interface-client/issues/137. To " +
  "disable this warning, set the AWS_LAMBDA_NODEJS_DISABLE_CALLBACK_WARNING environment variable.";
const NEVER_SETTLED =
  "The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a Promise " +
  "that was never settled. For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes";

exports.prepare = handlers.offerStreaming;

exports.run = async function run(runtime) {
  await new Client(runtime).run();
};

class Client {
  #runtime;
  #found;
  #requestId = null; // of the invocation that an uncaught error belongs to
  #whenLoopIsEmpty = () => {};

  constructor(runtime) {
    this.#runtime = runtime;
  }

  async run() {
    const { errors, initialised, places, version } = this.#runtime;
    process.on("uncaughtException", (error) => this.#end("Uncaught Exception", error, 129));
    process.on("unhandledRejection", (reason, promise) => {
      const error = Object.assign(errors.make("UnhandledPromiseRejection", reason), { reason, promise });
      return this.#end("Unhandled Promise Rejection", error, 128);
    });
    process.on("beforeExit", () => this.#whenLoopIsEmpty());
    try {
      this.#found = await handlers.load(process.env._HANDLER, places, errors, true);
    } catch (error) {
      handlers.hint(error, this.#runtime);
      return this.#end("Uncaught Exception", error, 129);
    }
    const { handler, isStreaming } = this.#found;
    const isSilent = process.env.AWS_LAMBDA_NODEJS_DISABLE_CALLBACK_WARNING !== undefined;
    if (version === 22 && handler.length === 3 && !isAsync(handler) && !isStreaming && !isSilent) {
      console.warn(CALLBACK_WARNING);
    }
    initialised();
    this.#iterate();
  }

  #iterate() {
    const serve = this.#found.isStreaming ? (event) => this.#stream(event) : (event) => this.#serve(event);
    setImmediate(async () => {
      try {
        const event = await this.#runtime.api.next();
        this.#begin(event);
        await serve(event);
      } catch (error) {
        console.log(`Unexpected Top Level Error: ${error}`);
        this.#end("Uncaught Exception", error, 129, false);
      }
    });
  }

  #begin({ headers }) {
    const { log } = this.#runtime;
    this.#requestId = headers["lambda-runtime-aws-request-id"];
    log.requestId = this.#requestId;
    log.tenantId = headers["lambda-runtime-aws-tenant-id"];
  }

  // The process ends by an error of the function; whoever waits for an answer gets it.
  async #end(what, error, code, isLogged = true) {
    const { api, errors, log } = this.#runtime;
    if (isLogged) {
      log.failure(what, error);
    }
    const body = errors.body(error);
    const path = this.#requestId === null ? "init/error" : `invocation/${this.#requestId}/error`;
    await api.post(path, JSON.stringify(body), errors.headers(error, body, this.#requestId === null));
    process.exit(code);
  }

  // Invocations with one answer

  async #serve({ headers, body }) {
    const invocation = this.#invocation(this.#requestId);
    const { callback, whole, complete } = invocation;
    try {
      this.#whenLoopIsEmpty = () => {
        invocation.isComplete = true;
        if (isAsync(this.#found.handler)) {
          complete.error(this.#runtime.errors.make("NodeJsExit", NEVER_SETTLED));
        } else {
          complete.answer(null);
        }
      };
      context.setTrace(headers);
      Object.assign(whole, context.environmentMembers(), context.headerMembers(headers));
      const result = this.#found.handler(JSON.parse(body), whole, callback);
      if (typeof result?.then === "function") {
        result.then(whole.succeed, whole.fail).catch(whole.fail);
      }
    } catch (error) {
      callback(error);
    }
  }

  // The three ways in which a handler can end an invocation; only the first call counts.
  #invocation(requestId) {
    const { api, errors, log } = this.#runtime;
    const invocation = { isComplete: false };
    const finish = (verb, body, headers) => {
      const posted = api.finish(requestId, verb, body, headers);
      posted.then(() => this.#iterate(), (error) => this.#end("Uncaught Exception", error, 129));
    };
    const complete = {
      answer: (result) => finish("response", errors.serialised(result)),
      error: (error) => {
        log.failure("Invoke Error", error);
        const body = errors.body(error);
        finish("error", JSON.stringify(body), errors.headers(error, body, false));
      },
    };
    const answer = (result) => {
      if (invocation.isComplete) {
        console.error(
          "Invocation has already been reported as done. Cannot call complete more than once per invocation.",
        );
        return;
      }
      // A result that cannot be written is no answer: the error of that may still be told.
      const body = errors.serialised(result);
      invocation.isComplete = true;
      finish("response", body);
    };
    let waits = true;
    let isFinished = false;
    const once = (end) =>
      function (...values) {
        if (!isFinished) {
          end(...values);
          isFinished = true;
        }
      };
    const done = (error, result) => {
      this.#whenLoopIsEmpty = () => {};
      if (error !== undefined && error !== null) {
        complete.error(error);
      } else {
        answer(result);
      }
    };
    const whole = {
      get callbackWaitsForEmptyEventLoop() {
        return waits;
      },
      set callbackWaitsForEmptyEventLoop(value) {
        waits = value;
      },
      succeed: once((result) => done(null, result)),
      fail: once((error) => done(error ?? "handled")),
      done: once(done),
    };
    const callback = once((error, result) => {
      this.#whenLoopIsEmpty = () => {};
      if (error !== undefined && error !== null) {
        complete.error(error);
      } else if (waits) {
        this.#whenLoopIsEmpty = () => setImmediate(() => answer(result));
      } else {
        answer(result);
      }
    });
    return Object.assign(invocation, { callback, complete, whole });
  }

  // Invocations that answer by a stream

  async #stream({ headers, body }) {
    const { api, errors, log } = this.#runtime;
    const { open } = require("./streaming.cjs");
    const { stream, accepted, fail } = open(api, this.#requestId, this.#found.highWaterMark, errors);
    let waits = true;
    const whole = {
      get callbackWaitsForEmptyEventLoop() {
        return waits;
      },
      set callbackWaitsForEmptyEventLoop(value) {
        waits = value;
      },
    };
    const next = () => {
      this.#whenLoopIsEmpty = () => {};
      if (waits) {
        this.#whenLoopIsEmpty = () => setImmediate(() => this.#iterate());
      } else {
        this.#iterate();
      }
    };
    const failed = (error) => {
      log.failure("Invoke Error", error);
      fail(error, next);
    };
    this.#whenLoopIsEmpty = () => this.#iterate();
    try {
      context.setTrace(headers);
      Object.assign(whole, context.environmentMembers(), context.headerMembers(headers));
      const result = this.#found.handler(JSON.parse(body), stream, whole);
      if (typeof result?.then !== "function") {
        failed("Streaming does not support non-async handlers.");
        return;
      }
      if ((await result) !== undefined) {
        console.warn("Streaming handlers ignore return values.");
      }
      await accepted;
      if (!stream.writableFinished) {
        failed("Response stream is not finished.");
        return;
      }
      next();
    } catch (error) {
      failed(error);
    }
  }
}

function isAsync(handler) {
  return handler.constructor?.name === "AsyncFunction";
}
