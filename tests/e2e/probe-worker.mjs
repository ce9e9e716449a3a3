/** Runs in the isolate, before the built Worker: see `probe.mjs`. */

// biome-ignore lint/correctness/noUnresolvedImports: the runtime has this module.
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
  "/seen": () => ({ ...seen, unread: [...unread.values()], memoryBytes: memory?.buffer.byteLength ?? 0 }),
  "/reset": () => {
    Object.assign(seen, { fetches: [], cacheCalls: [] });
    unread.clear();
  },
  "/cache": (wanted) => void Object.assign(faults, wanted),
  "/panic": () => void (panics = true),
  "/clock": (clock) => void (ahead = clock.ahead),
};

const { fetch } = globalThis;
globalThis.fetch = async function (input, init) {
  const request = described(input, init);
  seen.fetches.push(request);
  return opened("fetch", request.url, await fetch.call(globalThis, input, init));
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
  const found = await match.call(this, key, options);
  if (faults.match === "no bodies" && found?.headers.get("edge-isr") === "body") return void found.body.cancel();
  return opened("match", urlOf(key), found);
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
  seen.cacheCalls.push({ call, url: urlOf(key), headers: response && Object.fromEntries(response.headers) });
}

function urlOf(key) {
  return key instanceof Request ? key.url : String(key);
}

/** Bodies that the Worker got and has neither read to their end, nor handed on, nor cancelled. */
const unread = new Map();
const numbers = new WeakMap();
const streams = new WeakMap();
let opens = 0;

function opened(call, url, response) {
  if (!response?.body) return response;
  numbers.set(response.body, (opens += 1));
  unread.set(opens, { call, url });
  return response;
}

const ended = (stream) => unread.delete(numbers.get(stream));

function wrap(prototype, method, before) {
  const original = prototype[method];
  prototype[method] = function (...given) {
    before(this);
    return original.apply(this, given);
  };
}

for (const method of ["cancel", "pipeTo", "pipeThrough", "tee"]) wrap(ReadableStream.prototype, method, ended);

const { getReader } = ReadableStream.prototype;
ReadableStream.prototype.getReader = function (...given) {
  const reader = getReader.apply(this, given);
  streams.set(reader, this);
  return reader;
};

for (const { prototype } of [ReadableStreamDefaultReader, ReadableStreamBYOBReader]) {
  wrap(prototype, "cancel", (reader) => ended(streams.get(reader)));
  const { read } = prototype;
  prototype.read = async function (...given) {
    const result = await read.apply(this, given);
    if (result.done) ended(streams.get(this));
    return result;
  };
}

globalThis.Response = new Proxy(Response, {
  construct(target, [body, ...rest], made) {
    if (body instanceof ReadableStream) ended(body);
    return Reflect.construct(target, [body, ...rest], made);
  },
});

const { Instance } = WebAssembly;
WebAssembly.Instance = function (module, imports) {
  const instance = new Instance(module, imports);
  memory = instance.exports.memory;
  return instance;
};
WebAssembly.Instance.prototype = Instance.prototype;

/** The runtime's own clock is not moved on: an alarm goes off when the real time that is left has passed. */
export function onTime(ObjectClass) {
  return new Proxy(ObjectClass, {
    construct(target, [state, ...rest], made) {
      const prototype = Object.getPrototypeOf(state.storage);
      if (!prototype.isOnTime) {
        const { setAlarm } = prototype;
        prototype.setAlarm = function (at, ...options) {
          return setAlarm.call(this, Number(at) - ahead, ...options);
        };
        prototype.isOnTime = true;
      }
      return Reflect.construct(target, [state, ...rest], made);
    },
  });
}

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
