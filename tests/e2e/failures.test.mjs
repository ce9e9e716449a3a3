/** What goes wrong, and what a visitor sees of it. */

import assert from "node:assert/strict";
import { before, beforeEach, describe, test } from "node:test";
import { advance, cacheStatus, hitOf, startEdge, startOrigin } from "./harness.mjs";

const FRESH = { "cache-control": "max-age=60, stale-if-error=600" };

describe("an origin", () => {
  let origin, edge, path;
  let number = 0;

  before(async () => {
    origin = await startOrigin();
    edge = await startEdge({ probe: true, vars: { ORIGIN: origin.url, ORIGIN_TIMEOUT: 1 } });
  });
  beforeEach(() => {
    path = `/failing-${(number += 1)}`;
    origin.on(path, { body: "good", headers: FRESH });
  });

  for (const [what, answer, status] of [
    ["breaks off before its head", { breakBefore: true }, 502],
    ["takes too long", { stall: true }, 504],
    ["answers with a 503", { status: 503, body: "broken" }, 503],
  ]) {
    test(`that ${what} leaves the stale page, and a ${status} where there is none`, async () => {
      origin.on(`${path}-cold`, answer);
      const cold = await edge.fetch(`${path}-cold`);
      assert.equal(cold.status, status);
      if (status !== 503) assert.equal(cold.headers.get("content-type"), "application/problem+json");
      await hitOf(edge, path);
      await advance(61_000);
      origin.on(path, answer);
      const stale = await edge.fetch(path);
      const { hit, fwdStatus, ttl } = cacheStatus(stale);
      assert.deepEqual([stale.text(), hit, fwdStatus, ttl < 0], ["good", true, status, true]);
    });
  }

  test("that refuses connections leaves the stale page, and a 502 where there is none", async () => {
    await hitOf(edge, path);
    await advance(61_000);
    await origin.stop();
    assert.equal((await edge.fetch(path)).text(), "good");
    const cold = await edge.fetch(`${path}-cold`);
    assert.deepEqual([cold.status, cold.json().status, cacheStatus(cold).fwd], [502, 502, "uri-miss"]);
    await origin.restart();
    await advance(2_000);
    assert.equal((await edge.fetch(`${path}`)).status, 200);
  });

  test("that breaks off in the middle of a body leaves what was stored", async () => {
    await hitOf(edge, path);
    await advance(61_000);
    origin.on(path, { body: { bytes: 1000 }, breakAfter: 400, headers: FRESH });
    assert.equal((await edge.fetch(path)).aborted, true);
    await advance(2_000);
    await origin.stop();
    assert.equal((await edge.fetch(path)).text(), "good");
    await origin.restart();
  });

  test("is not asked again and again while it fails", async () => {
    const control = { "cache-control": "max-age=60, stale-while-revalidate=6000" };
    origin.on(path, { body: "good", headers: control });
    await hitOf(edge, path);
    await advance(61_000);
    origin.on(path, { status: 500 });
    for (let i = 0; i < 30; i += 1) assert.equal((await edge.fetch(path)).text(), "good");
    assert.ok(origin.count(path) <= 3, `asked ${origin.count(path)} times`);
  });
});

test("a fault in the Worker ends one request with a 500, and the next one works", async () => {
  const origin = await startOrigin();
  origin.on("/", { body: "hello", headers: FRESH });
  const edge = await startEdge({ probe: true, vars: { ORIGIN: origin.url } });
  await edge.probe.panic();
  assert.equal((await edge.fetch("/")).status, 500);
  assert.equal((await edge.fetch("/")).text(), "hello");
  await edge.close();
});

test("without ORIGIN a request that came round is told what to set", async () => {
  const edge = await startEdge({ vars: {} });
  const answer = await edge.fetch("/", { headers: { via: "1.1 edge-isr" } });
  assert.deepEqual([answer.status, answer.headers.get("cache-status")], [508, "edge-isr; detail=loop"]);
  assert.match(answer.json().detail, /ORIGIN/);
  await edge.close();
});
