// A client of the Runtime API over one kept connection: raw HTTP/1.1 on a socket.
//
// Straight to the platform, an answer and the question for the next event leave in one write. Where something may
// stand in between, such as a wrapper's proxy, one request is sent at a time, and any correct answer is understood.
"use strict";

const net = require("node:net");

const PREFIX = "/2018-06-01/runtime/";
const AGENT = `lam-nodejs/${process.versions.node}`;
const HEAD_END = Buffer.from("\r\n\r\n");

exports.RuntimeApi = class RuntimeApi {
  #host;
  #port;
  #isDirect;
  #socket = null;
  #reader = new Reader((answer) => this.#take(answer));
  #waiting = []; // one function per answer that is still to come
  #nextEvent = null; // already asked for
  #isHolding = false; // whether the process lives for our sake

  constructor(address, isDirect) {
    const at = address.lastIndexOf(":");
    this.address = address;
    this.#host = address.slice(0, at);
    this.#port = Number(address.slice(at + 1));
    this.#isDirect = isDirect;
    this.#connect();
  }

  get host() {
    return this.#host;
  }

  get port() {
    return this.#port;
  }

  // Until the connection stands, or has failed, which is learned when it is used.
  async connected() {
    this.#hold(true);
    const socket = this.#socket;
    if (socket?.connecting) {
      await new Promise((settle) => socket.once("connect", settle).once("close", settle));
    }
    this.#hold(false);
  }

  // Holds the process while it waits; nothing else of ours does.
  async next() {
    const event = this.#nextEvent ?? this.#send(this.#request("GET", "invocation/next"), 1)[0];
    this.#nextEvent = null;
    this.#hold(true);
    const answer = await event;
    this.#hold(false);
    if (answer.status !== 200) {
      throw new Error(`the Runtime API answered ${answer.status} to next`);
    }
    return answer;
  }

  // Posts an invocation's end; the next event is asked for as soon as may be.
  async finish(requestId, verb, body, headers) {
    const post = this.#request("POST", `invocation/${encodeURIComponent(requestId)}/${verb}`, body, headers);
    if (!this.#isDirect) {
      this.#hold(true);
      check(await this.#send(post, 1)[0], verb);
      this.#hold(false);
      return;
    }
    const both = Buffer.concat([post, this.#request("GET", "invocation/next")]);
    const [posted, next] = this.#send(both, 2);
    this.#nextEvent = posted.then((answer) => {
      check(answer, verb);
      return next;
    });
  }

  // Posts and waits: nothing is to come after it.
  async post(path, body, headers) {
    this.#hold(true);
    await this.#send(this.#request("POST", path, body, headers), 1)[0];
    this.#hold(false);
  }

  #hold(isHolding) {
    this.#isHolding = isHolding;
    if (isHolding) {
      this.#socket?.ref();
    } else {
      this.#socket?.unref();
    }
  }

  #request(method, path, body, headers) {
    let head = `${method} ${PREFIX}${path} HTTP/1.1\r\nHost: ${this.address}\r\nUser-Agent: ${AGENT}\r\n`;
    if (body === undefined) {
      return Buffer.from(`${head}\r\n`, "latin1");
    }
    for (const name in headers) {
      head += `${name}: ${headers[name]}\r\n`;
    }
    const size = Buffer.byteLength(body);
    head += `Content-Type: application/json\r\nContent-Length: ${size}\r\n\r\n`;
    const request = Buffer.allocUnsafe(head.length + size);
    request.latin1Write(head, 0);
    request.utf8Write(body, head.length);
    return request;
  }

  #send(request, answers) {
    if (this.#socket === null) {
      this.#connect();
    }
    const promises = Array.from({ length: answers }, () => new Promise((settle) => this.#waiting.push(settle)));
    this.#socket.write(request);
    return promises;
  }

  #connect() {
    const socket = net.connect({ host: this.#host, port: this.#port, noDelay: true });
    if (!this.#isHolding) {
      socket.unref();
    }
    socket.on("data", (data) => this.#reader.add(data));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      if (this.#socket !== socket) {
        return;
      }
      this.#socket = null;
      this.#reader.end();
      if (this.#waiting.length > 0) {
        // The platform is gone, and with it all reason to live.
        process.exit(1);
      }
    });
    this.#socket = socket;
  }

  #take(answer) {
    if (answer.headers.connection?.toLowerCase() === "close" && this.#socket !== null) {
      const old = this.#socket;
      this.#socket = null;
      old.destroy();
      this.#connect();
    }
    this.#waiting.shift()?.(answer);
  }
};

function check(answer, verb) {
  if (answer.status !== 202 && answer.status !== 413) {
    throw new Error(`the Runtime API answered ${answer.status} to ${verb}: ${answer.body}`);
  }
}

// Cuts what arrives into answers.
class Reader {
  #pieces = [];
  #size = 0;
  #needed = 0; // no use in looking before so many bytes are there
  #take;

  constructor(take) {
    this.#take = take;
  }

  add(data) {
    this.#pieces.push(data);
    this.#size += data.length;
    while (this.#size > 0 && this.#size >= this.#needed) {
      const all = this.#pieces.length === 1 ? this.#pieces[0] : Buffer.concat(this.#pieces, this.#size);
      this.#pieces = [all];
      const found = this.#cut(all, false);
      if (found === null) {
        return;
      }
      this.#drop(all, found.end);
      this.#take(found.answer);
    }
  }

  // The connection is closed: an answer without a length ends with it.
  end() {
    const all = Buffer.concat(this.#pieces, this.#size);
    const found = all.length > 0 ? this.#cut(all, true) : null;
    this.#drop(all, all.length);
    if (found !== null) {
      this.#take(found.answer);
    }
  }

  #drop(all, end) {
    const rest = all.subarray(end);
    this.#pieces = rest.length > 0 ? [rest] : [];
    this.#size = rest.length;
    this.#needed = 0;
  }

  #cut(all, isClosed) {
    const headEnd = all.indexOf(HEAD_END);
    if (headEnd < 0) {
      return null;
    }
    const [statusLine, ...lines] = all.latin1Slice(0, headEnd).split("\r\n");
    const status = Number(statusLine.split(" ")[1]);
    const start = headEnd + HEAD_END.length;
    if (status >= 100 && status < 200) {
      // Something interim, such as 100 Continue: the answer is still to come.
      this.#drop(all, start);
      return this.#size > 0 ? this.#cut(this.#pieces[0], isClosed) : null;
    }
    const headers = {};
    for (const line of lines) {
      const at = line.indexOf(":");
      headers[line.slice(0, at).toLowerCase()] = line.slice(at + 1).trim();
    }
    if (headers["transfer-encoding"]?.toLowerCase().endsWith("chunked")) {
      return cutChunks(all, start, status, headers);
    }
    const hasLength = headers["content-length"] !== undefined;
    if (!hasLength && !isClosed && status !== 204 && status !== 304) {
      return null;
    }
    const end = hasLength ? start + Number(headers["content-length"]) : isClosed ? all.length : start;
    if (all.length < end) {
      this.#needed = end;
      return null;
    }
    return { end, answer: { status, headers, body: all.utf8Slice(start, end) } };
  }
}

function cutChunks(all, start, status, headers) {
  const pieces = [];
  let at = start;
  for (;;) {
    const lineEnd = all.indexOf("\r\n", at);
    if (lineEnd < 0) {
      return null;
    }
    const size = Number.parseInt(all.latin1Slice(at, lineEnd), 16);
    at = lineEnd + 2;
    if (size === 0) {
      break;
    }
    if (all.length < at + size + 2) {
      return null;
    }
    pieces.push(all.subarray(at, at + size));
    at += size + 2;
  }
  for (;;) {
    // Trailers, up to an empty line.
    const lineEnd = all.indexOf("\r\n", at);
    if (lineEnd < 0) {
      return null;
    }
    const isLast = lineEnd === at;
    at = lineEnd + 2;
    if (isLast) {
      return { end: at, answer: { status, headers, body: Buffer.concat(pieces).toString() } };
    }
  }
}
