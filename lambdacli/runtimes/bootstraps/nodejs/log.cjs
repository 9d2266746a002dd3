// The console as Lambda patches it: each call is one record on the platform's framed channel, or one line.
"use strict";

const fs = require("node:fs");
const { format } = require("node:util");

const LEVELS = { TRACE: 1, DEBUG: 2, INFO: 3, WARN: 4, ERROR: 5, FATAL: 6 };
const FRAME_TEXT = 0xa55a0003;
const FRAME_JSON = 0xa55a0002;
const FRAME_HEAD_BYTES = 16;

exports.Log = class Log {
  #places;
  #errors;
  #descriptor;
  #isJson;

  constructor(places, errors) {
    this.requestId = undefined; // version 4 writes it as a dash
    this.tenantId = undefined;
    this.#places = places;
    this.#errors = errors;
    const channel = process.env._LAMBDA_TELEMETRY_LOG_FD;
    delete process.env._LAMBDA_TELEMETRY_LOG_FD;
    this.#descriptor = channel === undefined ? null : Number(channel);
    this.#isJson = process.env.AWS_LAMBDA_LOG_FORMAT?.toUpperCase() === "JSON";
    this.#patch(console);
  }

  #patch(console) {
    const least = LEVELS[process.env.AWS_LAMBDA_LOG_LEVEL?.toUpperCase()] ?? LEVELS.TRACE;
    const at = (level) => (LEVELS[level] < least ? () => {} : (...values) => this.#write(level, values));
    console.trace = at("TRACE");
    console.debug = at("DEBUG");
    console.info = at("INFO");
    console.log = console.info;
    console.warn = at("WARN");
    console.error = at("ERROR");
    console.fatal = at("FATAL");
  }

  // A failure of the function, such as `Invoke Error`, as the runtime itself logs it.
  failure(what, error) {
    const shown = this.#errors.asError(error);
    if (this.#isJson) {
      console.error(shown);
    } else {
      console.error(what, `\t${this.#shown(shown)}`);
    }
  }

  #shown(error) {
    try {
      return JSON.stringify(error, (_name, value) => (value instanceof Error ? this.#members(value) : value));
    } catch {
      return JSON.stringify(this.#errors.body(error));
    }
  }

  #members(error) {
    const { name, code, stack } = error;
    const members = { errorType: name, errorMessage: this.#errors.message(error), code, ...error };
    if (typeof stack === "string") {
      members.stack = this.#places.inside(stack).split("\n");
    }
    return members;
  }

  #write(level, values) {
    const now = new Date();
    const text = this.#isJson
      ? this.#json(level, now, values)
      : `${now.toISOString()}\t${this.requestId}\t${level}\t${format(...(values.length > 0 ? values : [undefined]))}`;
    if (this.#descriptor === null) {
      // One line is one event.
      process.stdout.write(`${text.replace(/\n/g, "\r")}\n`);
      return;
    }
    const frame = Buffer.allocUnsafe(FRAME_HEAD_BYTES + Buffer.byteLength(text) + 1);
    const size = frame.write(text, FRAME_HEAD_BYTES);
    const kind = this.#isJson ? FRAME_JSON : FRAME_TEXT;
    frame.writeUInt32BE((kind | (LEVELS[level] << 2)) >>> 0, 0);
    // A record of text ends with its newline, one of JSON with its brace.
    frame[FRAME_HEAD_BYTES + size] = 0x0a;
    const length = this.#isJson ? size : size + 1;
    frame.writeUInt32BE(length, 4);
    frame.writeBigUInt64BE(BigInt(now.getTime()) * 1000n, 8);
    writeAll(this.#descriptor, frame.subarray(0, FRAME_HEAD_BYTES + length));
  }

  #json(level, now, values) {
    const record = { timestamp: now.toISOString(), level, requestId: this.requestId };
    if (this.tenantId !== undefined && this.tenantId !== null) {
      record.tenantId = this.tenantId;
    }
    if (values.length <= 1) {
      record.message = values[0];
      try {
        return JSON.stringify(record, (_name, value) => this.#asJson(value));
      } catch {
        record.message = format(values[0]);
        return JSON.stringify(record);
      }
    }
    record.message = format(...values);
    const error = values.find((value) => value instanceof Error);
    if (error !== undefined) {
      record.errorType = error.constructor?.name ?? "UnknownError";
      record.errorMessage = error.message;
      record.stackTrace = typeof error.stack === "string" ? this.#places.inside(error.stack).split("\n") : [];
    }
    return JSON.stringify(record);
  }

  #asJson(value) {
    if (!(value instanceof Error)) {
      return value;
    }
    const { stack } = value;
    return {
      errorType: value.constructor?.name ?? "UnknownError",
      errorMessage: value.message,
      stackTrace: typeof stack === "string" ? this.#places.inside(stack).split("\n") : stack,
      ...value,
    };
  }
};

function writeAll(descriptor, data) {
  for (let at = 0; at < data.length; ) {
    try {
      at += fs.writeSync(descriptor, data, at);
    } catch (error) {
      if (error.code !== "EAGAIN") {
        throw error;
      }
      // Node.js makes pipes non-blocking, and this one is its stdout too: wait for the reader.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}
