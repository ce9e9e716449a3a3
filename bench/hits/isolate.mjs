/**
 * Runs in each isolate beside the built Worker: see `world.mjs`.
 *
 * The Worker's clock stands still until the bench moves it. KV is a stand-in, and a request to an object takes
 * as long as the bench says: both wait for the bench (`meter.mjs`). The counts tell the bench whether the isolate
 * has anything left to do at this moment.
 */

import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
import Built, { Coordinator as BuiltCoordinator } from "./index.js";

/** `free`: calls that end by themselves. `metered`: calls that wait for the bench. `asking`: calls that are at the object. */
const state = { visitors: 0, deferred: 0, free: 0, metered: 0, asking: 0, alarms: 0, alarmAt: null, rowsWritten: 0 };
/** Timers of so many milliseconds are limits, shorter ones pauses. */
const LIMIT_LEAST = 400;
let now = 0;

const fetchForReal = globalThis.fetch.bind(globalThis);
const moveClock = (time) => (now = Math.max(now, Number(time)));

function counted(name, promise) {
  state[name] += 1;
  return promise.finally(() => (state[name] -= 1));
}

async function meter(env, call) {
  const body = JSON.stringify({ asker: env.BENCH_ASKER, ...call });
  const reply = async () => (await fetchForReal(env.BENCH_METER, { method: "POST", body })).json();
  const { now: time, result } = await counted("metered", reply());
  moveClock(time);
  return result;
}

/** The Worker's environment, with KV and the way to the objects replaced. */
function measured(env) {
  return { ...env, TAGS: namespace(env), COORDINATOR: env.COORDINATOR && objects(env) };
}

function namespace(env) {
  return {
    get: async (keys) => new Map(Object.entries(await meter(env, { kind: "get", keys }))),
    put: (key, value) => meter(env, { kind: "put", keys: [key], value }),
    delete: (key) => meter(env, { kind: "put", keys: [key], value: null }),
    list: ({ prefix }) => meter(env, { kind: "list", keys: [], prefix }),
  };
}

function objects(env) {
  return {
    idFromName: (name) => env.COORDINATOR.idFromName(name),
    get: (id) => ({ fetch: (url, init) => ask(env, env.COORDINATOR.get(id), url, init) }),
  };
}

async function ask(env, stub, url, init) {
  await meter(env, { kind: "there", keys: [], request: init.body.split(" ", 1)[0] });
  const answered = async () => {
    const response = await stub.fetch(url, { ...init, headers: { "x-bench-now": now } });
    return [await response.arrayBuffer(), response];
  };
  const [bytes, response] = await counted("asking", answered());
  await meter(env, { kind: "back", keys: [] });
  return new Response(bytes, response);
}

export default class extends WorkerEntrypoint {
  async fetch(request) {
    moveClock(request.headers.get("x-bench-now"));
    let deferred = 0;
    const waitUntil = (work) => {
      deferred += 1;
      this.ctx.waitUntil(counted("deferred", work));
    };
    const worker = { env: measured(this.env), ctx: { waitUntil, passThroughOnException() {} } };
    const response = await counted("visitors", Promise.resolve(Built.prototype.fetch.call(worker, request)));
    response.headers.set("x-bench-deferred", deferred);
    return response;
  }
}

export class Coordinator extends DurableObject {
  #built;

  constructor(ctx, env) {
    super(ctx, env);
    const { kv } = ctx.storage;
    const written = (change) => {
      state.rowsWritten += 1;
      return change;
    };
    const rows = {
      list: (options) => kv.list(options),
      put: (key, value) => written(kv.put(key, value)),
      delete: (key) => written(kv.delete(key)),
    };
    const transactionSync = (work) => ctx.storage.transactionSync(work);
    // An alarm that is set is billed as a row.
    const setAlarm = async (at) => written((state.alarmAt = at));
    this.#built = new BuiltCoordinator({ id: ctx.id, storage: { kv: rows, setAlarm, transactionSync } }, measured(env));
  }

  async fetch(request) {
    moveClock(request.headers.get("x-bench-now"));
    if (new URL(request.url).pathname !== "/alarm") return this.#built.fetch(request);
    state.alarms += 1;
    await this.#built.alarm();
    return new Response();
  }
}

/** The bench's own door. */
export class Door extends WorkerEntrypoint {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    moveClock(searchParams.get("now"));
    if (pathname === "/alarm") {
      state.alarmAt = null;
      return this.#journal("https://coordinator/alarm");
    }
    // The object's reply to a reader that knows so much.
    if (pathname === "/read") {
      const body = `read ${searchParams.get("known")}`;
      return this.#journal("https://coordinator/journal", { method: "POST", body });
    }
    // What was resolved just now has run by the next turn.
    await scheduler.wait(0);
    return Response.json(state);
  }

  #journal(url, init) {
    const object = this.env.COORDINATOR.get(this.env.COORDINATOR.idFromName("purge-journal"));
    return object.fetch(url, { ...init, headers: { "x-bench-now": now } });
  }
}

for (const call of ["match", "put", "delete"]) {
  const original = Cache.prototype[call];
  Cache.prototype[call] = function (...given) {
    return counted("free", original.apply(this, given));
  };
}
globalThis.fetch = (...given) => counted("free", fetchForReal(...given));

// The Worker's time limits are not meant for the bench's own slowness.
const { setTimeout: setTimer } = globalThis;
globalThis.setTimeout = (run, delay = 0, ...given) => setTimer(run, delay < LIMIT_LEAST ? delay : delay * 100, ...given);

const RealDate = Date;
// biome-ignore lint/suspicious/noShadowRestrictedNames: it takes the place of the real one, with its name.
globalThis.Date = class Date extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(now);
    else super(...parts);
  }

  static now() {
    return now;
  }
};
