/**
 * A look into the isolate, for what no visitor and no origin can see.
 *
 *     const edge = await startEdge({ probe: true, … });
 *     await edge.probe.fetches();                    // how each origin request was made
 *     await edge.probe.cacheCalls();                 // [{ call: "put", url, headers }, …]
 *     await edge.probe.cache({ put: "reject" });     // or "drop"; match: "miss" or "reject"; head: "…"
 *     await edge.probe.unread();                     // bodies that the Worker has left open
 *     await edge.probe.memoryBytes();                // of the wasm instance
 *
 * With it the Worker's clock is that of the test file: see `clock.mjs`.
 *
 * The Worker is the built one; a module that is loaded before it
 * (`probe-worker.mjs`) wraps the globals that it calls. An entrypoint beside the
 * Worker's own answers here, so that no request of a test goes through it.
 */

import { readFileSync } from "node:fs";
import { followClock } from "./clock.mjs";
import { fetch } from "./visitor.mjs";

const SOURCE = readFileSync(new URL("probe-worker.mjs", import.meta.url), "utf8");

// Modules are run in the order of their imports: the wraps first.
const ENTRY = `
export { Probe } from "./probe-worker.mjs";
export * from "./index.js";
export { default } from "./index.js";
`;

/** A Durable Object class, whose alarms then follow the clock, too. */
const objects = (name) => `
import { ${name} as Built } from "./index.js";
import { onTime } from "./probe-worker.mjs";
export const ${name} = onTime(Built);
`;

/** `objectClass`: the name of the Worker's Durable Object class, where it has objects in this runtime. */
export function withProbe({ modules, ...rest }, objectClass) {
  const entry = objectClass ? ENTRY + objects(objectClass) : ENTRY;
  const added = {
    "probe-entry.mjs": { type: "esm", contents: entry },
    "probe-worker.mjs": { type: "esm", contents: SOURCE },
  };
  return { ...rest, mainModule: "probe-entry.mjs", modules: { ...modules, ...added } };
}

export async function startProbe(socket) {
  const probe = new Probe(socket);
  await probe.start();
  return probe;
}

class Probe {
  #socket;
  #leaveClock;

  constructor(socket) {
    this.#socket = socket;
  }

  async start() {
    this.#leaveClock = await followClock((ahead) => this.#ask("/clock", { ahead }));
  }

  close() {
    this.#leaveClock();
  }

  /**
   * The calls of `fetch`: `{ url, method, headers, cache, redirect,
   * encodeResponseBody, cf }`. What an init does not say is the request's;
   * but the last two, which only an init can say.
   */
  async fetches() {
    return (await this.#ask("/seen")).fetches;
  }

  /** The calls of the Cache API, in order: `{ call, url }`, and of a put the `headers` of what is stored. */
  async cacheCalls() {
    return (await this.#ask("/seen")).cacheCalls;
  }

  /**
   * The bodies of `fetch` and of the Cache API that are neither read to their end, nor handed to the
   * runtime, nor cancelled: `{ call, url }`.
   */
  async unread() {
    return (await this.#ask("/seen")).unread;
  }

  async memoryBytes() {
    return (await this.#ask("/seen")).memoryBytes;
  }

  /** Forgets the calls, and the bodies that are open. */
  reset() {
    return this.#ask("/reset");
  }

  /**
   * Lets the Cache API fail: `put` is "reject", "drop" (resolves and keeps
   * nothing, as on workers.dev) or null; `match` "reject", "miss", "no bodies" (large
   * ones are evicted, and what is stored of their pages is not) or null. `head`:
   * the metadata of whatever is put, in place of the Worker's own, or null.
   */
  cache(faults) {
    return this.#ask("/cache", faults);
  }

  /** Lets the Worker's next look at the clock throw, from where nothing catches it. */
  panic() {
    return this.#ask("/panic");
  }

  async #ask(path, what = {}) {
    const answer = await fetch(this.#socket, `http://probe${path}`, { method: "POST", body: JSON.stringify(what) });
    if (answer.status !== 200) throw new Error(`probe: ${answer.status} ${answer.text()}`);
    return answer.json();
  }
}
