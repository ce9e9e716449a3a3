/** The purge journal: two data centres, and the Durable Object that takes all purges. */

import assert from "node:assert/strict";
import { before, beforeEach, describe, test } from "node:test";
import { advance, cacheStatus, eventually, hitOf, startEdge, startOrigin, together } from "./harness.mjs";
import { TOKEN, bearer, purge } from "./purge.mjs";

/** The head of a published journal, in hexadecimal digits: nine words of eight bytes. Entries stand after it. */
const HEAD_DIGITS = 2 * 9 * 8;

const hasEntries = ({ value }) => value.length > HEAD_DIGITS;

const FRESH = { "cache-control": "s-maxage=6000, stale-while-revalidate=6000" };

describe("with the purge journal", () => {
  let origin, edge, near, far, path;
  let number = 0;

  const page = (body, tag = "t") => ({ body, headers: { ...FRESH, "cache-tag": tag } });
  const read = async (at, route) => {
    const answer = await at.fetch(`/edge-isr/${route}`, { headers: bearer(TOKEN) });
    return { status: answer.status, json: JSON.parse(answer.text()) };
  };

  before(async () => {
    origin = await startOrigin();
    const vars = { ORIGIN: origin.url, PURGE_TOKENS: TOKEN, PLAN: "paid" };
    edge = await startEdge({ probe: true, coordinator: true, dataCentres: 2, isolates: 2, vars });
    [near, far] = [edge.dataCentre(0), edge.dataCentre(1)];
  });
  beforeEach(() => {
    origin.reset();
    edge.kv.heal();
    path = `/journal-${(number += 1)}`;
  });

  // The first one: the runtime's alarms know nothing of a clock that was moved on.
  test("while the object does not answer, pages are judged by what it published, and a purge is a 503", async () => {
    origin.on(path, page("old", "unreachable"));
    await hitOf(far, path);
    origin.on(path, page("new", "unreachable"));
    assert.equal((await purge(near, { tags: ["unreachable"], mode: "hard" })).status, 200);
    await eventually(() => assert.ok(edge.kv.dump("j/").some(hasEntries), "the purge is published"));
    // A paused process cannot be told of the time.
    await advance(31_000);
    edge.coordinator.pause();
    try {
      const asked = Date.now();
      assert.equal((await far.fetch(path)).text(), "new");
      assert.ok(Date.now() - asked < 2_000, `${Date.now() - asked} ms`);
      await eventually(async () => {
        const again = await far.fetch(path);
        assert.deepEqual([cacheStatus(again).hit, cacheStatus(again).detail], [true, "journal-unavailable"]);
      });
      const refused = await purge(near, { tags: ["unreachable"] });
      assert.equal(refused.status, 503);
      assert.match(refused.text(), /may be done or not/);
    } finally {
      edge.coordinator.resume();
    }
    await advance(31_000);
    await eventually(async () => assert.equal((await purge(near, { tags: ["unreachable"] })).status, 200));
  });

  test("hits read no KV, and a purge is seen in another data centre within the bound", async () => {
    origin.on(path, page("old"));
    await together(2, (i) => hitOf(edge.dataCentre(i), path));
    origin.on(path, page("new"));
    assert.equal((await purge(near, { tags: ["t"], mode: "hard" })).status, 200);
    assert.equal((await near.fetch(path)).text(), "new", "at once where it was taken");
    edge.kv.freeze();
    await advance(31_000);
    assert.equal((await far.fetch(path)).text(), "new");
    edge.kv.reset();
    for (let i = 0; i < 10; i += 1) {
      const hit = await hitOf(far, path);
      assert.equal(cacheStatus(hit).detail, undefined);
      await advance(10_000);
    }
    assert.equal(edge.kv.operations.filter(({ keys }) => keys[0].startsWith("p/")).length, 0);
  });

  test("a purge of 500 tags writes nothing to KV but the published journal", async () => {
    const tags = Array.from({ length: 500 }, (_, i) => `many-${i}`);
    edge.kv.reset();
    assert.equal((await purge(near, { tags })).status, 200);
    const puts = edge.kv.operations.filter(({ kind }) => kind === "put").flatMap(({ keys }) => keys);
    assert.deepEqual(
      puts.filter((key) => !/^j(\/|$)/.test(key)),
      [],
    );
  });

  test("an object that was evicted, or whose process was restarted, has forgotten no purge", async () => {
    for (const forget of [() => edge.coordinator.evictJournal(), () => edge.coordinator.restart()]) {
      path += "-again";
      origin.on(path, page("old"));
      await hitOf(far, path);
      origin.on(path, page("new"));
      assert.equal((await purge(near, { tags: ["t"], mode: "hard" })).status, 200);
      await forget();
      await advance(31_000);
      await eventually(async () => assert.equal((await far.fetch(path)).text(), "new"));
    }
  });

  test("a receipt tells whether the data centre that answers has the purge", async () => {
    await hitOfAny(near);
    await hitOfAny(far);
    const answer = await purge(near, { tags: ["receipt"] });
    const { id } = JSON.parse(answer.text());
    const here = await read(near, `purges/${id}`);
    assert.deepEqual([here.status, here.json.spread.here.has_purge], [200, true]);
    assert.equal((await read(far, `purges/${id}`)).json.spread.here.has_purge, false);
    await advance(31_000);
    await hitOfAny(far);
    await eventually(async () => assert.equal((await read(far, `purges/${id}`)).json.spread.here.has_purge, true));
    const newest = (await read(near, "purges")).json.purges[0];
    assert.deepEqual([newest.id, newest.purged.tags], [id, ["receipt"]]);
  });

  /** A hit, so that the data centre has a copy of the journal. */
  async function hitOfAny(at) {
    origin.on("/any", page("any", "any"));
    return hitOf(at, "/any");
  }
});
