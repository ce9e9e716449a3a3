/** Bodies: of any size, as the origin compressed them, and never half of one. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { before, beforeEach, describe, test } from "node:test";
import { advance, cacheStatus, eventually, hitOf, pattern, startEdge, startOrigin, stays } from "./harness.mjs";

const FRESH = { "cache-control": "s-maxage=60, stale-while-revalidate=600", "content-type": "text/html" };
const MEGABYTE = 1 << 20;

describe("a body", () => {
  let origin, edge, path;
  let number = 0;

  before(async () => {
    origin = await startOrigin();
    edge = await startEdge({ probe: true, vars: { ORIGIN: origin.url } });
  });
  beforeEach(() => {
    origin.reset();
    path = `/body-${(number += 1)}`;
  });

  for (const encoding of ["gzip", "br", "zstd"]) {
    test(`in ${encoding} arrives byte for byte on a miss, on a hit and after a revalidation`, async () => {
      origin.on(path, { body: "again ".repeat(500), encoding, etag: '"1"', headers: FRESH });
      const miss = await edge.fetch(path);
      const hit = await edge.fetch(path);
      await advance(61_000);
      await hitOf(edge, path);
      await eventually(() => origin.count(path) === 2);
      await eventually(async () => cacheStatus(await edge.fetch(path)).ttl > 0);
      const freshened = await edge.fetch(path);
      for (const answer of [hit, freshened]) {
        assert.equal(answer.headers.get("content-encoding"), encoding);
        assert.equal(answer.sha256, miss.sha256);
        assert.equal(answer.bytes, miss.bytes);
      }
      assert.ok(miss.bytes < 1000 && cacheStatus(freshened).hit);
    });
  }

  for (const [size, chunked] of [
    [0, false],
    [1000, true],
    [MEGABYTE, false],
    [MEGABYTE + 1, true],
    [3 * MEGABYTE, false],
  ]) {
    test(`of ${size} bytes${chunked ? ", chunked," : ""} is stored whole`, async () => {
      origin.on(path, { body: { bytes: size }, chunked, headers: FRESH });
      const expected = createHash("sha256").update(pattern(0, size)).digest("hex");
      assert.equal((await edge.fetch(path)).sha256, expected);
      await hitOf(edge, path);
      assert.equal((await edge.fetch(path)).sha256, expected);
      assert.equal(origin.count(path), 1);
    });
  }

  test("of 100 MB streams through, and through a store, and leaves the wasm memory as it was", async () => {
    const size = 100 * MEGABYTE;
    origin.on(path, { body: { bytes: size }, headers: FRESH });
    origin.on(`${path}-private`, { body: { bytes: size }, headers: { "cache-control": "private" } });
    await edge.fetch("/warm");
    const before = await edge.probe.memoryBytes();
    assert.equal((await edge.fetch(`${path}-private`, { discard: true })).bytes, size);
    const stored = await edge.fetch(path, { discard: true });
    assert.equal(stored.bytes, size);
    const hit = await eventually(async () => {
      const answer = await edge.fetch(path, { discard: true });
      return cacheStatus(answer).hit && answer;
    }, 20_000);
    assert.deepEqual([hit.bytes, hit.sha256], [size, stored.sha256]);
    const grown = (await edge.probe.memoryBytes()) - before;
    assert.ok(before > 0 && grown < MEGABYTE, `the wasm memory grew by ${grown} bytes`);
  });

  test("says how long it is, on a miss as on a hit", async () => {
    origin.on(path, { body: { bytes: 3000 }, headers: FRESH });
    const miss = await edge.fetch(path);
    const hit = await hitOf(edge, path);
    assert.deepEqual([miss.headers.get("content-length"), hit.headers.get("content-length")], ["3000", "3000"]);
  });

  for (const size of [10_000, 3 * MEGABYTE]) {
    test(`of ${size} bytes answers a range from the cache`, async () => {
      origin.on(path, { body: { bytes: size }, headers: FRESH });
      await hitOf(edge, path);
      const part = await edge.fetch(path, { headers: { range: `bytes=5000-5999` } });
      assert.deepEqual([part.status, part.bytes, cacheStatus(part).hit], [206, 1000, true]);
      assert.equal(part.headers.get("content-range"), `bytes 5000-5999/${size}`);
      assert.deepEqual(part.body, pattern(5000, 6000));
      const beyond = await edge.fetch(path, { headers: { range: `bytes=${size}-` } });
      assert.deepEqual([beyond.status, beyond.headers.get("content-range")], [416, `bytes */${size}`]);
      assert.equal(origin.count(path), 1);
    });
  }

  test("that is large is freshened by a 304 without being fetched again", async () => {
    origin.on(path, { body: { bytes: 3 * MEGABYTE }, etag: '"1"', headers: FRESH });
    await hitOf(edge, path);
    await hitOf(edge, path);
    await advance(61_000);
    await hitOf(edge, path);
    await eventually(async () => cacheStatus(await edge.fetch(path)).ttl > 0);
    assert.equal((await edge.fetch(path)).bytes, 3 * MEGABYTE);
    assert.equal(origin.to(path).length, 2);
  });

  for (const size of [1000, 3 * MEGABYTE]) {
    for (const chunked of [false, true]) {
      test(`of ${size} bytes that broke off, ${chunked ? "chunked" : "with Content-Length"}, is never stored`, async () => {
        origin.on(path, { body: { bytes: size }, breakAfter: size - 400, chunked, headers: FRESH });
        const broken = await edge.fetch(path);
        assert.equal(broken.aborted, true);
        origin.on(path, { body: "good", headers: FRESH });
        await eventually(async () => (await edge.fetch(path)).text() === "good");
        await stays(async () => (await edge.fetch(path)).text() === "good");
        await advance(61_000);
        origin.on(path, { body: { bytes: size }, breakAfter: size - 400, chunked, headers: FRESH });
        const stale = await edge.fetch(path);
        assert.equal(stale.text(), "good");
        await eventually(() => origin.count(path) >= 3);
        await stays(async () => (await edge.fetch(path)).text() === "good");
      });
    }
  }

  // JavaScript counts up to 2^53, and the runtime takes lengths up to 2^63.
  for (const length of ["9007199254740992", "9007199254740993", "9223372036854775807"]) {
    test(`that says it has ${length} bytes, and is short, is answered and hangs nowhere`, async () => {
      origin.on(path, { raw: `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\nCache-Control: s-maxage=60\r\n\r\nshort` });
      const started = performance.now();
      const answer = await edge.fetch(path);
      const seconds = (performance.now() - started) / 1000;
      assert.deepEqual([answer.status, answer.text(), answer.aborted], [200, "short", true]);
      assert.ok(seconds < 2, `it took ${seconds.toFixed(1)} s`);
      assert.equal((await edge.fetch(`${path}-other`)).status, 404);
    });
  }

  test("goes on being stored when its visitor hangs up", async () => {
    origin.on(path, { body: { bytes: 3 * MEGABYTE }, headers: FRESH });
    const hold = origin.hold(path, { afterBytes: 2 * MEGABYTE });
    const visitor = await edge.open(path);
    await hold.arrived();
    visitor.hangUp();
    hold.release();
    await hitOf(edge, path);
    assert.equal((await edge.fetch(path)).bytes, 3 * MEGABYTE);
    assert.equal(origin.count(path), 1);
  });

  test("of a page that fits does not wait for a visitor who reads nothing", async () => {
    origin.on(path, { body: { bytes: 800_000 }, headers: FRESH });
    const stalled = await edge.open(path);
    stalled.incoming.pause();
    await hitOf(edge, path);
    stalled.hangUp();
    assert.equal(origin.count(path), 1);
  });
});
