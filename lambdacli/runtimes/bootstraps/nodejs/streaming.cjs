// An answer that is sent while it is written: a chunked request of its own, with trailers for a late error.
"use strict";

const http = require("node:http");

const ERROR_TYPE = "Lambda-Runtime-Function-Error-Type";
const ERROR_BODY = "Lambda-Runtime-Function-Error-Body";

const METHODS = [
  ...["cork", "destroy", "end", "uncork", "write", "setContentType"],
  ...["addListener", "emit", "eventNames", "getMaxListeners", "listenerCount", "listeners", "off", "on", "once"],
  ...["prependListener", "prependOnceListener", "rawListeners", "removeAllListeners", "removeListener"],
  "setMaxListeners",
];
const READ_ONLY = ["writable", "writableFinished", "writableObjectMode", "writableEnded", "writableNeedDrain"];
READ_ONLY.push("writableHighWaterMark", "writableCorked", "writableLength");
const READ_WRITE = ["destroyed", "_onBeforeFirstWrite"];

exports.open = function open(api, requestId, highWaterMark, errors) {
  const request = http.request({
    method: "POST",
    host: api.host,
    port: api.port,
    path: `/2018-06-01/runtime/invocation/${encodeURIComponent(requestId)}/response`,
    agent: false,
    highWaterMark,
    headers: {
      "Lambda-Runtime-Function-Response-Mode": "streaming",
      Trailer: [ERROR_TYPE, ERROR_BODY],
      "Content-Type": "application/octet-stream",
      "Transfer-Encoding": "chunked",
    },
  });
  const accepted = new Promise((settle, refuse) => {
    request.on("response", (response) => response.on("end", settle).on("error", refuse).resume());
    request.on("error", refuse);
  });
  accepted.catch(() => {}); // told where it is waited for
  prepareWrites(request, errors);
  const fail = (error, ended) => {
    const body = errors.body(error);
    const data = Buffer.from(JSON.stringify(body)).toString("base64");
    request.addTrailers({ [ERROR_TYPE]: errors.headers(error, body, true)[ERROR_TYPE], [ERROR_BODY]: data });
    request.end(ended);
  };
  return { stream: facade(request), accepted, fail };
};

function prepareWrites(request, errors) {
  const write = request.write.bind(request);
  let hasBegun = false;
  request.setContentType = (type) => {
    if (hasBegun) {
      throw errors.make("InvalidStreamingOperation", "Cannot set content-type, too late.");
    }
    request.setHeader("Content-Type", type);
  };
  request.write = (chunk, encoding, callback) => {
    const isRaw = typeof chunk === "string" || chunk instanceof Uint8Array;
    const data = isRaw ? chunk : JSON.stringify(chunk);
    if (!hasBegun) {
      request._onBeforeFirstWrite?.((piece) => write(piece));
      hasBegun = true;
    }
    return write(data, encoding, callback);
  };
}

// The part of the request that is a stream's.
function facade(request) {
  const stream = {};
  for (const name of METHODS) {
    stream[name] = request[name].bind(request);
  }
  for (const name of READ_ONLY) {
    Object.defineProperty(stream, name, { get: () => request[name] });
  }
  for (const name of READ_WRITE) {
    Object.defineProperty(stream, name, {
      get: () => request[name],
      set: (value) => {
        request[name] = value;
      },
    });
  }
  return stream;
}
