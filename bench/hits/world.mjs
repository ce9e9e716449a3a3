// The built Worker in the real runtime, in virtual time.
//
// One runtime holds the isolates of a data centre, one isolate of another (which only purges), and the journal's
// object. Time moves on when no isolate has anything left to do but wait for KV or for the object.
import { readFile } from "node:fs/promises";
import { Miniflare } from "miniflare";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../../scripts/lib/failure.mjs";
import { closeAtEnd, closed } from "../../tests/e2e/closing.mjs";
import { ALONE } from "../../tests/e2e/edge.mjs";
import { Random } from "../../tests/e2e/random.mjs";
import { processOf } from "../workers.mjs";
import { SlowKv } from "./kv.mjs";
import { Meter } from "./meter.mjs";
import { Origin } from "./origin.mjs";
import { Timeline } from "./timeline.mjs";
import { hangUp, send } from "./visitor.mjs";

/** Milliseconds to the object, and as many back. */
export const JOURNEY = 30;
const ROOT = new URL("../../", import.meta.url);
const COORDINATOR = "coordinator";
const PURGER = "purger";
const DATA_CENTRES = { [PURGER]: 1, [COORDINATOR]: 2 };
const TOKEN = "the-token-that-purges";
/** A response that has come by then is there before the isolate is asked for its state. */
const SOON = 3;

export class World {
  timeline = new Timeline(Date.now());
  /** The requests to the object: `{ asker, request }`. */
  objectRequests = [];
  #meter = new Meter();
  #miniflare;
  #sockets = new Map();
  #doors = new Map();
  #underWay = new Map();
  #alarm = { at: null, begun: 0 };

  /**
   * `isolates`: the settings of each isolate of the data centre, by its name. `vars`: those of all. `journal`: whether
   * the object is bound.
   */
  static async start({ isolates, journal, vars = {}, seed = 1 }) {
    const world = closeAtEnd(new World(Object.keys(isolates), seed));
    await world.#start(journal, vars, isolates);
    return world;
  }

  constructor(names, seed) {
    this.names = names;
    this.random = new Random(seed);
    this.kv = new SlowKv(this.random);
    this.origin = new Origin(this.timeline);
  }

  /** Sends a request to an isolate. `ended` gets the response when it is there, in virtual time. */
  async visit(name, path, ended, init = {}) {
    this.#underWay.set(name, this.#underWayIn(name) + 1);
    const headers = { ...init.headers, "x-bench-now": this.timeline.now };
    let isAtRest = false;
    const responded = send(this.#sockets.get(name), `https://www.example.com${path}`, { ...init, headers }).then((response) => {
      this.#underWay.set(name, this.#underWayIn(name) - 1);
      isAtRest = response.headers["x-bench-deferred"] === "0";
      ended(response);
    });
    await Promise.race([responded, sleep(SOON)]);
    if (!isAtRest) await this.settle(name);
  }

  /** Purges tags from the other data centre. */
  purge(tags, ended) {
    const body = JSON.stringify({ tags });
    return this.visit(PURGER, "/edge-isr/purge", ended, { method: "POST", headers: { authorization: `Bearer ${TOKEN}` }, body });
  }

  /** Waits until an isolate has nothing left to do at this moment. */
  async settle(name) {
    const began = performance.now();
    while (!(await this.#isSettled(name))) {
      if (performance.now() > began + 5_000) throw new Failure(`${name} did not come to rest: ${await this.#described(name)}.`);
    }
  }

  /** Runs the events that are planned, until no request is under way. */
  drain() {
    return this.timeline.run(() => [...this.#underWay.values()].every((count) => count === 0));
  }

  /** Lets so many milliseconds pass. */
  async pass(milliseconds) {
    let isOver = false;
    this.timeline.after(milliseconds, async () => (isOver = true));
    await this.timeline.run(() => isOver);
  }

  /** The object's reply to a reader, as bytes. `known`: the id and the number that the reader has; `0 0` is nothing. */
  async journal(known = "0 0") {
    return (await this.#ask(COORDINATOR, "/read", `&known=${encodeURIComponent(known)}`)).body;
  }

  rowsWritten() {
    return this.#state(COORDINATOR).then(({ rowsWritten }) => rowsWritten);
  }

  reset() {
    this.objectRequests = [];
    this.kv.reset();
  }

  async close() {
    closed(this);
    hangUp();
    await this.#miniflare?.dispose();
    await Promise.all([this.#meter.close(), this.origin.close()]);
  }

  async #start(journal, vars, isolates) {
    await Promise.all([this.#meter.listen((call, reply) => this.#called(call, reply)), this.origin.listen()]);
    const code = await workerCode();
    const binding = journal && { COORDINATOR: { type: "durable-object", worker: COORDINATOR, exportName: "Coordinator" } };
    const settings = {
      ORIGIN: this.origin.url,
      PURGE_TOKENS: TOKEN,
      PLAN: "paid",
      BENCH_METER: this.#meter.url,
      ...QUIET,
      ...vars,
    };
    const env = (name) => ({ ...texts({ ...settings, ...isolates[name], BENCH_ASKER: name }), ...binding });
    const worker = (name, more = {}) => workerOptions(name, code, env(name), more);
    const names = [...this.names, PURGER];
    const workers = names.map((name) => worker(name));
    if (journal) workers.push(worker(COORDINATOR, { exports: { Coordinator: { type: "durable-object", storage: "sqlite" } } }));
    this.pid = await processOf(async () => {
      this.#miniflare = new Miniflare({ ...ALONE, workers, handleStructuredLogs: heard });
      await this.#miniflare.ready;
    });
    for (const name of [...names, ...(journal ? [COORDINATOR] : [])]) {
      this.#sockets.set(name, String(await this.#miniflare.unsafeGetDirectURL(name)));
      this.#doors.set(name, String(await this.#miniflare.unsafeGetDirectURL(name, "Door")));
    }
  }

  #called(call, reply) {
    const { kind, asker } = call;
    const { timeline } = this;
    const dataCentre = DATA_CENTRES[asker] ?? 0;
    const isKv = kind !== "there" && kind !== "back";
    const { result, takes } = isKv ? this.kv.call(call, dataCentre, timeline.now) : { result: null, takes: JOURNEY };
    if (kind === "there") this.objectRequests.push({ asker, request: call.request });
    timeline.after(takes, async () => {
      reply({ now: timeline.now, result });
      await this.settle(asker);
      // What waits for the object may go on as well.
      if (asker === COORDINATOR) for (const name of [...this.names, PURGER]) await this.settle(name);
      if (kind === "there" || asker === COORDINATOR) await this.#settleObject();
    });
  }

  async #settleObject() {
    if (!this.#sockets.has(COORDINATOR)) return;
    await this.settle(COORDINATOR);
    const { alarmAt } = await this.#state(COORDINATOR);
    if (alarmAt === null || alarmAt === this.#alarm.at) return;
    this.#alarm.at = alarmAt;
    this.timeline.at(alarmAt, async () => alarmAt === this.#alarm.at && this.#ring());
  }

  async #ring() {
    this.#alarm.at = null;
    this.#alarm.begun += 1;
    // Its end is seen by the isolate's state.
    this.#ask(COORDINATOR, "/alarm").catch(() => {});
    await this.#settleObject();
  }

  async #isSettled(name) {
    const { visitors, deferred, free, metered, asking, alarms } = await this.#state(name);
    await turn();
    if (free > 0 || metered !== this.#meter.held(name) || visitors !== this.#underWayIn(name)) return false;
    if (name === COORDINATOR) return alarms === this.#alarm.begun;
    if (asking > 0 && !(await this.#doesObjectWait())) return false;
    return metered + asking > 0 || visitors + deferred === 0;
  }

  async #doesObjectWait() {
    return (await this.#isSettled(COORDINATOR)) && this.#meter.held(COORDINATOR) > 0;
  }

  async #state(name) {
    return JSON.parse((await this.#ask(name, "/state")).body);
  }

  async #described(name) {
    const waiting = { held: this.#meter.held(name), underWay: this.#underWayIn(name), alarmsBegun: this.#alarm.begun };
    return JSON.stringify({ ...(await this.#state(name)), ...waiting });
  }

  #ask(name, path, query = "") {
    return send(this.#doors.get(name), `https://bench${path}?now=${this.timeline.now}${query}`);
  }

  #underWayIn(name) {
    return this.#underWay.get(name) ?? 0;
  }
}

/** What Workers log is shown with EDGE_LOGS set, as in the end-to-end tests. */
function heard({ level, message }) {
  if (process.env.EDGE_LOGS) console.error(`edge: ${level}: ${message}`);
}

/** The tag graph writes nothing: it is not what is measured. */
const QUIET = { GRAPH_WRITES_PER_MINUTE: 0, VISITOR_WRITES_PER_DAY: 0 };

function workerOptions(name, { manifest, ...settings }, env, more) {
  const door = (entrypoint) => ({ host: "127.0.0.1", port: 0, entrypoint, proxy: true });
  return {
    config: { name, ...settings, env, manifest, ...more },
    dev: { unsafeDirectSockets: ["default", "Door"].map(door), stripCfConnectingIp: true },
  };
}

async function workerCode() {
  const read = (path, encoding) => readFile(new URL(path, ROOT), encoding);
  const [js, wasm, own, toml] = await Promise.all([
    read("build/index.js", "utf8"),
    read("build/index_bg.wasm"),
    read("bench/hits/isolate.mjs", "utf8"),
    read("wrangler.toml", "utf8"),
  ]);
  const modules = {
    "isolate.mjs": { type: "esm", contents: own },
    "index.js": { type: "esm", contents: js },
    "index_bg.wasm": { type: "wasm", contents: new Uint8Array(wasm) },
  };
  const [, compatibilityDate] = toml.match(/^compatibility_date = "(.+)"/m);
  return { compatibilityDate, compatibilityFlags: [], manifest: { mainModule: "isolate.mjs", modulesRoot: "/", modules } };
}

function texts(vars) {
  const text = ([name, value]) => [name, { type: "text", value: String(value) }];
  return Object.fromEntries(Object.entries(vars).map(text));
}
