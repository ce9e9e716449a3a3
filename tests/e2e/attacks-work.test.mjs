/** Attacks on what a request costs: time on a hit, memory, promises that hang. */

import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { existsSync, readFileSync } from "node:fs";
import { before, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { cacheStatus, eventually, hitOf, startEdge, startOrigin, together } from "./harness.mjs";

const SHARED = { "cache-control": "public, s-maxage=600" };
const MEGABYTE = 1 << 20;
/** What a hit may take on a small machine that does other things too; it takes a few milliseconds. */
const HIT_MS = 300;

let origin, edge, path;
let number = 0;

before(async () => {
  origin = await startOrigin();
  const vars = { ORIGIN: origin.url, REQUEST_DIRECTIVES: "true", NORMALISE_LANGUAGE: "true" };
  edge = await startEdge({ probe: true, vars });
});
beforeEach(() => {
  origin.reset();
  path = `/work-${(number += 1)}/page`;
});

/** The least of three, unless one is little enough: what the machine did besides does not count. */
async function fastest(ask) {
  let least = Infinity;
  for (let i = 0; i < 3 && least >= HIT_MS; i += 1) {
    const started = performance.now();
    await ask();
    least = Math.min(least, performance.now() - started);
  }
  return least;
}

describe("quadratic parsing on a hit", () => {
  const PIECES = {
    "an escape, a quote and a comma": '"\\",',
    "a quote and a comma": '",',
    "open quotes and escapes": 'a="\\\\',
    "empty members": ",;=",
  };
  const READ = ["If-None-Match", "Cache-Control", "Cookie", "Accept-Language", "Accept-Encoding", "Range", "X-Flavour"];

  for (const name of READ) {
    for (const [what, piece] of Object.entries(PIECES)) {
      test(`by ${name}, 100 kB of ${what}`, async () => {
        const headers = { [name]: piece.repeat(100_000 / piece.length) };
        origin.on(path, { body: "hello", etag: '"1"', headers: { ...SHARED, vary: "X-Flavour, Accept-Language" } });
        await hitOf(edge, path);
        const took = await fastest(() => edge.fetch(path, { headers }));
        assert.ok(took < HIT_MS, `${Math.round(took)} ms`);
      });
    }
  }
});

test("twenty thousand tags do not cost a second at every hit", async () => {
  const tags = Array.from({ length: 20_000 }, (_, i) => i.toString(36));
  origin.on(path, { body: "hello", headers: { ...SHARED, "cache-tag": tags.join(",") } });
  await edge.fetch(path);
  await sleep(500);
  const took = await fastest(() => edge.fetch(path));
  const answer = await edge.fetch(path);
  assert.ok(took < HIT_MS, `${Math.round(took)} ms (${answer.headers.get("cache-status")})`);
});

describe("memory by a slow reader", () => {
  // The runtime's own memory, and not the wasm instance's: bodies are never there.
  const skip = existsSync("/proc/self/status") ? false : "there is no /proc to read it from";

  for (const how of ["with a length", "without one"]) {
    test(`four cold 100 MB files ${how}, read by no visitor`, { skip }, async () => {
      const { runtime, pids } = await startedWithPids();
      const paths = [0, 1, 2, 3].map((i) => `${path}-${i}`);
      for (const each of paths) {
        origin.on(each, { body: { bytes: 100 * MEGABYTE }, chunked: how === "without one", headers: SHARED });
      }
      const before = resident(pids);
      const readers = await Promise.all(paths.map((each) => runtime.open(each)));
      let most = 0;
      for (let i = 0; i < 40; i += 1) {
        most = Math.max(most, resident(pids) - before);
        await sleep(100);
      }
      for (const reader of readers) reader.hangUp();
      await runtime.close();
      assert.ok(most < 100 * MEGABYTE, `${Math.round(most / MEGABYTE)} MB more`);
    });
  }

  test("and a slow reader of a cold page does not hold up the other readers", async () => {
    origin.on(path, { body: { bytes: 20 * MEGABYTE }, headers: SHARED });
    const slow = await edge.open(path, { headers: { "user-agent": "slow" } });
    const answer = await edge.fetch(path, { discard: true, signal: AbortSignal.timeout(15_000) });
    slow.hangUp();
    assert.deepEqual([answer.bytes, answer.aborted], [20 * MEGABYTE, false]);
  });

  /** An edge of its own, and the processes that run it. */
  async function startedWithPids() {
    const pids = [];
    const note = ({ process: child }) => child.once("spawn", () => /workerd/.test(child.spawnfile) && pids.push(child.pid));
    subscribe("child_process", note);
    const runtime = await startEdge({ vars: { ORIGIN: origin.url } });
    unsubscribe("child_process", note);
    return { runtime, pids };
  }

  function resident(pids) {
    const of = (pid) => Number(readFileSync(`/proc/${pid}/status`, "utf8").match(/^VmRSS:\s+(\d+) kB/m)[1]) * 1024;
    return pids.map(of).reduce((a, b) => a + b, 0);
  }
});

describe("a Content-Length past 2^53", () => {
  for (const length of ["9007199254740993", "18446744073709551615", "99999999999999999999"]) {
    test(`(${length}) ends in no 500 and no promise that hangs`, async () => {
      const raw = `HTTP/1.1 200 OK\r\nCache-Control: s-maxage=600\r\nContent-Length: ${length}\r\n\r\nhello`;
      origin.on(path, { raw });
      const logged = edge.logs.length;
      const outcomes = await together(3, () =>
        edge.fetch(path, { signal: AbortSignal.timeout(10_000) }).then(
          ({ status }) => status,
          (error) => error.name,
        ),
      );
      // A head that came through with a body that breaks off, or the edge's own word for an origin that failed.
      for (const outcome of outcomes) assert.ok([200, 502].includes(outcome), `answered with ${outcome}`);
      await sleep(300);
      const faults = edge.logs.slice(logged).filter(({ message }) => /hung|never generate|panick|RangeError/.test(message));
      assert.deepEqual(faults, []);
      origin.on(path, { body: "whole", headers: SHARED });
      await eventually(async () => (await edge.fetch(path, { signal: AbortSignal.timeout(5_000) })).text() === "whole");
    });
  }
});

describe("variants of a page", () => {
  const page = (seen) => ({ body: seen.headers.get("x-flavour") ?? "plain", headers: { ...SHARED, vary: "X-Flavour" } });
  const ask = (at, flavour) => at.fetch(path, { headers: { "x-flavour": flavour } });

  test("by two hundred values that each come once are not stored", async () => {
    origin.on(path, page);
    await hitOf(edge, path);
    let stored = 0;
    for (let i = 0; i < 200; i += 1) {
      const answer = await ask(edge, `flavour-${i}`);
      assert.equal(answer.text(), `flavour-${i}`);
      if (cacheStatus(answer).stored) stored += 1;
    }
    assert.equal(stored, 0);
  });

  test("get a place at their second request", async () => {
    origin.on(path, page);
    await hitOf(edge, path);
    await ask(edge, "vanilla");
    await eventually(async () => cacheStatus(await ask(edge, "vanilla")).hit);
    assert.equal(origin.count(path), 3);
  });

  test("are no more than VARIANTS_MAX; what exceeds them passes, and says so", async () => {
    const few = await startEdge({ vars: { ORIGIN: origin.url, VARIANTS_MAX: 3, VARIANT_AFTER: 1 } });
    origin.on(path, page);
    await hitOf(few, path);
    const hits = [];
    for (let i = 0; i < 30; i += 1) {
      const flavour = `flavour-${i % 10}`;
      const answer = await ask(few, flavour);
      assert.equal(answer.text(), flavour);
      if (cacheStatus(answer).hit) hits.push(flavour);
    }
    assert.ok(new Set(hits).size >= 1 && new Set(hits).size <= 3, `hits: ${hits}`);
    const { fwd, detail } = cacheStatus(await ask(few, "flavour-9"));
    assert.match(`${fwd} ${detail}`, /variants/);
    await few.close();
  });
});
