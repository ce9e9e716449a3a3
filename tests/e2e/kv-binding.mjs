/**
 * A Miniflare plugin: a binding of the type `unsafe:harness-kv` is the runtime's
 * KV binding with its requests sent to `address` in place of Miniflare's store.
 *
 * Loaded by Miniflare, by the path of this file: see `kvBinding`.
 */

import { fileURLToPath } from "node:url";
import { DATA_CENTRE } from "./kv.mjs";

const PLUGIN = "harness-kv";
const TYPE = `unsafe:${PLUGIN}`;

/** The entry of a Worker's `env`. */
export function kvBinding(address, dataCentre) {
  const plugin = { package: fileURLToPath(import.meta.url), name: PLUGIN };
  return { type: TYPE, dev: { plugin, options: { address, dataCentre } } };
}

export const plugins = {
  [PLUGIN]: {
    getBindings(worker) {
      return bindings(worker.config.env).map(([name]) => ({ name, kvNamespace: { name: service(name) } }));
    },
    getNodeBindings() {
      return {};
    },
    getServices({ options: worker }) {
      return bindings(worker.config.env).map(([name, { dev }]) => ({
        name: service(name),
        external: { address: dev.options.address, http: asFrom(dev.options.dataCentre) },
      }));
    },
  },
};

function asFrom(dataCentre) {
  return { injectRequestHeaders: [{ name: DATA_CENTRE, value: String(dataCentre) }] };
}

function bindings(env = {}) {
  return Object.entries(env).filter(([, binding]) => binding.type === TYPE);
}

function service(name) {
  return `${PLUGIN}:${name}`;
}
