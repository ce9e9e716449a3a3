/** Warmups after a purge, of tags, and by a schedule. */

import assert from "node:assert/strict";
import { before, beforeEach, describe, test } from "node:test";
import { advance, cacheStatus, eventually, hitOf, startEdge, startOrigin } from "./harness.mjs";
import { TOKEN, bearer, purge } from "./purge.mjs";
import { at, counts, ended, passing, report, reported, started, warmed } from "./warmup.mjs";

const FRESH = { "cache-control": "s-maxage=3600, stale-while-revalidate=86400" };

describe("a purge with a warmup", () => {
  let origin, edge, near, far, path, tag;
  let number = 0;

  before(async () => {
    origin = await startOrigin();
    const vars = { ORIGIN: origin.url, PURGE_TOKENS: TOKEN, WARM_PER_SECOND: 1000, PLAN: "paid" };
    edge = await startEdge({ probe: true, coordinator: "on time", pages: true, dataCentres: 2, vars });
    [near, far] = [edge.dataCentre(0), edge.dataCentre(1)];
  });
  beforeEach(() => {
    origin.reset();
    number += 1;
    [path, tag] = [`/purged-${number}`, `tag-${number}`];
  });

  const page = (body) => ({ body, headers: { ...FRESH, "cache-tag": tag } });
  const pages = (count) => Array.from({ length: count }, (_, i) => `${path}/${i}`);
  const receipt = async (id) => (await near.fetch(`/edge-isr/purges/${id}`, { headers: bearer(TOKEN) })).json();

  /** Stores pages as they are before the purge, and waits until the graph lists them. */
  async function stored(paths) {
    for (const one of paths) origin.on(one, page("old"));
    assert.equal((await warmed(near, { urls: paths.map(at) })).stored, paths.length);
    await eventually(() => assert.equal(edge.kv.dump(`t/${tag}/`).length, paths.length));
    for (const one of paths) origin.on(one, page("new"));
    origin.reset();
  }

  for (const mode of ["soft", "hard"]) {
    test(`that is ${mode} fetches each page of a tag once, and no visitor waits for the origin or sees the old one`, async () => {
      const paths = pages(8);
      await stored(paths);
      const answer = await purge(near, { tags: [tag], mode, warm: true });
      assert.equal(answer.status, 200);
      const { id, warmup } = answer.json();
      assert.deepEqual(warmup, { job: id });
      const last = await ended(near, id);
      assert.deepEqual([counts(last), last.asked_by], [{ asked: 8, stored: 8 }, "purge"]);
      for (const one of paths) assert.equal(origin.count(one), 1, one);
      await advance(61_000);
      for (const one of paths) {
        const seen = await far.fetch(one);
        assert.deepEqual([seen.text(), cacheStatus(seen).hit], ["new", true], one);
      }
      assert.equal(origin.count(), 8);
    });
  }

  test("of URLs fetches these, and the receipt tells of the job from its start to its end", async () => {
    await stored([path]);
    const hold = origin.hold(path);
    const { id } = (await purge(near, { urls: [at(path)], mode: "hard", warm: true })).json();
    await hold.arrived();
    const { warmup: running } = await receipt(id);
    assert.deepEqual([running.job, running.state, running.done_at], [id, "running", undefined]);
    hold.release();
    const { done_at } = await ended(near, id);
    const { warmup } = await receipt(id);
    assert.deepEqual(warmup, { job: id, state: "done", done_at });
  });

  test("of a prefix fetches the pages below it, as the tier lists them", async () => {
    const paths = [...pages(3), `${path}-beside`];
    await stored(paths);
    const { warmup } = (await purge(near, { prefixes: [path], mode: "hard", warm: true })).json();
    assert.deepEqual(counts(await ended(near, warmup.job)), { asked: 3, stored: 3 });
    assert.equal((await edge.coordinator.fetch(paths[0])).text(), "new");
    assert.equal(origin.count(), 3);
  });

  for (const what of [{ hosts: ["www.example.com"] }, { everything: true }]) {
    test(`of ${Object.keys(what)} fetches all pages, as the tier lists them`, async () => {
      const paths = pages(3);
      await stored(paths);
      const { warmup } = (await purge(near, { ...what, mode: "hard", warm: true })).json();
      const { state, failures } = await ended(near, warmup.job);
      assert.deepEqual([state, failures], ["done", []]);
      assert.deepEqual(
        paths.map((one) => origin.count(one)),
        [1, 1, 1],
      );
    });
  }

  test("of a prefix without a page is no failure, and its job ends at once", async () => {
    const answer = await purge(near, { prefixes: [path], warm: true });
    assert.equal(answer.status, 200);
    const last = await ended(near, answer.json().warmup.job);
    assert.deepEqual([last.state, last.asked, last.failures], ["done", 0, []]);
  });

  test("fetches a page again that is purged while it is fetched", async () => {
    await stored([path]);
    origin.on(path, page("between"));
    const hold = origin.hold(path);
    const first = (await purge(near, { tags: [tag], mode: "hard", warm: true })).json();
    await hold.arrived();
    const second = (await purge(near, { tags: [tag], mode: "hard", warm: true })).json();
    origin.on(path, page("new"));
    hold.release();
    for (const { id } of [first, second]) {
      const last = await ended(near, id);
      assert.deepEqual([last.failed, last.left], [0, 0], JSON.stringify(last));
    }
    await advance(61_000);
    const seen = await far.fetch(path);
    assert.deepEqual([seen.text(), cacheStatus(seen).hit], ["new", true]);
  });

  test("does not count a page as fresh that was stored before the purge, wherever it lies", async () => {
    await stored([path]);
    await hitOf(edge.coordinator, path);
    edge.kv.freeze();
    const { id } = (await purge(far, { urls: [at(path)], warm: true })).json();
    const last = await ended(near, id);
    edge.kv.heal();
    assert.deepEqual(counts(last), { asked: 1, stored: 1 });
    assert.equal((await edge.coordinator.fetch(path)).text(), "new");
  });

  test("that does not ask for a warmup gets none", async () => {
    await stored([path]);
    for (const what of [{ tags: [tag] }, { tags: [tag], warm: false }]) {
      const { id, warmup } = (await purge(near, what)).json();
      assert.equal(warmup, undefined);
      assert.equal((await near.fetch(`/edge-isr/jobs/${id}`, { headers: bearer(TOKEN) })).status, 404);
    }
    assert.equal(origin.count(), 0);
  });

  test("is refused with a warm that is neither true nor false, and purges nothing", async () => {
    await stored([path]);
    for (const warm of ["yes", 1, {}, ["true"]]) {
      const answer = await purge(near, { tags: [tag], mode: "hard", warm });
      assert.deepEqual([answer.status, answer.json().field], [400, "warm"]);
    }
    assert.equal((await edge.coordinator.fetch(path)).text(), "old");
  });
});

describe("a warmup of tags", () => {
  test("takes all pages of a tag, however many pages of KV's listing there are, and each page once", async () => {
    const origin = await startOrigin();
    const vars = { ORIGIN: origin.url, PURGE_TOKENS: TOKEN, WARM_PER_SECOND: 1000, WARM_AT_ONCE: 16 };
    const edge = await startEdge({ probe: true, coordinator: "on time", pages: true, vars });
    const tagged = (body, tags) => ({ body, headers: { ...FRESH, "cache-tag": tags } });
    const paths = Array.from({ length: 6 }, (_, i) => `/tagged/${i}`);
    for (const [i, one] of paths.entries()) origin.on(one, tagged(one, i < 4 ? "one, both" : "two, both"));
    await warmed(edge, { urls: paths.map(at) });
    await eventually(() => assert.equal(edge.kv.dump("t/both/").length, 6));
    // Entries as the edge writes them, of pages that the origin does not have.
    const [{ key, value, metadata }] = edge.kv.dump("t/both/");
    const known = Buffer.from(value).includes("/tagged/") || JSON.stringify(metadata).includes("/tagged/");
    assert.ok(known, `the harness knows no entry of the graph: ${key} ${value} ${JSON.stringify(metadata)}`);
    for (let i = 0; i < 1_100; i += 1) {
      const replaced = (text) => text.replace(/\/tagged\/\d+/, `/missing/${i}`);
      const other = key.replace(/[0-9a-f]{8}$/, i.toString(16).padStart(8, "0"));
      edge.kv.put(other, replaced(value), { metadata: JSON.parse(replaced(JSON.stringify(metadata))) });
    }
    const { id } = await started(edge, { tags: ["both"] });
    const listed = await reported(edge, id, ({ lists_left, asked }) => lists_left === 0 && asked > 6);
    assert.equal(listed.asked, 1_106);
    assert.equal((await edge.fetch(`/edge-isr/jobs/${id}`, { method: "DELETE", headers: bearer(TOKEN) })).status, 200);
    origin.reset();
    await advance(2 * 3_600_000);
    for (const tags of [["one"], ["two"]]) await warmed(edge, { tags });
    for (const one of paths) assert.equal(origin.count(one), 1, one);
    await edge.close();
  });

  test("tries again when KV cannot be read, and says so in the end", async () => {
    const origin = await startOrigin();
    const vars = { ORIGIN: origin.url, PURGE_TOKENS: TOKEN };
    const edge = await startEdge({ probe: true, coordinator: "on time", vars });
    edge.kv.fail({ lists: true, prefix: "t/" });
    const { id } = await started(edge, { tags: ["lost"] });
    await passing(edge, 10_100, async () => assert.equal((await report(edge, id)).state, "done"));
    const last = await report(edge, id);
    assert.deepEqual([last.state, last.failed, last.failures[0].url], ["done", 1, "lost"]);
    assert.match(last.failures[0].reason, /KV/);
    assert.equal(edge.kv.operations.filter(({ kind, refused }) => kind === "list" && refused).length, 3);
    await edge.close();
  });
});

describe("with WARM_PURGED", () => {
  test("each purge is followed by a warmup, unless it says otherwise", async () => {
    const origin = await startOrigin();
    const vars = { ORIGIN: origin.url, PURGE_TOKENS: TOKEN, WARM_PURGED: true };
    const edge = await startEdge({ probe: true, coordinator: "on time", pages: true, vars });
    origin.on("/page", { body: "hello", headers: FRESH });
    const { id, warmup } = (await purge(edge, { urls: [at("/page")] })).json();
    assert.deepEqual(warmup, { job: id });
    assert.deepEqual(counts(await ended(edge, id)), { asked: 1, stored: 1 });
    assert.equal((await purge(edge, { urls: [at("/page")], warm: false })).json().warmup, undefined);
    await edge.close();
  });
});

describe("a cron trigger", () => {
  const sitemap = (...paths) => `<urlset>${paths.map((path) => `<url><loc>${at(path)}</loc></url>`).join("")}</urlset>`;
  const jobs = async (edge) => (await edge.fetch("/edge-isr/jobs", { headers: bearer(TOKEN) })).json().jobs;

  test("warms the pages of WARM_SITEMAPS", async () => {
    const origin = await startOrigin();
    const WARM_SITEMAPS = [at("/one.xml"), at("/two.xml")];
    const vars = { ORIGIN: origin.url, PURGE_TOKENS: TOKEN, WARM_SITEMAPS };
    const edge = await startEdge({ probe: true, coordinator: "on time", pages: true, vars });
    origin.on("/one.xml", { body: sitemap("/a", "/b") }).on("/two.xml", { body: sitemap("/c") });
    for (const path of ["/a", "/b", "/c"]) origin.on(path, { body: path, headers: FRESH });
    assert.equal((await edge.dataCentre(0).scheduled("0 4 * * *")).outcome, "ok");
    const [{ id, asked_by }] = await eventually(async () => (await jobs(edge)).length === 1 && jobs(edge));
    assert.equal(asked_by, "schedule");
    assert.deepEqual(counts(await ended(edge, id)), { asked: 3, stored: 3 });
    await edge.close();
  });

  test("warms with WARM_STORED what the tier has", async () => {
    const origin = await startOrigin();
    const vars = { ORIGIN: origin.url, PURGE_TOKENS: TOKEN, WARM_STORED: true, HOSTS: ["www.example.com"] };
    const edge = await startEdge({ probe: true, coordinator: "on time", pages: true, vars });
    origin.on("/a", { body: "a", headers: FRESH });
    await warmed(edge, { urls: [at("/a")] });
    await advance(3_601_000);
    assert.equal((await edge.dataCentre(0).scheduled("0 4 * * *")).outcome, "ok");
    const both = await eventually(async () => (await jobs(edge)).length === 2 && jobs(edge));
    const { id } = both.find(({ asked_by }) => asked_by === "schedule");
    assert.deepEqual(counts(await ended(edge, id)), { asked: 1, stored: 1 });
    await edge.close();
  });

  for (const [what, settings] of [
    ["without WARM_SITEMAPS does nothing", { coordinator: true }],
    ["with WARM_STORED, but no host to serve, does nothing", { coordinator: true, pages: true, vars: { WARM_STORED: true } }],
    ["without a coordinator does nothing, and the log says why", { vars: { WARM_SITEMAPS: at("/sitemap.xml") } }],
  ]) {
    test(what, async () => {
      const origin = await startOrigin();
      const edge = await startEdge({ ...settings, vars: { ORIGIN: origin.url, PURGE_TOKENS: TOKEN, ...settings.vars } });
      assert.equal((await edge.dataCentre(0).scheduled("0 4 * * *")).outcome, "ok");
      if (settings.coordinator) assert.deepEqual(await jobs(edge), []);
      else await eventually(() => assert.ok(edge.logs.some(({ message }) => /COORDINATOR/.test(message))));
      assert.equal(origin.count(), 0);
      await edge.close();
    });
  }
});
