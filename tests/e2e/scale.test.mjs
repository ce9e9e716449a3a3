/** A thousand visitors, a hundred thousand pages, two hundred tags: what they cost. */

import assert from "node:assert/strict";
import { before, beforeEach, describe, test } from "node:test";
import { advance, cacheStatus, eventually, hitOf, startEdge, startOrigin, stays, together } from "./harness.mjs";
import { now } from "./clock.mjs";
import { TOKEN, bearer, purge } from "./purge.mjs";

const FRESH = { "cache-control": "s-maxage=60, stale-while-revalidate=6000" };
/** A thousand sockets take a while on a small machine that does other things too. */
const PATIENCE = 60_000;
/** What a Worker may have open at once: https://developers.cloudflare.com/workers/platform/limits/ */
const CONNECTIONS = 6;

const range = (n) => Array.from({ length: n }, (_, i) => i);

let origin, edge;

before(async () => {
  origin = await startOrigin();
  const vars = {
    ORIGIN: origin.url,
    PURGE_TOKENS: TOKEN,
    ORIGIN_TIMEOUT: 29,
    GRAPH_WRITES_PER_MINUTE: 1000,
    VISITOR_WRITES_PER_DAY: 100_000,
  };
  edge = await startEdge({ probe: true, vars });
});
beforeEach(() => {
  origin.reset();
  edge.kv.heal();
});

describe("a thousand visitors at once", () => {
  const THOUSAND = 1000;
  let number = 0;
  let path;

  beforeEach(() => {
    path = `/crowded-${(number += 1)}`;
  });

  const page = (text) => ({ body: text, headers: { ...FRESH, "cache-tag": `crowded-${number}` } });

  /** So many requests have looked into the cache since the last reset, and so are inside. */
  function inside(n) {
    const looks = async () => (await edge.probe.cacheCalls()).filter(({ call }) => call === "match").length;
    return eventually(async () => (await looks()) >= n, PATIENCE);
  }

  function allSay(answers, text) {
    const said = new Set(answers.map((answer) => `${answer.status} ${answer.text()}`));
    assert.deepEqual(said, new Set([`200 ${text}`]));
  }

  const collapsed = (answers) => answers.filter((answer) => cacheStatus(answer).collapsed).length;

  test("on a cold page cost the origin one request", async () => {
    origin.on(path, page("hello"));
    const hold = origin.hold(path);
    await edge.probe.reset();
    const visitors = together(THOUSAND, () => edge.fetch(path));
    await inside(THOUSAND);
    hold.release();
    const answers = await visitors;
    allSay(answers, "hello");
    assert.equal(origin.count(path), 1);
    assert.equal(collapsed(answers), THOUSAND - 1);
  });

  test("on a stale page cost the origin one request, and no visitor waits", async () => {
    origin.on(path, page("old"));
    await hitOf(edge, path);
    await advance(61_000);
    origin.on(path, page("new"));
    const hold = origin.hold(path);
    allSay(await together(THOUSAND, () => edge.fetch(path)), "old");
    assert.equal(hold.count, 1);
    hold.release();
    await eventually(async () => (await edge.fetch(path)).text() === "new");
    assert.equal(origin.count(path), 2);
  });

  for (const mode of ["soft", "hard"]) {
    test(`on fifty pages of one tag that was purged, ${mode}, cost the origin fifty`, async () => {
      const pages = range(50).map((i) => `${path}/${i}`);
      for (const one of pages) origin.on(one, page("old"));
      await together(pages.length, (i) => hitOf(edge, pages[i]));
      assert.equal((await purge(edge, { tags: [`crowded-${number}`], mode })).status, 200);
      origin.reset();
      await edge.probe.reset();
      const holds = pages.map((one) => {
        origin.on(one, page("new"));
        return origin.hold(one);
      });
      const visitors = together(THOUSAND, (i) => edge.fetch(pages[i % pages.length]));
      if (mode === "soft") allSay(await visitors, "old");
      else await inside(THOUSAND);
      await Promise.all(holds.map((hold) => hold.arrived()));
      for (const hold of holds) hold.release();
      if (mode === "hard") allSay(await visitors, "new");
      for (const one of pages) await eventually(async () => (await edge.fetch(one)).text() === "new");
      assert.deepEqual(
        pages.map((one) => origin.count(one)),
        pages.map(() => 1),
      );
    });
  }
});

describe("a purge", () => {
  /** The lists of a tag, as they are once so many pages have it. */
  function fill(tag, pages) {
    for (let i = 0; i < pages; i += 1) {
      const url = `https://www.example.com/${tag}/${i}`;
      edge.kv.put(`t/${tag}/${i.toString(16).padStart(64, "0")}`, "", { metadata: { url } });
    }
  }

  test("of a tag on 100,000 pages costs the same in KV as of one on one page", async () => {
    const cost = async (tag, pages) => {
      const path = `/${tag}`;
      origin.on(path, { body: "old", headers: { ...FRESH, "cache-tag": tag } });
      await hitOf(edge, path);
      await eventually(() => edge.kv.dump("u/").some(({ value }) => value.includes(`${path}"`)));
      fill(tag, pages);
      edge.kv.reset();
      assert.equal((await purge(edge, { tags: [tag], mode: "hard" })).status, 200);
      const own = edge.kv.operations.filter(({ keys }) => !keys[0].startsWith("r/"));
      const counts = own.map(({ kind, keys }) => `${kind} ${keys[0]}`);
      origin.on(path, { body: "new", headers: { ...FRESH, "cache-tag": tag } });
      assert.equal((await edge.fetch(path)).text(), "new");
      const { urls } = (await edge.fetch(`/edge-isr/status?tag=${tag}`, { headers: bearer(TOKEN) })).json();
      assert.equal(urls.length, Math.min(pages + 1, 1000), "the graph is what it should be");
      return counts;
    };
    assert.deepEqual(await cost("on-one", 0), ["put p/h/on-one"]);
    assert.deepEqual(await cost("on-many", 99_999), ["put p/h/on-many"]);
  });

  test("is one of a thousand of a tag within a second: all hold, with KV's one write a second", async () => {
    const [path, tag] = ["/stormy", "storm"];
    origin.on(path, { body: "old", headers: { ...FRESH, "cache-tag": tag } });
    await hitOf(edge, path);
    origin.on(path, { body: "new", headers: { ...FRESH, "cache-tag": tag } });
    edge.kv.limit();
    edge.kv.reset();
    const began = now();
    const purges = await together(1000, async () => {
      const sentAt = now();
      const { status } = await purge(edge, { tags: [tag], mode: "hard" });
      return { status, sentAt, answeredAt: now() };
    });
    const seconds = Math.ceil((now() - began) / 1000);
    assert.deepEqual(new Set(purges.map(({ status }) => status)), new Set([200]));
    const writes = edge.kv.operations.filter(({ keys }) => keys[0] === `p/h/${tag}`);
    const durable = writes.filter(({ refused }) => refused === undefined);
    const records = durable.map(({ value, at }) => ({ stamp: JSON.parse(value).at, takenAt: at }));
    for (const { sentAt, answeredAt } of purges) {
      const holds = ({ stamp, takenAt }) => sentAt <= stamp && takenAt <= answeredAt;
      assert.ok(records.some(holds), `sent ${sentAt}, answered ${answeredAt}: ${JSON.stringify(records)}`);
    }
    assert.ok(writes.length <= seconds + 1, `${writes.length} writes in ${seconds} s`);
    assert.equal((await edge.fetch(path)).text(), "new");
  });

  test("of as many tags as PURGE_ITEMS_MAX allows stays inside the platform's limits", async () => {
    const tags = range(500).map((i) => `item-${i}`);
    edge.kv.reset();
    const hold = edge.kv.hold("writes");
    const purging = purge(edge, { tags });
    await hold.arrived();
    await stays(() => hold.count <= CONNECTIONS);
    hold.release();
    const answer = await purging;
    assert.deepEqual([answer.status, answer.json().purged.tags.length], [200, 500]);
    assert.ok(edge.kv.mostAtOnce <= CONNECTIONS, `${edge.kv.mostAtOnce} at once`);
    const own = edge.kv.operations.filter(({ keys }) => keys.some((key) => key.includes("item-")));
    assert.deepEqual([own.length, own.filter(({ kind }) => kind !== "put").length], [500, 0]);
    assert.equal((await purge(edge, { tags: [...tags, "one-more"] })).status, 413);
  });
});

describe("a page with two hundred tags", () => {
  const tags = range(200).map((i) => `many-${i}`);
  const page = (text) => ({ body: text, headers: { ...FRESH, "cache-tag": tags.join(",") } });

  for (const [mode, tag] of [
    ["soft", 0],
    ["hard", 99],
    ["soft", 199],
    ["hard", 199],
  ]) {
    test(`is served, purged (${mode}) by tag number ${tag}, and refreshed`, async () => {
      const path = `/tagged-${mode}-${tag}`;
      origin.on(path, page("old"));
      await hitOf(edge, path);
      await advance(21_000);
      edge.kv.reset();
      const served = await edge.fetch(path);
      assert.deepEqual([served.text(), cacheStatus(served).ttl > 0, served.headers.has("cache-tag")], ["old", true, false]);
      const reads = edge.kv.operations.filter(({ kind }) => kind === "bulk");
      const keys = reads.flatMap((read) => read.keys);
      assert.ok(
        reads.every((read) => read.keys.length <= 100),
        "KV takes 100 keys a call",
      );
      for (const one of tags) for (const kind of ["s", "h"]) assert.ok(keys.includes(`p/${kind}/${one}`));
      assert.equal(keys.length, new Set(keys).size);
      assert.ok(edge.kv.mostAtOnce <= CONNECTIONS, `${edge.kv.mostAtOnce} at once`);
      origin.on(path, page("new"));
      await purge(edge, { tags: [tags[tag]], mode });
      const purged = await edge.fetch(path);
      assert.equal(purged.text(), mode === "soft" ? "old" : "new");
      const isNew = (answer) => answer.text() === "new" && cacheStatus(answer).ttl > 0;
      await eventually(async () => isNew(await edge.fetch(path)));
      await advance(21_000);
      assert.ok(isNew(await edge.fetch(path)));
      assert.equal(origin.count(path), 2);
    });
  }
});
