/**
 * The built Worker in the real runtime, as a visitor finds it.
 *
 *     const edge = await startEdge({ vars: { ORIGIN: origin.url } });
 *     const page = await edge.fetch("/page");                 // https://www.example.com/page
 *     const other = await edge.isolate(1).fetch("/page");     // startEdge({ isolates: 2 })
 *     const far = await edge.dataCentre(1).fetch("/page");    // startEdge({ dataCentres: 2 })
 *     await edge.dataCentre(0).scheduled("0 4 * * *");        // a cron trigger goes off
 *
 * - An isolate is a Worker of its own; those of a data centre share one Cache API.
 * - A data centre is a runtime of its own; all share one KV (`kv.mjs`).
 * - Requests go to the Worker's own socket, and not through Miniflare's front,
 *   which re-codes bodies and adds headers. `edge.url` is that front, for other
 *   clients (a Django that purges, a WebSocket).
 */

import { readFile } from "node:fs/promises";
import { Log, LogLevel, Miniflare } from "miniflare";
import { now } from "./clock.mjs";
import { all, closeAtEnd, closed } from "./closing.mjs";
import { BINDING, startCoordinator } from "./coordinator.mjs";
import { outboundTo } from "./internet.mjs";
import { startKv } from "./kv.mjs";
import { kvBinding } from "./kv-binding.mjs";
import { startProbe, withProbe } from "./probe.mjs";
import { fetch, open } from "./visitor.mjs";

const ROOT = new URL("../../", import.meta.url);

/** Nothing from the network, nothing of other runtimes on the machine. */
export const ALONE = {
  host: "127.0.0.1",
  port: 0,
  cf: false,
  telemetry: { enabled: false },
  enableDevRegistry: false,
  log: new Log(LogLevel.ERROR),
};

/**
 * - `vars`: the Worker's settings, as text.
 * - `isolates`: in each data centre; `dataCentres`.
 * - `probe`: see `probe.mjs`; without it the Worker is exactly what was built.
 * - `site`: what a path given to `fetch` belongs to.
 * - `script`: a JavaScript Worker in place of the built one.
 * - `env`: further bindings, in Miniflare's form.
 * - `internet`: a function from a request to a response (both of Miniflare): all that Workers fetch comes from it.
 * - `pages`: true: the data centres share a durable tier, `edge.pages` (as `edge.kv`).
 * - `coordinator`: true: the data centres share one (`coordinator.mjs`). "on time": alarms of its objects follow the
 *   clock (`clock.mjs`), where it stands when they are set. An object with an alarm that soon cannot be evicted.
 */
export async function startEdge(options = {}) {
  const kv = await startKv();
  const edge = closeAtEnd(new Edge(kv));
  try {
    await edge.start(await workerCode(options), options);
  } catch (error) {
    await edge.close();
    throw error;
  }
  return edge;
}

export class Edge {
  /** What the Workers logged: `{ level, message, timestamp }`. With EDGE_LOGS set, stderr shows it too. */
  logs = [];
  #dataCentres = [];

  constructor(kv) {
    this.kv = kv;
  }

  async start(code, { dataCentres = 1, vars = {}, env = {}, coordinator = false, pages = false, ...options }) {
    const onLog = (log) => this.#heard(log);
    if (pages) this.pages = await startKv();
    const shared = { ...variables(vars), ...env, ...(coordinator && { COORDINATOR: BINDING }) };
    const bindings = (i) => ({
      TAGS: kvBinding(this.kv.address, i),
      ...(pages && { PAGES: kvBinding(this.pages.address, i) }),
      ...shared,
    });
    // Its objects live in a data centre of their own, which sees what the first one sees of KV.
    const runtime = { ...ALONE, handleStructuredLogs: onLog };
    const world = { isOnTime: coordinator === "on time", internet: options.internet };
    if (coordinator) this.coordinator = await startCoordinator(code, runtime, bindings(0), world);
    for (let i = 0; i < dataCentres; i += 1) {
      const dataCentre = new DataCentre(i, this.coordinator?.registry, onLog);
      this.#dataCentres.push(dataCentre);
      await dataCentre.start(code, bindings(i), options);
    }
  }

  /** An ordinary URL of the first isolate. */
  get url() {
    return this.#dataCentres[0].url;
  }

  /** `visitor.mjs`: `init` is method, headers, body, signal, discard. */
  fetch(path, init) {
    return this.isolate(0).fetch(path, init);
  }

  open(path, init) {
    return this.isolate(0).open(path, init);
  }

  isolate(i) {
    return this.dataCentre(0).isolate(i);
  }

  dataCentre(i) {
    return this.#dataCentres[i];
  }

  get probe() {
    return this.isolate(0).probe;
  }

  async close() {
    closed(this);
    // The coordinator last: what is still under way may want it.
    const stores = [this.kv, this.pages].filter(Boolean);
    await all([...this.#dataCentres, ...stores].map((thing) => thing.close()));
    await this.coordinator?.close();
  }

  #heard(log) {
    this.logs.push(log);
    if (process.env.EDGE_LOGS) console.error(`edge: ${log.level}: ${log.message}`);
  }
}

class DataCentre {
  #isolates = [];
  #number;
  #registry;
  #onLog;
  #miniflare;

  constructor(number, registry, onLog) {
    this.#number = number;
    this.#registry = registry;
    this.#onLog = onLog;
  }

  async start(code, bindings, { isolates = 1, probe = false, site = "https://www.example.com", internet }) {
    const names = Array.from({ length: isolates }, (_, i) => workerName(this.#number, i));
    const workers = names.map((name) => workerOptions(name, code, bindings, { probe, internet }));
    this.#miniflare = new Miniflare({ ...ALONE, ...this.#registry, workers, handleStructuredLogs: this.#onLog });
    this.url = (await this.#miniflare.ready).origin;
    for (const name of names) {
      const socket = await this.#miniflare.unsafeGetDirectURL(name);
      const door = probe ? await startProbe(await this.#miniflare.unsafeGetDirectURL(name, "Probe")) : undefined;
      this.#isolates.push(new Isolate(socket, site, door));
    }
  }

  fetch(path, init) {
    return this.isolate(0).fetch(path, init);
  }

  isolate(i) {
    return this.#isolates[i];
  }

  /** Lets a cron trigger go off: resolves when the Worker's handler has ended. */
  async scheduled(cron) {
    const worker = await this.#miniflare.getWorker(workerName(this.#number, 0));
    return worker.scheduled({ cron, scheduledTime: new Date(now()) });
  }

  /** Forgets every stored response, as a data centre under pressure may. */
  emptyCache() {
    return this.#miniflare.purgeCache();
  }

  async close() {
    for (const { probe } of this.#isolates) if (probe) probe.close();
    await this.#miniflare?.dispose();
  }
}

class Isolate {
  #socket;
  #site;

  constructor(socket, site, probe) {
    this.#socket = socket;
    this.#site = site;
    this.probe = probe;
  }

  fetch(path, init) {
    return fetch(this.#socket, new URL(path, this.#site), init);
  }

  open(path, init) {
    return open(this.#socket, new URL(path, this.#site), init);
  }
}

function workerName(dataCentre, isolate) {
  return `data-centre-${dataCentre}-isolate-${isolate}`;
}

function workerOptions(name, { manifest, ...settings }, env, { probe, internet }) {
  const entrypoints = probe ? ["default", "Probe"] : ["default"];
  return {
    config: { name, ...settings, env, manifest: probe ? withProbe(manifest) : manifest },
    dev: {
      ...outboundTo(internet),
      unsafeDirectSockets: entrypoints.map((entrypoint) => ({
        host: "127.0.0.1",
        port: 0,
        entrypoint,
        // The whole URL stands on the request line, so any scheme and host can be asked for.
        proxy: true,
      })),
      stripCfConnectingIp: true,
    },
  };
}

async function workerCode({ script }) {
  const modules = script ? { "index.js": { type: "esm", contents: script } } : await builtModules();
  return { ...(await compatibility()), manifest: { mainModule: "index.js", modulesRoot: "/", modules } };
}

async function builtModules() {
  const [js, wasm] = await Promise.all([built("index.js", "utf8"), built("index_bg.wasm")]);
  return {
    "index.js": { type: "esm", contents: js },
    "index_bg.wasm": { type: "wasm", contents: new Uint8Array(wasm) },
  };
}

async function built(name, encoding) {
  try {
    return await readFile(new URL(`build/${name}`, ROOT), encoding);
  } catch (error) {
    throw new Error(`build/${name} cannot be read: run "npm run build" first`, { cause: error });
  }
}

/** The runtime's version of behaviour is the one that is deployed. */
async function compatibility() {
  const toml = await readFile(new URL("wrangler.toml", ROOT), "utf8");
  const [, date] = toml.match(/^compatibility_date\s*=\s*"([^"]+)"/m);
  const flags = toml.match(/^compatibility_flags\s*=\s*(\[[^\]]*\])/m);
  return { compatibilityDate: date, compatibilityFlags: flags ? JSON.parse(flags[1]) : [] };
}

/** Variables as wrangler.toml has them: a list or a table arrives as an object, all others as text. */
function variables(vars) {
  const variable = (value) => (typeof value === "object" ? { type: "json", value } : { type: "text", value: String(value) });
  return Object.fromEntries(Object.entries(vars).map(([name, value]) => [name, variable(value)]));
}
