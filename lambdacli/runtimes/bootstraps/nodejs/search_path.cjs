// Lets `import` find packages by NODE_PATH, as Lambda's Node.js does and plain Node.js does not.
"use strict";

const { existsSync, readFileSync } = require("node:fs");
const modules = require("node:module");
const path = require("node:path");
const { pathToFileURL } = require("node:url");

exports.install = function install(places) {
  if (typeof modules.registerHooks === "function") {
    const { resolverFor } = require("./search_path_resolver.cjs");
    const resolve = resolverFor(places.searchFolders);
    modules.registerHooks({ resolve });
    return;
  }
  // An older Node.js asks a thread of its own, which costs as much as a start; before 18.19 and 20.6 there is no way.
  if (typeof modules.register === "function" && imports(handlerFile(places))) {
    const hooks = pathToFileURL(require.resolve("./search_path_hooks.mjs"));
    modules.register(hooks, { data: places.searchFolders });
  }
};

function handlerFile(places) {
  const name = process.env._HANDLER ?? "";
  const file = path.resolve(places.taskRoot, path.dirname(name), path.basename(name).split(".")[0]);
  return [".js", ".mjs", ".cjs"].map((extension) => file + extension).find(existsSync);
}

// Whether the handler's file is an ES module, or CommonJS that imports.
function imports(file) {
  if (file === undefined || file.endsWith(".mjs")) {
    return file !== undefined;
  }
  const { hasModuleType } = require("./handler.cjs");
  return (
    (file.endsWith(".js") && hasModuleType(path.dirname(file))) || /\bimport\s*\(/.test(readFileSync(file, "utf8"))
  );
}
