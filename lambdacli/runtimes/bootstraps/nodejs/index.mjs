// The Node.js runtime's main file, named as Lambda's is; all else is CommonJS, which loads faster.
import { createRequire } from "node:module";

createRequire(import.meta.url)("./runtime.cjs").start();
