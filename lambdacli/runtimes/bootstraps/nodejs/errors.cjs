// Errors of the runtime itself, and what a caller gets to see of any error.
"use strict";

const { isNativeError } = require("node:util/types");

exports.ErrorForms = class ErrorForms {
  #places;
  #clientVersion;

  constructor(places, clientVersion) {
    this.#places = places;
    this.#clientVersion = clientVersion;
  }

  // Version 3 has the name on the class, so that a stack begins with it; version 4 gives it to the finished error.
  make(name, message, stack) {
    if (this.#clientVersion === 3) {
      const { [name]: type } = { [name]: class extends Error {} };
      type.prototype.name = `Runtime.${name}`;
      return new type(message);
    }
    const error = new Error(message);
    error.name = `Runtime.${name}`;
    if (stack !== undefined) {
      error.stack = stack;
    }
    return error;
  }

  // What was thrown, as an error; version 4 writes out what version 3 leaves to Error.
  asError(thrown) {
    if (thrown instanceof Error) {
      return thrown;
    }
    return new Error(this.#clientVersion === 3 ? thrown : String(thrown));
  }

  // What the caller gets.
  body(error) {
    try {
      if (this.#clientVersion === 3 ? isError(error) : error instanceof Error) {
        return {
          errorType: clean(error.name),
          errorMessage: clean(this.message(error)),
          trace: clean(this.#places.inside(error.stack)).split("\n"),
        };
      }
      return { errorType: typeof error, errorMessage: String(error), trace: [] };
    } catch {
      return {
        errorType: "handled",
        errorMessage:
          "callback called with Error argument, but there was a problem while retrieving one or more of its " +
          "message, name, and stack",
      };
    }
  }

  // What goes with a posted error; its type only while the runtime starts.
  headers(error, body, isInit) {
    if (isInit) {
      return { "Lambda-Runtime-Function-Error-Type": ascii(String(body.errorType)) };
    }
    const cause = this.#cause(error);
    return cause === "" ? {} : { "Lambda-Runtime-Function-XRay-Error-Cause": cause };
  }

  // A handler's result as the answer's body.
  serialised(result) {
    try {
      return JSON.stringify(result === undefined ? null : result) ?? "";
    } catch {
      const message = "Unable to stringify response body";
      throw this.#clientVersion === 3 ? new Error(message) : this.make("JSONStringifyError", message);
    }
  }

  // What was looked for in vain is told with the paths of its seekers.
  message(error) {
    const isMissing = typeof error.code === "string" && error.code.endsWith("MODULE_NOT_FOUND");
    const isTold = isMissing || error.name === "Runtime.ImportModuleError";
    return isTold ? this.#places.inside(error.message) : error.message;
  }

  // The cause for X-Ray, fit for a header; empty when there is none.
  #cause(error) {
    try {
      const stack = this.#places
        .inside(error.stack)
        .split("\n")
        .slice(1)
        .map((line) => {
          const words = line.trim().replace(/[()]/g, "").split(" ").slice(1);
          const [path, number] = words.at(-1).replace(/^file:\/\//, "").split(":");
          return { path, line: Number.parseInt(number, 10), label: words.slice(0, -1).join(" ") || "anonymous" };
        });
      const text = JSON.stringify({
        working_directory: this.#places.inside(`${process.cwd()}/`).slice(0, -1),
        exceptions: [{ type: error.name, message: error.message, stack }],
        paths: [...new Set(stack.map((entry) => entry.path))],
      });
      const safe = ascii(text);
      return safe.length < 1024 * 1024 ? safe : "";
    } catch {
      return "";
    }
  }
};

function ascii(text) {
  return text.replace(/[^\x20-\x7e]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function isError(value) {
  if (isNativeError(value)) {
    return true;
  }
  return [value?.name, value?.message, value?.stack].every((part) => typeof part === "string" && part !== "");
}

function clean(text) {
  return text?.replace(/\x7f/g, "%7F");
}
