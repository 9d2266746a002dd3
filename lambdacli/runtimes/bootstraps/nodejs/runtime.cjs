// Starts the runtime: places, console, standby, handler; then serves events as the identifier's client does.
//
// Up to nodejs22.x Lambda runs version 3 of its client, from nodejs24.x on version 4. Which of them is meant tells
// AWS_EXECUTION_ENV; which Node.js runs here may be another.
"use strict";

const { ErrorForms } = require("./errors.cjs");
const { Log } = require("./log.cjs");
const { Places } = require("./places.cjs");

const FIRST_OF_VERSION_4 = 24;

exports.start = async function start() {
  const document = JSON.parse(process.env._LAM_PLACES);
  delete process.env._LAM_PLACES;
  const standbyDescriptor = process.env._LAM_STANDBY_FD;
  delete process.env._LAM_STANDBY_FD;
  const named = /nodejs(\d+)/.exec(process.env.AWS_EXECUTION_ENV ?? "")?.[1];
  const version = Number(named ?? process.versions.node.split(".")[0]);
  const places = new Places(document);
  const errors = new ErrorForms(places, version < FIRST_OF_VERSION_4 ? 3 : 4);
  const log = new Log(places, errors);
  if (places.hasPackagesToImport) {
    require("./search_path.cjs").install(places);
  }
  const client = require(version < FIRST_OF_VERSION_4 ? "./version_3.cjs" : "./version_4.cjs");
  client.prepare();
  const { RuntimeApi } = require("./runtime_api.cjs");
  const api = new RuntimeApi(process.env.AWS_LAMBDA_RUNTIME_API, document.direct === true);
  let standby;
  if (standbyDescriptor !== undefined) {
    // All that packages may look at while they load is in its place by now.
    standby = new (require("./standby.cjs").Standby)(Number(standbyDescriptor), document, places);
    await api.connected();
    await standby.wait();
  }
  if (document.debugger !== undefined) {
    const { host, port, waits } = document.debugger;
    require("node:inspector").open(port, host, waits);
  }
  await client.run({ api, errors, log, places, version, initialised: () => standby?.record() });
};
