/**
 * A body that the Worker does not read is cancelled, whatever became of its request.
 *
 * Counted twice: at the origin, whose connection is closed in the middle of a body that would never
 * end; and in the isolate, where `probe.unread` is what was neither read, nor handed on, nor cancelled.
 */

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { advance, cacheStatus, eventually, hitOf, startEdge, startOrigin, stays, together } from "./harness.mjs";

const MEGABYTE = 1 << 20;
/** More than all sockets and buffers on the way hold: it is not sent to its end unless it is read. */
const LONG = { bytes: 200 * MEGABYTE };
const SWR = { "cache-control": "s-maxage=60, stale-while-revalidate=600" };
const NO_SWR = { "cache-control": "s-maxage=60, stale-if-error=600" };
const PRIVATE = { "cache-control": "private" };
const MINUTE = 61_000;

describe("a body that is not read", () => {
  let origin, edge, path;
  let number = 0;

  before(async () => {
    origin = await startOrigin();
    edge = await startEdge({ probe: true, vars: { ORIGIN: origin.url, SHARE_AUTHORIZED: true } });
  });
  beforeEach(async () => {
    await edge.probe.reset();
    origin.reset();
    path = `/unread-${(number += 1)}/page`;
  });
  after(() => edge.probe.cache({ match: null }));

  /** A page that is stored, and has just become stale. */
  async function stale(answer) {
    origin.on(path, { body: "good", ...answer });
    await hitOf(edge, path);
    await advance(MINUTE);
    origin.reset();
  }

  /** Every request to the page has ended, and so many of them in the middle of their bodies. */
  async function closed({ cancelled = 1 } = {}) {
    await eventually(async () => {
      assert.equal(origin.to(path).filter(({ isOpen }) => isOpen).length, 0);
      assert.deepEqual(await edge.probe.unread(), []);
      assert.equal(origin.to(path).filter(({ hungUp }) => hungUp).length, cancelled);
    });
  }

  for (const [what, answer] of [
    ["is private", { body: LONG, headers: PRIVATE }],
    ["is a 503", { status: 503, body: LONG }],
    ["is a 401", { status: 401, body: LONG }],
    ["sets a cookie", { body: LONG, headers: { ...SWR, "set-cookie": "a=b" } }],
    ["has a status that is none", { status: 999, body: LONG }],
  ]) {
    test(`of a background refresh whose answer ${what} is cancelled`, async () => {
      await stale({ headers: SWR });
      origin.on(path, answer);
      assert.equal((await edge.fetch(path)).text(), "good");
      await eventually(() => origin.count(path) === 1);
      await closed();
    });
  }

  for (const bytes of [1000, 3 * MEGABYTE]) {
    test(`of ${bytes} stored bytes is cancelled where a 304 freshens it in the background`, async () => {
      await stale({ body: { bytes }, etag: '"1"', headers: SWR });
      await edge.fetch(path, { discard: true });
      await eventually(() => origin.count(path) === 1);
      await eventually(async () => cacheStatus(await edge.fetch(path, { discard: true })).ttl > 0);
      await closed({ cancelled: 0 });
    });
  }

  test("of an error is cancelled where what is stored stands in for it", async () => {
    await stale({ headers: NO_SWR });
    origin.on(path, { status: 503, body: LONG });
    assert.equal((await edge.fetch(path)).text(), "good");
    await closed();
  });

  test("of an error is cancelled while the stand-in is still being sent", async () => {
    await stale({ body: { bytes: 20 * MEGABYTE }, headers: NO_SWR });
    origin.on(path, { status: 503, body: LONG });
    const visitor = await edge.open(path);
    visitor.incoming.pause();
    assert.equal(cacheStatus(visitor).fwdStatus, 503);
    await closed();
    visitor.hangUp();
  });

  test("of a plain request is cancelled while the visitor's own request is under way", async () => {
    await stale({ headers: NO_SWR });
    origin.on(path, ({ headers }) => (headers.has("cookie") ? { stall: true } : { body: LONG, headers: PRIVATE }));
    const leaves = new AbortController();
    const visitor = edge.fetch(path, { headers: { cookie: "a=b" }, signal: leaves.signal }).catch(() => {});
    await eventually(() => origin.count(path) === 2);
    await eventually(() => origin.to(path)[0].hungUp);
    assert.equal(origin.to(path)[1].isOpen, true);
    leaves.abort();
    await visitor;
  });

  for (const [what, init] of [
    ["to a HEAD", { method: "HEAD" }],
    ["to a visitor who has it already", { headers: { "if-none-match": '"1"' } }],
  ]) {
    test(`of an answer ${what} is cancelled`, async () => {
      await stale({ headers: NO_SWR });
      origin.on(path, { body: LONG, headers: { ...PRIVATE, etag: '"1"' } });
      assert.equal((await edge.fetch(path, init)).bytes, 0);
      await closed();
    });
  }

  test("is cancelled when its visitor hangs up in the middle", async () => {
    origin.on(path, { body: LONG, headers: PRIVATE });
    const visitor = await edge.open(path);
    visitor.hangUp();
    await closed();
  });

  test("is cancelled when its visitor has hung up before it begins", async () => {
    origin.on(path, { body: LONG, headers: PRIVATE });
    const hold = origin.hold(path);
    const leaves = new AbortController();
    const visitor = edge.open(path, { signal: leaves.signal }).catch(() => {});
    await hold.arrived();
    leaves.abort();
    await visitor;
    hold.release();
    await closed();
  });

  test("of a request that bypasses the cache is cancelled when its visitor hangs up", async () => {
    origin.on(path, { body: LONG, headers: SWR });
    const visitor = await edge.open(path, { method: "POST", body: "x" });
    visitor.hangUp();
    await closed();
  });

  for (const bytes of [1000, 3 * MEGABYTE]) {
    test(`of ${bytes} stored bytes is cancelled where no visitor wants it`, async () => {
      const headers = { ...SWR, vary: "accept-language", etag: '"1"' };
      origin.on(path, { body: { bytes }, headers });
      const [en, de] = [{ "accept-language": "en" }, { "accept-language": "de" }];
      await hitOf(edge, path, { headers: en });
      await hitOf(edge, path, { headers: de });
      await edge.fetch(path, { method: "HEAD", headers: en });
      await edge.fetch(path, { headers: { ...en, "if-none-match": '"1"' } });
      await edge.fetch(path, { headers: { ...en, range: "bytes=10-19" } });
      await edge.fetch(path, { headers: { ...en, accept: "application/json", "x-requested-with": "XMLHttpRequest" } });
      await closed({ cancelled: 0 });
    });
  }

  test("of a page whose large body was evicted is cancelled", async () => {
    await stale({ body: { bytes: 3 * MEGABYTE }, etag: '"1"', headers: SWR });
    await edge.probe.cache({ match: "no bodies" });
    assert.equal((await edge.fetch(path)).bytes, 3 * MEGABYTE);
    await closed({ cancelled: 0 });
    await edge.probe.cache({ match: null });
  });

  test("of the stored page is cancelled where an unsafe request empties the slot", async () => {
    origin.on(path, { body: "good", headers: SWR });
    await hitOf(edge, path);
    await edge.fetch(path, { method: "POST", body: "x" });
    await closed({ cancelled: 0 });
  });

  test("is cancelled for each of many visitors at once", async () => {
    await stale({ headers: NO_SWR });
    const hold = origin.hold(path);
    origin.on(path, { status: 503, body: LONG });
    const visitors = together(20, () => edge.fetch(path));
    await hold.arrived();
    hold.release();
    assert.deepEqual(new Set((await visitors).map((answer) => answer.text())), new Set(["good"]));
    await closed({ cancelled: origin.count(path) });
  });

  test("of a marker is cancelled, and of a page that passes", async () => {
    origin.on(path, { body: "mine", headers: PRIVATE });
    await edge.fetch(path);
    await edge.fetch(path);
    await closed({ cancelled: 0 });
  });

  test("leaves no error in the log", async () => {
    await stays(() => edge.logs.every(({ level }) => level !== "error"));
  });
});
