// The folders of this environment, and how Lambda calls them.
"use strict";

const { existsSync, realpathSync } = require("node:fs");

exports.Places = class Places {
  constructor(document) {
    this.taskRoot = document.task_root;
    this.runtimeRoot = document.runtime_root;
    this.optRoot = document.opt_root;
    this.dependencies = document.dependencies;
    this.mainFile = `${document.runtime_root}/index.mjs`;
    // The longest first: the state folder, and with it the runtime's, may lie inside the function's.
    this.names = [
      [document.task_root, "/var/task"],
      [document.opt_root, "/opt"],
      [document.runtime_root, "/var/runtime"],
    ]
      .filter(([root, name]) => root !== name)
      .sort(([one], [other]) => other.length - one.length);
  }

  // Folders that `require` searches by NODE_PATH and plain Node.js does not search for `import`.
  get searchFolders() {
    return (process.env.NODE_PATH ?? "").split(":").filter((folder) => folder !== "");
  }

  // Whether a folder of NODE_PATH has packages, beside the function's own files.
  get hasPackagesToImport() {
    const own = [this.taskRoot, this.runtimeRoot];
    return this.searchFolders.some((folder) => !own.includes(folder) && existsSync(folder));
  }

  // A text with this machine's paths as Lambda would show it.
  inside(text) {
    for (const [root, name] of this.names) {
      if (text.includes(root)) {
        text = text.replaceAll(`${root}/`, `${name}/`);
      }
      if (root.includes(" ") || root.includes("%")) {
        text = text.replaceAll(`${encodeURI(root)}/`, `${name}/`);
      }
    }
    return text;
  }

  // Whether a file belongs to a package that the function only uses.
  isThirdParty(file) {
    let real;
    try {
      real = realpathSync(file);
    } catch {
      return false;
    }
    if (real.includes("/node_modules/")) {
      return true;
    }
    const roots = [this.runtimeRoot, this.optRoot, ...this.dependencies];
    const isBelow = (root) => real.startsWith(`${root}/`);
    // The longest root that holds the file owns it.
    const longest = [...roots, this.taskRoot].filter(isBelow).sort((one, other) => other.length - one.length)[0];
    return longest !== undefined && longest !== this.taskRoot;
  }
};
