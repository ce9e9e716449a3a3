/** Two data centres, two processes, and the Durable Objects that both ask: for leases, and for purges. */

import assert from "node:assert/strict";
import { before, beforeEach, describe, test } from "node:test";
import { advance, cacheStatus, eventually, hitOf, startEdge, startOrigin, stays, together } from "./harness.mjs";

const FRESH = { "cache-control": "s-maxage=60, stale-while-revalidate=600" };
const TOKEN = "the-token-that-purges";

function purge(at, what) {
  const headers = { authorization: `Bearer ${TOKEN}` };
  return at.fetch("/edge-isr/purge", { method: "POST", headers, body: JSON.stringify(what) });
}

/** Notes how many requests for a page are under way at the origin, at most. */
function watched(origin, path, answer, takesMs) {
  const watch = { most: 0, now: 0 };
  origin.on(path, async () => {
    watch.now += 1;
    watch.most = Math.max(watch.most, watch.now);
    await new Promise((done) => setTimeout(done, takesMs));
    watch.now -= 1;
    return answer;
  });
  return watch;
}

describe("with a coordinator", () => {
  let origin, edge, path;
  let number = 0;

  before(async () => {
    origin = await startOrigin();
    const vars = { ORIGIN: origin.url, PURGE_TOKENS: TOKEN, WORLD_LEASES: "true" };
    edge = await startEdge({ probe: true, coordinator: true, dataCentres: 2, isolates: 2, vars });
  });
  beforeEach(() => {
    origin.reset();
    edge.kv.heal();
    path = `/world-${(number += 1)}`;
  });

  const anywhere = (i) => edge.dataCentre(i % 2).isolate((i >> 1) % 2);

  test("a crowd on a cold page all over the world costs one origin request at a time", async () => {
    const watch = watched(origin, path, { body: "hello", headers: FRESH }, 500);
    const answers = await together(100, (i) => anywhere(i).fetch(path));
    assert.ok(answers.every((answer) => answer.text() === "hello"));
    assert.deepEqual([watch.most, origin.count(path)], [1, 2]);
    assert.ok(answers.every((answer) => cacheStatus(answer).detail === undefined));
  });

  test("a stale page is revalidated in one data centre at a time, and shown meanwhile", async () => {
    origin.on(path, { body: "old", headers: FRESH });
    await together(2, (i) => hitOf(edge.dataCentre(i), path));
    await advance(61_000);
    const watch = watched(origin, path, { body: "new", headers: FRESH }, 1_000);
    const stale = await together(20, (i) => anywhere(i).fetch(path));
    assert.ok(stale.every((answer) => answer.text() === "old"));
    await eventually(async () => {
      const seen = await together(2, (i) => edge.dataCentre(i).fetch(path));
      return seen.every((answer) => answer.text() === "new");
    }, 10_000);
    assert.equal(watch.most, 1);
  });

  test("an object that was evicted, or whose process was restarted, has forgotten no lease", async () => {
    for (const forget of [() => edge.coordinator.evict(), () => edge.coordinator.restart()]) {
      path += "-again";
      origin.on(path, { body: "hello", headers: FRESH });
      const hold = origin.hold(path);
      const first = edge.dataCentre(0).fetch(path);
      await hold.arrived();
      await forget();
      // A new process must have been heard of.
      await eventually(() => isCoordinated(edge.dataCentre(1), origin));
      const waiting = edge.dataCentre(1).fetch(path);
      await stays(() => hold.count === 1, 1_500);
      hold.release();
      assert.deepEqual([(await first).text(), (await waiting).text()], ["hello", "hello"]);
      assert.equal(origin.count(path), 2);
    }
  });

  test("a holder that died blocks the others no longer than its lease", async () => {
    const vars = { ORIGIN: origin.url, WORLD_LEASES: "true" };
    const short = await startEdge({ probe: true, coordinator: true, dataCentres: 2, vars });
    origin.on(path, { body: "hello", headers: FRESH });
    const hold = origin.hold(path);
    const lost = short
      .dataCentre(0)
      .fetch(path)
      .catch(() => {});
    await hold.arrived();
    await short.dataCentre(0).close();
    await lost;
    const waiting = short.dataCentre(1).fetch(path);
    await stays(() => hold.count === 1);
    await advance(56_000);
    await hold.arrived(2);
    hold.release();
    assert.equal((await waiting).text(), "hello");
    await short.close();
  });

  for (const mode of ["hard", "soft"]) {
    test(`a ${mode} purge is known when the page is refilled in another data centre, whatever KV shows`, async () => {
      const page = (body) => ({ body, etag: '"1"', headers: { "cache-control": "s-maxage=60", "cache-tag": "a" } });
      const [near, far] = [edge.dataCentre(0), edge.dataCentre(1)];
      origin.on(path, page("old"));
      await hitOf(far, path);
      await advance(61_000);
      edge.kv.freeze({ dataCentre: 1 });
      // The same validator: a comparison with it would show the old page again.
      origin.on(path, page("new"));
      assert.equal((await purge(near, { tags: ["a"], mode })).status, 200);
      const seen = await far.fetch(path);
      const asked = origin.to(path).at(-1).headers.get("if-none-match");
      assert.deepEqual([seen.text(), asked], mode === "hard" ? ["new", undefined] : ["old", '"1"']);
      edge.kv.heal();
      await advance(11_000);
      const count = origin.count(path);
      const again = await eventually(async () => {
        const answer = await far.fetch(path);
        return cacheStatus(answer).hit && answer;
      });
      assert.ok(cacheStatus(again).ttl > 40, "fresh at once");
      assert.equal(origin.count(path), count);
    });
  }

  test("a coordinator that hangs or is gone costs one short wait, and the data centre's lease serves", async () => {
    const lose = [() => edge.coordinator.pause(), () => edge.coordinator.stop()];
    for (const [i, gone] of lose.entries()) {
      const paths = [0, 1, 2].map((page) => `${path}-${i}-${page}`);
      for (const page of paths) origin.on(page, { body: "hello", headers: FRESH, delayMs: 100 });
      await hitOf(edge, paths[0]);
      await gone();
      const asked = Date.now();
      const hit = await edge.fetch(paths[0]);
      assert.deepEqual([cacheStatus(hit).hit, cacheStatus(hit).detail], [true, undefined]);
      assert.ok(Date.now() - asked < 900, "a hit asks nobody");
      const begun = Date.now();
      const first = await edge.fetch(paths[1]);
      assert.deepEqual([first.text(), cacheStatus(first).detail], ["hello", "coordinator-unavailable"]);
      assert.ok(Date.now() - begun < 3_000, `${Date.now() - begun} ms`);
      const next = Date.now();
      const crowd = await together(20, () => edge.fetch(paths[2]));
      assert.ok(crowd.every((answer) => answer.text() === "hello"));
      assert.ok(Date.now() - next < 900, "nobody asks again so soon");
      assert.equal(origin.count(paths[2]), 1);
      edge.coordinator.resume();
      await advance(11_000);
      if (i === 0) await eventually(() => isCoordinated(edge, origin));
    }
  });
});

test("without a coordinator no answer speaks of it", async () => {
  const origin = await startOrigin();
  const edge = await startEdge({ vars: { ORIGIN: origin.url } });
  origin.on("/page", { body: "hello", headers: FRESH });
  const answer = await edge.fetch("/page");
  assert.deepEqual([answer.text(), cacheStatus(answer).detail], ["hello", undefined]);
});

let asked = 0;

/** Whether a miss there is one that the coordinator knows of. */
async function isCoordinated(at, origin) {
  const page = `/coordinated-${(asked += 1)}`;
  origin.on(page, { body: "hello", headers: FRESH });
  return cacheStatus(await at.fetch(page)).detail === undefined;
}
