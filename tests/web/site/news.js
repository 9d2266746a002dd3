const { once } = require("node:events");
const { connect } = require("node:net");

const OF_EVENTS = { statusCode: 200, headers: { "content-type": "text/event-stream" } };

// The second piece of news leaves when whoever listens at this port of the machine lets it. A browser that comes
// again has read both, and is told to stay away.
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  if (event.headers["last-event-id"] === "2") {
    awslambda.HttpResponseStream.from(stream, { statusCode: 204 }).end();
    return;
  }
  stream = awslambda.HttpResponseStream.from(stream, OF_EVENTS);
  stream.write("retry: 10\nevent: news\nid: 1\ndata: Käse is here\n\n");
  const gate = connect(Number(event.queryStringParameters.port), "127.0.0.1");
  await once(gate, "data");
  gate.destroy();
  stream.end("event: news\nid: 2\ndata: Käse is gone\n\n");
});
