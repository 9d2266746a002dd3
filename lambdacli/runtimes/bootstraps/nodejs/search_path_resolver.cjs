// Finds a bare name in the folders of NODE_PATH when nothing else has found it.
"use strict";

const { existsSync } = require("node:fs");
const path = require("node:path");
const { pathToFileURL } = require("node:url");

exports.resolverFor = (folders) => {
  const there = folders.filter((folder) => existsSync(folder));
  return (specifier, context, next) => {
    let found;
    try {
      found = next(specifier, context);
    } catch (error) {
      return elsewhere(error);
    }
    return typeof found.then === "function" ? found.catch(elsewhere) : found;

    function elsewhere(error) {
      const isBare = /^[^./#][^:]*$/.test(specifier);
      if (error.code !== "ERR_MODULE_NOT_FOUND" || !isBare) {
        throw error;
      }
      return search(there);

      function search([folder, ...others]) {
        if (folder === undefined) {
          throw error;
        }
        if (path.basename(folder) !== "node_modules") {
          const file = path.join(folder, specifier);
          return existsSync(file) && path.extname(file) !== ""
            ? { url: pathToFileURL(file).href, shortCircuit: true }
            : search(others);
        }
        // Seen from beside it, a folder node_modules is searched by Node.js itself, exports and all.
        const parentURL = pathToFileURL(path.join(path.dirname(folder), "index.mjs")).href;
        const orSearchOn = (failure) => {
          if (failure.code !== "ERR_MODULE_NOT_FOUND") {
            throw failure;
          }
          return search(others);
        };
        let result;
        try {
          result = next(specifier, { ...context, parentURL });
        } catch (failure) {
          return orSearchOn(failure);
        }
        return typeof result.then === "function" ? result.catch(orSearchOn) : result;
      }
    }
  };
};
