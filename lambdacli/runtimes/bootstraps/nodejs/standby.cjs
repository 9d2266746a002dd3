// A process that waits, its packages loaded, until there is an environment for it; and the record of what to load.
//
// Over the given descriptor: `r` says that it waits, `g` lets it go on, the end of file ends it.
"use strict";

const fs = require("node:fs");
const modules = require("node:module");
const { dirname } = require("node:path");
const { fileURLToPath, pathToFileURL } = require("node:url");

exports.Standby = class Standby {
  #descriptor;
  #preload;
  #places;
  #isRecording;
  #imported = new Set();

  constructor(descriptor, document, places) {
    this.#descriptor = descriptor;
    this.#preload = document.preload ?? [];
    this.#places = places;
    this.#isRecording = document.record === true;
  }

  async wait() {
    const require = modules.createRequire(this.#places.mainFile);
    for (const { path, kind } of this.#preload) {
      try {
        if (kind === "import") {
          await import(pathToFileURL(path).href);
        } else {
          require(path);
        }
      } catch {
        // The function will meet the same failure where it asks for it.
      }
    }
    fs.writeSync(this.#descriptor, "r");
    const answer = Buffer.alloc(1);
    if (fs.readSync(this.#descriptor, answer, 0, 1, null) === 0) {
      process.exit(0);
    }
    if (this.#isRecording) {
      this.#noteImports();
    } else {
      fs.closeSync(this.#descriptor);
    }
  }

  // After the init: which files of packages were asked for by the function's own.
  record() {
    if (!this.#isRecording) {
      return;
    }
    const isOther = (file) => this.#places.isThirdParty(file) && dirname(file) !== __dirname;
    const required = Object.values(require.cache)
      .filter((loaded) => isOther(loaded.filename) && !(loaded.parent && isOther(loaded.parent.filename ?? "")))
      .map((loaded) => ({ path: loaded.filename, kind: "require" }));
    const known = new Set(required.map((entry) => entry.path));
    const imported = [...this.#imported]
      .filter((path) => !known.has(path) && isOther(path))
      .map((path) => ({ path, kind: "import" }));
    fs.writeSync(this.#descriptor, `${JSON.stringify({ preload: [...required, ...imported] })}\n`);
    fs.closeSync(this.#descriptor);
  }

  // ES modules leave no list behind; a Node.js without registerHooks records what is CommonJS.
  #noteImports() {
    modules.registerHooks?.({
      resolve: (specifier, context, next) => {
        const found = next(specifier, context);
        const isImport = context.conditions?.includes("import");
        if (isImport && found.url.startsWith("file:") && context.parentURL?.startsWith("file:")) {
          if (!this.#places.isThirdParty(fileURLToPath(context.parentURL))) {
            this.#imported.add(fileURLToPath(found.url));
          }
        }
        return found;
      },
    });
  }
};
