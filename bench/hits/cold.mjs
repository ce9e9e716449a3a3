// node --single-threaded cold.mjs FOLDER: the CPU time in which an isolate takes over a large journal.
//
// It runs the built wasm in Node's V8, where a call can be timed. In a process of its own, the bench's heap is not measured.
// With one thread, V8 does all its work there. FOLDER holds the object's replies: `whole` has all entries, and `news` those
// of one more purge. The times are written to `times.json` there.
//
// Each isolate is a new instance of the module, and of its memory. The cache and the object are stand-ins that answer
// at once, so the time from a request to the end of its deferred work is CPU time. Their own copies of the bytes count.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Failure } from "../../scripts/lib/failure.mjs";

const BUILT = new URL("../../build/", import.meta.url);
const PAGE = "https://www.example.com/topic-1/story-1";
const TAGS = "section-1, topic-1, month-1, author-1, post-1";
const ROUNDS = 21;

/**
 * The CPU milliseconds of hits. `first`: of new isolates that take all entries over. `next`: of isolates that learn one
 * more purge. Each `object`: from the object, and `shared`: from the data centre's copy. `warm`: of an isolate that needs
 * nothing.
 */
async function hitTimes(folder) {
  const [whole, news] = await Promise.all(["whole", "news"].map((name) => readFile(join(folder, name))));
  const isolates = new Isolates(await written(folder), { whole, news });
  await isolates.store();
  const rounds = [];
  for (let round = 0; round < ROUNDS; round += 1) rounds.push(await isolates.round());
  const of = (pick) => median(rounds.map(pick));
  const both = (moment) => ({ object: of((round) => round[moment].object), shared: of((round) => round[moment].shared) });
  return { first: both("first"), next: both("next"), warm: of(({ warm }) => warm) };
}

const median = (numbers) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

class Isolates {
  #code;
  #replies;
  #reply;
  #stored = new Map();
  #page;
  #count = 0;

  constructor(code, replies) {
    this.#code = code;
    this.#replies = replies;
    const match = async (key) => {
      const { body, headers } = this.#stored.get(urlOf(key)) ?? {};
      return body && new Response(body, { headers });
    };
    const put = async (key, response) => {
      this.#stored.set(urlOf(key), { body: await response.bytes(), headers: response.headers });
    };
    const remove = async (key) => this.#stored.delete(urlOf(key));
    globalThis.caches = { default: { match, put, delete: remove } };
  }

  /** Stores the page, from an isolate without the object: it writes no copy of the journal. */
  async store() {
    const { COORDINATOR, ...env } = this.#env();
    const headers = { "cache-control": "s-maxage=31536000", "cache-tag": TAGS, "content-type": "text/html" };
    const { fetch } = globalThis;
    globalThis.fetch = async () => new Response(Buffer.from("a page"), { headers });
    await (await this.fresh(env)).timed();
    globalThis.fetch = fetch;
    this.#page = new Map(this.#stored);
  }

  /** Times two isolates of a data centre: when they start, and when the copy is too old and a purge has been made. */
  async round() {
    this.#stored = new Map(this.#page);
    this.#reply = this.#replies.whole;
    const [one, other] = [await this.fresh(), await this.fresh()];
    const first = { object: await one.hit(), shared: await other.hit() };
    const warm = await one.hit();
    this.#later();
    this.#reply = this.#replies.news;
    const next = { object: await one.hit(), shared: await other.hit() };
    return { first, next, warm };
  }

  /** Lets PURGE_SEEN_WITHIN pass. */
  #later() {
    const now = Date.now() + 40_000 - performance.now();
    Date.now = () => Math.floor(now + performance.now());
  }

  async fresh(env = this.#env()) {
    const { default: Built } = await import(`${this.#code}?${(this.#count += 1)}`);
    return new Isolate(Built, env);
  }

  #env() {
    const object = { fetch: async () => new Response(this.#reply) };
    const none = { get: async () => new Map(), put: async () => {}, list: async () => ({ keys: [] }) };
    const id = { toString: () => "0123456789abcdef" };
    return {
      TAGS: none,
      COORDINATOR: { idFromName: () => id, get: () => object },
      ORIGIN: "https://origin.example",
      PLAN: "paid",
    };
  }
}

class Isolate {
  #built;
  #env;
  #status;

  constructor(built, env) {
    [this.#built, this.#env] = [built, env];
  }

  /** The milliseconds of a hit that is judged by the journal. */
  async hit() {
    const took = await this.timed();
    if (/^edge-isr; hit/.test(this.#status) && !/unavailable/.test(this.#status)) return took;
    throw new Failure(`this is not a hit that is judged by the journal: ${this.#status}.`);
  }

  /** The milliseconds of a request, until all that it deferred has ended. */
  async timed() {
    const deferred = [];
    const ctx = { waitUntil: (work) => deferred.push(work), passThroughOnException() {} };
    const request = new Request(PAGE);
    const began = process.cpuUsage();
    const response = await this.#built.prototype.fetch.call({ env: this.#env, ctx }, request);
    for (let i = 0; i < deferred.length; i += 1) await deferred[i];
    const took = since(began);
    await response.text();
    this.#status = response.headers.get("cache-status");
    return took;
  }
}

/** The milliseconds of CPU time since then. */
function since(began) {
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1000;
}

const urlOf = (key) => (typeof key === "string" ? key : key.url);

/** Writes the module for Node, and returns its URL. Whatever query comes after it makes another instance. */
async function written(folder) {
  const [js, wasm] = await Promise.all([readFile(new URL("index.js", BUILT), "utf8"), readFile(new URL("index_bg.wasm", BUILT))]);
  // All instances share what V8 has compiled.
  globalThis.benchedModule = await WebAssembly.compile(wasm);
  Object.assign(globalThis, { addEventListener: () => {}, IdentityTransformStream: TransformStream });
  globalThis.FixedLengthStream = class extends TransformStream {};
  const text = js
    .replace(/import\s*\{\s*WorkerEntrypoint as (\w+)\s*\}\s*from\s*"cloudflare:workers";/, "class $1 {}")
    .replace(/import (\w+) from\s*"\.\/index_bg\.wasm";/, "const $1 = globalThis.benchedModule;");
  const path = join(folder, "index.mjs");
  await writeFile(path, text);
  return pathToFileURL(path).href;
}

const [folder] = process.argv.slice(2);
await writeFile(join(folder, "times.json"), JSON.stringify(await hitTimes(folder)));
