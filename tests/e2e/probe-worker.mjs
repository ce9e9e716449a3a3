/** Runs in the isolate, before the built Worker: see `probe.mjs`. */

import { WorkerEntrypoint } from "cloudflare:workers";

const seen = { fetches: [], cacheCalls: [] };
const faults = { put: null, match: null, head: null };
let memory;
let ahead = 0;
let panics = false;

export class Probe extends WorkerEntrypoint {
  async fetch(request) {
    const what = await request.json();
    return Response.json((await ACTIONS[new URL(request.url).pathname](what)) ?? {});
  }
}

const ACTIONS = {
  "/seen": () => ({ ...seen, memoryBytes: memory?.buffer.byteLength ?? 0 }),
  "/reset": () => void Object.assign(seen, { fetches: [], cacheCalls: [] }),
  "/cache": (wanted) => void Object.assign(faults, wanted),
  "/panic": () => void (panics = true),
  "/clock": (clock) => void (ahead = clock.ahead),
};

const { fetch } = globalThis;
globalThis.fetch = function (input, init) {
  seen.fetches.push(described(input, init));
  return fetch.call(globalThis, input, init);
};

function described(input, init = {}) {
  const request = input instanceof Request ? input : new Request(input);
  const headers = Object.fromEntries(new Headers(init.headers ?? request.headers));
  return {
    url: request.url,
    method: init.method ?? request.method,
    headers,
    cache: init.cache ?? request.cache,
    redirect: init.redirect ?? request.redirect,
    encodeResponseBody: init.encodeResponseBody,
    cf: init.cf,
  };
}

const { match, put, delete: remove } = Cache.prototype;
Cache.prototype.match = async function (key, options) {
  note("match", key);
  if (faults.match === "reject") throw new Error("the cache cannot be read");
  if (faults.match === "miss") return undefined;
  return match.call(this, key, options);
};
Cache.prototype.put = async function (key, response) {
  note("put", key, response);
  if (faults.put === "reject") throw new Error("the cache cannot be written");
  if (faults.put === "drop") return response.body?.pipeTo(new WritableStream());
  if (faults.head !== null) {
    response = new Response(response.body, response);
    response.headers.set("edge-isr", faults.head);
  }
  return put.call(this, key, response);
};
Cache.prototype.delete = async function (key, options) {
  note("delete", key);
  return remove.call(this, key, options);
};

function note(call, key, response) {
  const url = key instanceof Request ? key.url : String(key);
  seen.cacheCalls.push({ call, url, headers: response && Object.fromEntries(response.headers) });
}

const { Instance } = WebAssembly;
WebAssembly.Instance = function (module, imports) {
  const instance = new Instance(module, imports);
  memory = instance.exports.memory;
  return instance;
};
WebAssembly.Instance.prototype = Instance.prototype;

const RealDate = Date;
// biome-ignore lint/suspicious/noShadowRestrictedNames: it takes the place of the real one, with its name.
globalThis.Date = class Date extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(RealDate.now() + ahead);
    else super(...parts);
  }

  static now() {
    if (panics) {
      panics = false;
      throw new WebAssembly.RuntimeError("a fault of the test's making");
    }
    return RealDate.now() + ahead;
  }
};
