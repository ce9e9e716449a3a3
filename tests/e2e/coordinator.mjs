/**
 * The world's one coordinator, in a runtime of its own: the built Worker, whose
 * Durable Objects (leases, the purge journal, warmups) the data centres reach through Miniflare's registry of Workers
 * (a folder of this edge's own) and a socket. This runtime is a data centre, too: warmups call its Worker.
 *
 *     const edge = await startEdge({ coordinator: true, dataCentres: 2, … });
 *     await edge.coordinator.evict();      // out of memory; its storage stays
 *     await edge.coordinator.restart();    // the process, too
 *     await edge.coordinator.fetch(path);  // as a visitor of its data centre
 *     edge.coordinator.pause();            // answers no request, until resume()
 *     await edge.coordinator.stop();       // refuses connections
 */

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Miniflare } from "miniflare";
import { outboundTo } from "./internet.mjs";
import { startProbe, withProbe } from "./probe.mjs";
import { fetch } from "./visitor.mjs";

const WORKER = "coordinator";
const CLASS = "Coordinator";
const SHARD = "shard-0-of-1";
const JOURNAL = "purge-journal";
const SITE = "https://www.example.com";

/** The entry of a Worker's `env`. */
export const BINDING = { type: "durable-object", worker: WORKER, exportName: CLASS };

/** `isOnTime`: whether alarms follow the clock of the test file. `internet`: see `internet.mjs`. */
export async function startCoordinator({ manifest, ...settings }, alone, env, { isOnTime, internet }) {
  const code = { ...settings, env, manifest: withProbe(manifest, isOnTime && CLASS) };
  const coordinator = new Coordinator(code, { alone, internet }, await mkdtemp(join(tmpdir(), "edge-isr-")));
  await coordinator.restart();
  return coordinator;
}

class Coordinator {
  #code;
  #alone;
  #internet;
  #folder;
  #miniflare;
  #process;
  #probe;
  #socket;

  constructor(code, { alone, internet }, folder) {
    this.#code = code;
    this.#internet = internet;
    this.#folder = folder;
    this.#alone = alone;
  }

  /** What a runtime is to be told so that it finds this one, and nothing else on the machine. */
  get registry() {
    return { enableDevRegistry: true, unsafeDevRegistryPath: join(this.#folder, "registry") };
  }

  async restart() {
    await this.stop();
    const storage = { resourcePersistencePath: join(this.#folder, "storage") };
    const { workerd } = await spawned(async () => {
      this.#miniflare = new Miniflare({ ...this.#alone, ...this.registry, ...storage, workers: [this.#options()] });
      await this.#miniflare.ready;
    });
    this.#process = workerd;
    this.#socket = await this.#miniflare.unsafeGetDirectURL(WORKER);
    this.#probe = await startProbe(await this.#miniflare.unsafeGetDirectURL(WORKER, "Probe"));
  }

  /** Takes the object of the leases out of memory, as a deploy does, or a while without asks. */
  evict() {
    return this.#miniflare.unsafeEvictDurableObject(WORKER, CLASS, { name: SHARD });
  }

  /** Takes the purge journal's object out of memory. */
  evictJournal() {
    return this.#miniflare.unsafeEvictDurableObject(WORKER, CLASS, { name: JOURNAL });
  }

  /** `visitor.mjs`: a visitor of the data centre in which the objects live. */
  fetch(path, init) {
    return fetch(this.#socket, new URL(path, SITE), init);
  }

  /** The probe of the Worker that the objects call. */
  get probe() {
    return this.#probe;
  }

  pause() {
    this.#process.kill("SIGSTOP");
  }

  resume() {
    this.#process?.kill("SIGCONT");
  }

  async stop() {
    this.resume();
    this.#probe?.close();
    await this.#miniflare?.dispose();
    this.#probe = this.#process = this.#miniflare = undefined;
  }

  async close() {
    await this.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #options() {
    const exports = { [CLASS]: { type: "durable-object", storage: "sqlite" } };
    const door = (entrypoint) => ({ host: "127.0.0.1", port: 0, entrypoint, proxy: true });
    return {
      config: { name: WORKER, ...this.#code, exports },
      dev: { ...outboundTo(this.#internet), unsafeDirectSockets: [door("default"), door("Probe")], stripCfConnectingIp: true },
    };
  }
}

/** The runtime that is started by `start`: Miniflare does not name it. */
async function spawned(start) {
  let workerd;
  const heard = ({ process: child }) =>
    child.once("spawn", () => {
      if (/workerd/.test(child.spawnfile)) workerd = child;
    });
  subscribe("child_process", heard);
  try {
    await start();
  } finally {
    unsubscribe("child_process", heard);
  }
  return { workerd };
}
