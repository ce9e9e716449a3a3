/** One request to the origin, however many visitors. A thousand of them: `scale.test.mjs`. */

import assert from "node:assert/strict";
import { before, beforeEach, describe, test } from "node:test";
import { advance, cacheStatus, startEdge, startOrigin, together } from "./harness.mjs";

const FRESH = { "cache-control": "s-maxage=60, stale-while-revalidate=600" };

describe("two hundred at once", () => {
  let origin, edge, path;
  let number = 0;

  before(async () => {
    origin = await startOrigin();
    edge = await startEdge({ probe: true, isolates: 2, vars: { ORIGIN: origin.url } });
  });
  beforeEach(() => {
    origin.reset();
    path = `/many-${(number += 1)}`;
  });

  test("on a page that turns out uncacheable wait no longer than the first, and then not at all", async () => {
    origin.on(path, { body: "mine", headers: { "cache-control": "private" } });
    const hold = origin.hold(path);
    const answers = together(200, () => edge.fetch(path));
    await hold.arrived(1);
    assert.equal(hold.count, 1, "all wait for the first");
    hold.release();
    assert.ok((await answers).every((answer) => answer.text() === "mine"));
    origin.reset();
    origin.on(path, { body: "mine", headers: { "cache-control": "private" } });
    const open = origin.hold(path);
    const again = together(50, () => edge.fetch(path));
    await open.arrived(50);
    open.release();
    await again;
  });

  test("in two isolates of a data centre share the answer", async () => {
    origin.on(path, { body: "hello", headers: FRESH });
    const hold = origin.hold(path);
    const first = edge.isolate(0).fetch(path);
    await hold.arrived();
    const others = together(100, (i) => edge.isolate(i % 2).fetch(path));
    await new Promise((resolve) => setTimeout(resolve, 300));
    hold.release();
    const answers = [await first, ...(await others)];
    assert.ok(answers.every((answer) => answer.text() === "hello"));
    assert.equal(origin.count(path), 1);
  });

  test("with different Vary values each get their own", async () => {
    origin.on(path, (seen) => ({
      body: `in ${seen.headers.get("accept-language")}`,
      headers: { ...FRESH, vary: "accept-language" },
      delayMs: 200,
    }));
    const languages = ["de", "fr", "en"];
    const answers = await together(90, (i) => edge.fetch(path, { headers: { "accept-language": languages[i % 3] } }));
    answers.forEach((answer, i) => assert.equal(answer.text(), `in ${languages[i % 3]}`));
    // One more: nothing was known of what the page varies by.
    assert.equal(origin.count(path), 4);
  });

  test("are not held up by a visitor who hung up while the origin was being asked", async () => {
    origin.on(path, { body: "hello", headers: FRESH });
    const hold = origin.hold(path);
    const leaving = AbortSignal.timeout(300);
    await Promise.all([
      assert.rejects(edge.fetch(path, { signal: leaving })),
      hold.arrived().then(() => new Promise((resolve) => leaving.addEventListener("abort", resolve))),
    ]);
    const waiting = together(20, () => edge.fetch(path));
    hold.release();
    assert.ok((await waiting).every((answer) => answer.text() === "hello"));
    assert.equal(origin.count(path), 1);
  });

  for (const fault of [{ put: "reject" }, { put: "drop" }, { match: "miss" }]) {
    test(`do not wait in vain when the Cache API does: ${JSON.stringify(fault)}`, async () => {
      await edge.probe.cache(fault);
      origin.on(path, { body: "hello", headers: FRESH, delayMs: 300 });
      const started = Date.now();
      const answers = await together(50, () => edge.fetch(path));
      assert.ok(answers.every((answer) => answer.text() === "hello"));
      assert.ok(Date.now() - started < 10_000);
      const next = await edge.fetch(path);
      assert.deepEqual([next.text(), cacheStatus(next).detail], ["hello", "cache-unavailable"]);
      await edge.probe.cache({ put: null, match: null });
      await advance(61_000);
    });
  }
});
