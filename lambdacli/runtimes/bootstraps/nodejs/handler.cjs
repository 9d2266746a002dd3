// Finds the handler: `path/file.export.nested`, CommonJS or ES module, as each version of Lambda's client does.
"use strict";

const fs = require("node:fs");
const { createRequire } = require("node:module");
const path = require("node:path");
const { pathToFileURL } = require("node:url");

const STREAMING = Symbol.for("aws.lambda.runtime.handler.streaming");
const HIGH_WATER_MARK = Symbol.for("aws.lambda.runtime.handler.streaming.highWaterMark");

exports.load = async function load(name, places, errors, isVersion3) {
  const failure = (kind, message, stack) => errors.make(kind, message, stack);
  if (name.includes("..")) {
    throw failure(
      "MalformedHandlerName",
      `'${name}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`,
    );
  }
  const base = path.basename(name);
  const folder = name.slice(0, name.indexOf(base));
  const parts = /^([^.]*)\.(.*)$/.exec(base);
  if (parts === null) {
    throw failure("MalformedHandlerName", "Bad handler");
  }
  let module;
  try {
    module = await (isVersion3 ? loadAsVersion3 : loadAsVersion4)(places, folder, parts[1]);
  } catch (error) {
    throw loadFailure(error, failure);
  }
  let handler = member(module, parts[2]);
  if (!handler && !isVersion3 && typeof module?.default === "object") {
    handler = member(module.default, parts[2]);
  }
  if (!handler) {
    throw failure("HandlerNotFound", `${name} is undefined or not exported`);
  }
  if (typeof handler !== "function") {
    throw failure("HandlerNotFound", `${name} is not a function`);
  }
  return { handler, ...kindOf(handler, failure) };
};

function loadFailure(error, failure) {
  if (error instanceof SyntaxError) {
    return failure("UserCodeSyntaxError", String(error), error.stack);
  }
  return error?.code === "MODULE_NOT_FOUND" ? failure("ImportModuleError", String(error)) : error;
}

// One line beside the cloud's own error, where the cloud would have had the package, or has it no more.
exports.hint = function hint(error, { version }) {
  const missing = /Cannot find (?:module|package) '(?:(@(?:aws-sdk|smithy)\/[^'/]+)|aws-sdk)/.exec(error?.message);
  if (missing === null) {
    return;
  }
  const runtime = `nodejs${version}.x`;
  const told = missing[1]
    ? `${missing[1]} comes with ${runtime} on AWS; lam fetches it by npm, which was not possible: see to npm and the ` +
      `network, then save the code again, or \`npm install ${missing[1]}\` beside it`
    : `${runtime} has no aws-sdk (version 2) on AWS either: use the @aws-sdk packages, or \`npm install aws-sdk\` ` +
      "beside the code";
  process.stderr.write(`lam: ${told}\n`);
};

async function loadAsVersion3(places, folder, module) {
  const require = createRequire(places.mainFile);
  const file = path.resolve(places.taskRoot, folder, module);
  const required = (name) => (fs.existsSync(name) ? require(name) : undefined);
  const isModule = fs.existsSync(`${file}.js`) && hasModuleType(path.dirname(file));
  return (
    required(file) ||
    (isModule ? undefined : required(`${file}.js`)) ||
    (isModule ? await imported(`${file}.js`) : undefined) ||
    (await imported(`${file}.mjs`)) ||
    required(`${file}.cjs`) ||
    require(require.resolve(module, { paths: [places.taskRoot, folder] }))
  );
}

async function loadAsVersion4(places, folder, module) {
  const require = createRequire(places.mainFile);
  const file = path.resolve(places.taskRoot, folder, module);
  for (const extension of ["", ".js", ".mjs", ".cjs"]) {
    const found = await imported(file + extension);
    if (found) {
      return found;
    }
  }
  return require(require.resolve(module, { paths: [places.taskRoot, path.join(places.taskRoot, folder)] }));
}

async function imported(file) {
  return fs.existsSync(file) ? import(pathToFileURL(file).href) : undefined;
}

// What the nearest package.json says; a folder node_modules ends the search.
exports.hasModuleType = hasModuleType;
function hasModuleType(folder) {
  if (folder.endsWith("/node_modules")) {
    return false;
  }
  const file = path.join(folder, "package.json");
  if (fs.existsSync(file)) {
    try {
      return JSON.parse(fs.readFileSync(file, "utf8"))?.type === "module";
    } catch (error) {
      console.warn(`${file} cannot be read, it will be ignored for ES module detection purposes.`, error);
      return false;
    }
  }
  return folder !== "/" && hasModuleType(path.dirname(folder));
}

function member(module, name) {
  return name.split(".").reduce((value, key) => value && value[key], module);
}

function kindOf(handler, failure) {
  const kind = handler[STREAMING];
  if (kind && kind !== "response") {
    throw failure("MalformedStreamingHandler", "Only response streaming is supported.");
  }
  const mark = Number.parseInt(handler[HIGH_WATER_MARK], 10);
  return { isStreaming: Boolean(kind), highWaterMark: Number.isNaN(mark) ? undefined : mark };
}

exports.offerStreaming = function offerStreaming() {
  if (["1", "true"].includes(process.env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA)) {
    return;
  }
  globalThis.awslambda = {
    ...globalThis.awslambda,
    streamifyResponse: (handler, options) => {
      handler[STREAMING] = "response";
      if (typeof options?.highWaterMark === "number") {
        handler[HIGH_WATER_MARK] = Math.trunc(options.highWaterMark);
      }
      return handler;
    },
    HttpResponseStream,
  };
};

class HttpResponseStream {
  // Before the first byte of the body come the status and headers as JSON, then eight zeros.
  static from(stream, prelude) {
    stream.setContentType("application/vnd.awslambda.http-integration-response");
    const head = JSON.stringify(prelude);
    stream._onBeforeFirstWrite = (write) => {
      write(head);
      write(new Uint8Array(8));
    };
    return stream;
  }
}
