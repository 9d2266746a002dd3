// Lets `import` find packages by NODE_PATH, as Lambda's Node.js does and plain Node.js does not.
"use strict";

const modules = require("node:module");
const { pathToFileURL } = require("node:url");

exports.install = function install(folders) {
  if (typeof modules.registerHooks === "function") {
    const { resolverFor } = require("./search_path_resolver.cjs");
    const resolve = resolverFor(folders);
    modules.registerHooks({ resolve });
    return;
  }
  // An older Node.js asks a thread of its own; before 18.19 and 20.6 there is no way.
  if (typeof modules.register === "function") {
    const hooks = pathToFileURL(require.resolve("./search_path_hooks.mjs"));
    modules.register(hooks, { data: folders });
  }
};
