import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { after, before, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { cacheStatus, eventually, pattern, startEdge, startOrigin, stays } from "./harness.mjs";

const FRESH = { "cache-control": "s-maxage=60, stale-while-revalidate=600", "content-type": "video/mp4" };
const MEGABYTE = 1 << 20;
/** More than the sockets between the origin and a visitor hold by themselves. */
const SIZE = 60 * MEGABYTE;
/** ORIGIN_TIMEOUT, in seconds: how long a visitor may take nothing before that costs the store. */
const PATIENCE = 2;
const NO_PROC = existsSync("/proc/self/status") ? false : "there is no /proc to read a process's memory from";

describe("a body too large to be held", () => {
  let origin, edge, path, sha256;
  let number = 0;
  const visitors = [];

  before(async () => {
    origin = await startOrigin();
    edge = await startEdge({ vars: { ORIGIN: origin.url, ORIGIN_TIMEOUT: PATIENCE } });
    sha256 = hashed(SIZE);
  });
  beforeEach(() => {
    origin.reset();
    path = `/large-${(number += 1)}`;
    origin.on(path, { body: { bytes: SIZE }, headers: FRESH });
  });
  after(() => visitors.forEach((visitor) => visitor.hangUp()));

  /** A visitor who reads nothing for now. */
  async function stalled(at, of = path) {
    const visitor = await at.open(of);
    visitor.incoming.pause();
    visitors.push(visitor);
    return visitor;
  }

  test("costs next to no memory while four visitors read nothing of four of them", { skip: NO_PROC }, async (t) => {
    // The runtime, its cache and their garbage take what they need for one that is read at once.
    await edge.fetch(path, { discard: true });
    await storedWhole();
    const [workerd] = runtimes();
    const before = rss(workerd);
    const paths = Array.from({ length: 4 }, (_, i) => `${path}-${i}`);
    for (const of of paths) origin.on(of, { body: { bytes: SIZE }, headers: FRESH });
    await Promise.all(paths.map((of) => stalled(edge, of)));
    let most = 0;
    // While both are waited for, and when storing has been given up.
    await stays(() => (most = Math.max(most, rss(workerd))), (PATIENCE + 3) * 1000);
    const grown = Math.round((most - before) / MEGABYTE);
    t.diagnostic(`the runtime's memory grew by ${grown} MB, from ${Math.round(before / MEGABYTE)} MB`);
    assert.ok(grown < 40, `the runtime's memory grew by ${grown} MB`);
  });

  test("reaches a visitor whole who pauses for longer than the store waits", async () => {
    const visitor = await stalled(edge);
    await sleep((PATIENCE + 2) * 1000);
    await visitor.read({ discard: true });
    assert.deepEqual([visitor.bytes, visitor.sha256, visitor.aborted], [SIZE, sha256, false]);
    const next = await edge.fetch(path, { discard: true });
    assert.deepEqual([next.bytes, next.sha256, cacheStatus(next).hit], [SIZE, sha256, false]);
    assert.deepEqual(await storedWhole(), [SIZE, sha256]);
    assert.equal(origin.count(path), 2);
  });

  test("is stored whole when its visitor pauses for less", async () => {
    const visitor = await stalled(edge);
    await sleep((PATIENCE * 1000) / 2);
    await visitor.read({ discard: true });
    assert.equal(visitor.sha256, sha256);
    assert.deepEqual(await storedWhole(), [SIZE, sha256]);
    assert.equal(origin.count(path), 1);
  });

  test("is stored whole when its visitor hangs up in the middle", async () => {
    const visitor = await edge.open(path);
    let seen = 0;
    for await (const chunk of visitor.incoming) {
      if ((seen += chunk.length) > SIZE / 4) break;
    }
    visitor.hangUp();
    assert.deepEqual(await storedWhole(), [SIZE, sha256]);
    assert.equal(origin.count(path), 1);
  });

  test("is stored whole when its visitor hangs up having read nothing", async () => {
    const visitor = await stalled(edge);
    await sleep(300);
    visitor.hangUp();
    assert.deepEqual(await storedWhole(), [SIZE, sha256]);
    assert.equal(origin.count(path), 1);
  });

  test("goes to a fast visitor and into the store at once", async (t) => {
    const started = performance.now();
    const miss = await edge.fetch(path, { discard: true });
    const seconds = (performance.now() - started) / 1000;
    t.diagnostic(`${SIZE / MEGABYTE} MB in ${seconds.toFixed(2)} s`);
    assert.deepEqual([miss.bytes, miss.sha256], [SIZE, sha256]);
    assert.equal(miss.headers.get("content-length"), String(SIZE));
    assert.deepEqual(await storedWhole(), [SIZE, sha256]);
    assert.equal(origin.count(path), 1);
  });

  test("leaves no error in the log, whatever its visitor did", () => {
    assert.deepEqual(
      edge.logs.filter(({ level }) => level === "error"),
      [],
    );
  });

  // It stands last: the runtime logs a body that it could not send to its end.
  test("ends for its visitor when the origin stands still", async () => {
    const hold = origin.hold(path, { afterBytes: 5 * MEGABYTE });
    const visitor = await edge.fetch(path, { discard: true });
    hold.release();
    assert.deepEqual([visitor.bytes < SIZE, visitor.aborted], [true, true]);
    const next = await edge.fetch(path, { discard: true });
    assert.deepEqual([next.bytes, next.sha256, cacheStatus(next).hit], [SIZE, sha256, false]);
  });

  /** What the cache answers with, once it has the file. */
  async function storedWhole() {
    return eventually(async () => {
      const hit = await edge.fetch(path, { discard: true });
      return cacheStatus(hit).hit && [hit.bytes, hit.sha256];
    }, 30_000);
  }
});

function hashed(size) {
  const hash = createHash("sha256");
  for (let at = 0; at < size; at += MEGABYTE) hash.update(pattern(at, Math.min(at + MEGABYTE, size)));
  return hash.digest("hex");
}

/** The process ids of the runtimes that this one started. */
function runtimes() {
  const children = (id) => readdirSync("/proc").filter((name) => parent(name) === id);
  return children(process.pid).filter((id) => /workerd/.test(status(id, "Name")));
}

function parent(id) {
  return /^\d+$/.test(id) ? Number(status(id, "PPid")) : undefined;
}

/** In bytes. */
function rss(id) {
  return Number.parseInt(status(id, "VmRSS"), 10) * 1024;
}

function status(id, field) {
  try {
    return readFileSync(`/proc/${id}/status`, "utf8").match(new RegExp(`^${field}:\\s*(.*)$`, "m"))?.[1] ?? "";
  } catch {
    // It has ended meanwhile.
    return "";
  }
}
