// The resolver as a Node.js without registerHooks wants it: a module that runs in the loader's own thread.
import resolver from "./search_path_resolver.cjs";

let resolveHere;

export function initialize(folders) {
  resolveHere = resolver.resolverFor(folders);
}

export function resolve(specifier, context, next) {
  return resolveHere(specifier, context, next);
}
