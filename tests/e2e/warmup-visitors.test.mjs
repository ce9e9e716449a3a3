/** Warmups beside visitors: what they share, and what they do not take from each other. */

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { advance, cacheStatus, eventually, hitOf, startEdge, startOrigin, stays } from "./harness.mjs";
import { TOKEN, bearer } from "./purge.mjs";
import { at, counts, ended, report, started, warmed } from "./warmup.mjs";

const FRESH = { "cache-control": "s-maxage=3600, stale-while-revalidate=86400" };

describe("a warmup beside visitors", () => {
  let origin, edge, near, far, path;
  let number = 0;

  before(async () => {
    origin = await startOrigin();
    const vars = { ORIGIN: origin.url, PURGE_TOKENS: TOKEN, WARM_PER_SECOND: 1000, WORLD_LEASES: true };
    edge = await startEdge({ probe: true, coordinator: "on time", pages: true, dataCentres: 2, vars });
    [near, far] = [edge.dataCentre(0), edge.dataCentre(1)];
  });
  beforeEach(() => {
    origin.reset();
    path = `/beside-${(number += 1)}`;
  });

  const page = (body, more = {}) => ({ body, headers: { ...FRESH, ...more } });

  test("does not stand in the way of a visitor's miss", async () => {
    const urls = Array.from({ length: 20 }, (_, i) => `${path}/${i}`);
    for (const one of urls) origin.on(one, page(one));
    const holds = urls.map((one) => origin.hold(one));
    const { id } = await started(near, { urls: urls.map(at) });
    await holds[0].arrived();
    origin.on(`${path}/asked`, page("now"));
    const asked = Date.now();
    for (const visitor of [near, far, edge.coordinator]) assert.equal((await visitor.fetch(`${path}/asked`)).text(), "now");
    assert.ok(Date.now() - asked < 3_000, `${Date.now() - asked} ms`);
    for (const hold of holds) hold.release();
    assert.deepEqual(counts(await ended(near, id)), { asked: 20, stored: 20 });
  });

  test("fetches no page that a visitor is fetching, and its visitors wait for no second request", async () => {
    origin.on(path, page("hello"));
    const hold = origin.hold(path);
    const visitor = far.fetch(path);
    await hold.arrived();
    const { id } = await started(near, { urls: [at(path)] });
    await stays(() => origin.count(path) === 1 && report(near, id).then(({ left }) => left === 1));
    hold.release();
    assert.equal((await visitor).text(), "hello");
    const last = await ended(near, id);
    assert.deepEqual([last.failed, last.left], [0, 0], JSON.stringify(last));
    assert.ok(origin.count(path) <= 2, `${origin.count(path)}`);
  });

  test("gives visitors who wait for its page what it fetches", async () => {
    origin.on(path, page("hello"));
    const hold = origin.hold(path);
    const { id } = await started(near, { urls: [at(path)] });
    await hold.arrived();
    const visitors = Promise.all([0, 1, 2].map(() => edge.coordinator.fetch(path)));
    await stays(() => origin.count(path) === 1);
    hold.release();
    for (const answer of await visitors) assert.equal(answer.text(), "hello");
    assert.deepEqual(counts(await ended(near, id)), { asked: 1, stored: 1 });
    assert.equal(origin.count(path), 1);
  });

  test("shows the stale page to visitors while it fetches the new one", async () => {
    origin.on(path, page("old"));
    await warmed(near, { urls: [at(path)] });
    await advance(2 * 3_600_000);
    origin.reset();
    origin.on(path, page("new"));
    const hold = origin.hold(path);
    const { id } = await started(near, { urls: [at(path)] });
    await hold.arrived();
    assert.equal((await edge.coordinator.fetch(path)).text(), "old");
    assert.equal(origin.count(path), 1);
    hold.release();
    await ended(near, id);
    assert.equal((await edge.coordinator.fetch(path)).text(), "new");
  });

  test("is not what a visitor can claim to be", async () => {
    const claims = { "x-edge-isr-warmup": "1" };
    origin.on(path, page("hello")).on(`${path}/private`, page("mine", { "cache-control": "private" }));
    await far.fetch(path, { headers: claims });
    for (let i = 0; i < 3; i += 1) await far.fetch(`${path}/private`, { headers: claims });
    await far.fetch(`${path}/login`, { headers: { ...claims, cookie: "sessionid=1" } });
    await far.fetch(`${path}/post`, { method: "POST", headers: claims, body: "x" });
    assert.ok(origin.count() >= 5);
    for (const { path: one, headers } of origin.requests) assert.equal(headers.get("x-edge-isr-warmup"), undefined, one);
  });

  test("is not what a visitor can make the Worker do by the address that the object calls", async () => {
    const call = JSON.stringify(["1", "fetch", at(path), "", "www.example.com", "0"]);
    for (const site of ["https://warmups.edge-isr.internal/", "https://coordinator/warmups", at("/edge-isr/warmups")]) {
      await far.fetch(site, { method: "POST", body: call });
    }
    assert.equal(origin.count(path), 0);
  });
});

describe("the budgets of visitors", () => {
  let origin, edge;

  before(async () => {
    origin = await startOrigin();
    const vars = { ORIGIN: origin.url, PURGE_TOKENS: TOKEN, WARM_PER_SECOND: 1000, GRAPH_WRITES_PER_MINUTE: 0 };
    edge = await startEdge({ probe: true, coordinator: "on time", pages: true, dataCentres: 2, vars });
  });
  after(() => edge.close());

  test("do not hold for a warmup: all of its pages enter the tag graph and the tier", async () => {
    const paths = Array.from({ length: 12 }, (_, i) => `/budget/${i}`);
    for (const one of paths) origin.on(one, { body: one, headers: { ...FRESH, "cache-tag": "budget" } });
    await hitOf(edge, paths[0]);
    await stays(() => edge.kv.dump("t/budget/").length === 0);
    await warmed(edge, { urls: paths.slice(1).map(at) });
    await eventually(() => assert.equal(edge.kv.dump("t/budget/").length, 11));
    for (const one of paths.slice(1)) assert.equal(cacheStatus(await edge.dataCentre(1).fetch(one)).detail, "durable", one);
  });

  test("are not spent by it", async () => {
    const vars = { ORIGIN: origin.url, PURGE_TOKENS: TOKEN, WARM_PER_SECOND: 1000, GRAPH_WRITES_PER_MINUTE: 4 };
    const tight = await startEdge({ probe: true, coordinator: "on time", pages: true, vars });
    const paths = Array.from({ length: 12 }, (_, i) => `/spent/${i}`);
    for (const one of paths) origin.on(one, { body: one, headers: { ...FRESH, "cache-tag": "spent" } });
    await warmed(tight, { urls: paths.slice(1).map(at) });
    await hitOf(tight.coordinator, paths[0]);
    await eventually(() => assert.equal(tight.kv.dump("t/spent/").length, 12));
    await tight.close();
  });
});

describe("without the durable tier", () => {
  test("only the visitors of one data centre gain, and the report does not say that all do", async () => {
    const origin = await startOrigin();
    const vars = { ORIGIN: origin.url, PURGE_TOKENS: TOKEN };
    const edge = await startEdge({ probe: true, coordinator: "on time", vars });
    origin.on("/page", { body: "hello", headers: FRESH });
    const last = await warmed(edge, { urls: [at("/page")] });
    assert.deepEqual([counts(last), last.usually_everywhere_by], [{ asked: 1, stored: 1 }, undefined]);
    assert.ok(cacheStatus(await edge.coordinator.fetch("/page")).hit);
    assert.equal(cacheStatus(await edge.fetch("/page")).hit, false);
    const { jobs } = (await edge.fetch("/edge-isr/jobs", { headers: bearer(TOKEN) })).json();
    assert.equal(jobs[0].usually_everywhere_by, undefined);
    await edge.close();
  });
});
