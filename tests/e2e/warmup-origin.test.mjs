/** Warmups and an origin that fails, has enough, or is slow; and an object that is lost in between. */

import assert from "node:assert/strict";
import { before, beforeEach, describe, test } from "node:test";
import { advance, eventually, startEdge, startOrigin } from "./harness.mjs";
import { TOKEN } from "./purge.mjs";
import { at, counts, ended, passing, report, reported, started, warmed } from "./warmup.mjs";

const FRESH = { "cache-control": "s-maxage=36000" };
const page = (body) => ({ body, headers: FRESH });

/** The most requests in any second, both of its ends included. */
function mostInASecond(requests) {
  const times = requests.map(({ at: time }) => time);
  return Math.max(...times.map((begin) => times.filter((time) => time >= begin && time <= begin + 1000).length));
}

describe("a warmup whose origin fails", () => {
  let origin, edge, path;
  let number = 0;

  before(async () => {
    origin = await startOrigin();
    const vars = { ORIGIN: origin.url, PURGE_TOKENS: TOKEN, WARM_PER_SECOND: 1000 };
    edge = await startEdge({ probe: true, coordinator: "on time", pages: true, vars });
  });
  beforeEach(() => {
    origin.reset();
    path = `/failing-${(number += 1)}`;
  });

  const later = (isSo, milliseconds = 10_100) => passing(edge, milliseconds, isSo);

  for (const [what, answer, reason] of [
    ["a 500", { status: 500, body: "broken" }, /500/],
    ["a connection that is cut before the response", { breakBefore: true }, /./],
    ["a body that breaks off", { ...page("hello world"), breakAfter: 5 }, /./],
  ]) {
    test(`tries a page three times that gets ${what}, and then says so`, async () => {
      origin.on(path, answer);
      origin.on(`${path}/good`, page("good"));
      const { id } = await started(edge, { urls: [at(path), at(`${path}/good`)] });
      await reported(edge, id, ({ stored }) => stored === 1);
      await later(async () => assert.equal((await report(edge, id)).state, "done"));
      const last = await ended(edge, id);
      assert.deepEqual(counts(last), { asked: 2, stored: 1, failed: 1 });
      assert.equal(last.failures[0].url, at(path));
      assert.match(last.failures[0].reason, reason);
      assert.equal(origin.count(path), 3);
    });
  }

  test("stores a page that fails at first and then does not, and reports no failure", async () => {
    origin.on(path, { status: 502, body: "broken" });
    const { id } = await started(edge, { urls: [at(path)] });
    await eventually(() => assert.equal(origin.count(path), 1));
    origin.on(path, page("whole"));
    await later(() => assert.equal(origin.count(path), 2));
    const last = await ended(edge, id);
    assert.deepEqual([counts(last), last.failures], [{ asked: 1, stored: 1 }, []]);
  });

  for (const status of [429, 503]) {
    test(`pauses for all jobs when it gets a ${status} with Retry-After, and goes on after it`, async () => {
      const paths = Array.from({ length: 10 }, (_, i) => `${path}/${i}`);
      for (const one of paths) origin.on(one, page(one));
      origin.on(paths[0], { status, headers: { "retry-after": "3" }, body: "enough" });
      const { id } = await started(edge, { urls: paths.map(at) });
      const paused = await reported(edge, id, ({ state }) => state === "paused");
      assert.ok(paused.paused_until > paused.asked_at);
      const refused = origin.to(paths[0])[0].at;
      const until = refused + 3_000;
      assert.ok(Math.abs(Date.parse(paused.paused_until) - until) < 500, paused.paused_until);
      const other = await started(edge, { urls: [at(`${path}/other`)] });
      origin.on(paths[0], page(paths[0]));
      await reported(edge, id, ({ stored }) => stored === 9);
      await later(() => assert.equal(origin.count(paths[0]), 2));
      const last = await ended(edge, id);
      assert.deepEqual([counts(last), last.failures], [{ asked: 10, stored: 10 }, []]);
      await ended(edge, other.id);
      // Three others at most were under way as the first one was refused.
      const inPause = origin.requests.filter(({ at: time }) => time > refused + 100 && time < until - 10);
      assert.deepEqual(
        inPause.map(({ path: one }) => one),
        [],
      );
    });
  }

  test("pauses for ten seconds when the origin does not say for how long", async () => {
    origin.on(path, { status: 429, headers: { "retry-after": "Fri, 31 Dec 2100 23:59:59 GMT" }, body: "enough" });
    const { id } = await started(edge, { urls: [at(path)] });
    const paused = await reported(edge, id, ({ state }) => state === "paused");
    const seconds = (Date.parse(paused.paused_until) - origin.requests[0].at) / 1000;
    assert.ok(seconds > 9 && seconds < 12, `${seconds} s`);
    origin.on(path, page("hello"));
    await later(() => assert.equal(origin.count(path), 2));
    assert.deepEqual(counts(await ended(edge, id)), { asked: 1, stored: 1 });
  });

  test("does not pause for longer than ten minutes", async () => {
    origin.on(path, { status: 503, headers: { "retry-after": "86400" }, body: "enough" });
    const { id } = await started(edge, { urls: [at(path)] });
    const paused = await reported(edge, id, ({ state }) => state === "paused");
    const seconds = (Date.parse(paused.paused_until) - origin.requests[0].at) / 1000;
    assert.ok(seconds > 595 && seconds < 605, `${seconds} s`);
    origin.on(path, page("hello"));
    await later(() => assert.equal(origin.count(path), 2), 601_000);
    assert.deepEqual(counts(await ended(edge, id)), { asked: 1, stored: 1 });
  });
});

describe("the pace of warmups", () => {
  test("is WARM_PER_SECOND for all jobs together: no second has more than one above it", async () => {
    const origin = await startOrigin();
    const vars = { ORIGIN: origin.url, PURGE_TOKENS: TOKEN, WARM_PER_SECOND: 20 };
    const edge = await startEdge({ coordinator: "on time", pages: true, vars });
    const paths = Array.from({ length: 60 }, (_, i) => `/paced/${i}`);
    for (const one of paths) origin.on(one, page(one));
    const jobs = [paths.slice(0, 30), paths.slice(30)];
    const ids = [];
    for (const urls of jobs) ids.push((await started(edge, { urls: urls.map(at) })).id);
    for (const id of ids) assert.deepEqual(counts(await ended(edge, id)), { asked: 30, stored: 30 });
    assert.equal(origin.count(), 60);
    assert.ok(mostInASecond(origin.requests) <= 21, `${mostInASecond(origin.requests)}`);
    const took = origin.requests.at(-1).at - origin.requests[0].at;
    assert.ok(took < 6_000, `${took} ms: it is no slower than it may be`);
    // Jobs take turns.
    const firstHalf = origin.requests.slice(0, 30).filter(({ path: one }) => jobs[1].includes(one)).length;
    assert.ok(firstHalf >= 10 && firstHalf <= 20, `${firstHalf} of 30`);
    await edge.close();
  });

  test("slows down with an origin that becomes slower", async () => {
    const origin = await startOrigin();
    const vars = { ORIGIN: origin.url, PURGE_TOKENS: TOKEN, WARM_PER_SECOND: 50, WARM_AT_ONCE: 8 };
    const edge = await startEdge({ coordinator: "on time", pages: true, vars });
    const paths = Array.from({ length: 50 }, (_, i) => `/slower/${i}`);
    for (const [i, one] of paths.entries()) origin.on(one, { ...page(one), delayMs: i < 20 ? 0 : 500 });
    const { id } = await started(edge, { urls: paths.map(at) });
    const slowed = await reported(edge, id, ({ per_second, state }) => state === "done" || per_second < 40);
    assert.equal(slowed.state, "running");
    assert.deepEqual(counts(await ended(edge, id)), { asked: 50, stored: 50 });
    await edge.close();
  });
});

describe("the object of warmups", () => {
  test("loses no page when its process is restarted in the middle of a job, and asks for none more than twice", async () => {
    const origin = await startOrigin();
    const vars = { ORIGIN: origin.url, PURGE_TOKENS: TOKEN, WARM_PER_SECOND: 25, PURGE_ITEMS_MAX: 1000 };
    const edge = await startEdge({ probe: true, coordinator: "on time", pages: true, vars });
    const paths = Array.from({ length: 120 }, (_, i) => `/lost/${i}`);
    for (const one of paths) origin.on(one, page(one));
    const { id } = await started(edge, { urls: paths.map(at) });
    await eventually(() => assert.ok(origin.count() >= 30), 10_000);
    await edge.coordinator.restart();
    // Without another job it would go on in a minute: see below.
    await eventually(() => started(edge, { urls: [at(paths[0])] }));
    const last = await ended(edge, id);
    assert.deepEqual([last.state, last.asked, last.done, last.failed], ["done", 120, 120, 0]);
    assert.equal(last.stored + last.fresh, 120);
    for (const one of paths) assert.ok([1, 2].includes(origin.count(one)), `${one}: ${origin.count(one)}`);
    const twice = paths.filter((one) => origin.count(one) === 2).length;
    assert.ok(twice <= 4, `${twice} were asked for again`);
    await edge.close();
  });

  test("goes on by itself within a minute or so", async () => {
    const origin = await startOrigin();
    const vars = { ORIGIN: origin.url, PURGE_TOKENS: TOKEN, WARM_PER_SECOND: 25 };
    const edge = await startEdge({ probe: true, coordinator: "on time", pages: true, vars });
    const paths = Array.from({ length: 40 }, (_, i) => `/alone/${i}`);
    for (const one of paths) origin.on(one, page(one));
    await started(edge, { urls: paths.map(at) });
    await eventually(() => assert.ok(origin.count() >= 20));
    await edge.coordinator.restart();
    await eventually(() => assert.ok(paths.every((one) => origin.count(one) > 0)), 75_000);
    await edge.close();
  });

  test("keeps the pause that the origin asked for when its process is restarted", async () => {
    const origin = await startOrigin();
    const vars = { ORIGIN: origin.url, PURGE_TOKENS: TOKEN };
    const edge = await startEdge({ probe: true, coordinator: "on time", pages: true, vars });
    origin.on("/paused", { status: 429, headers: { "retry-after": "4" }, body: "enough" });
    const { id } = await started(edge, { urls: [at("/paused")] });
    await reported(edge, id, ({ state }) => state === "paused");
    origin.on("/paused", page("hello"));
    await edge.coordinator.restart();
    await eventually(async () => assert.equal((await report(edge, id)).state, "paused"), 3_000);
    assert.deepEqual(counts(await ended(edge, id)), { asked: 1, stored: 1 });
    const [refused, again] = origin.requests.map(({ at: time }) => time);
    assert.ok(again - refused >= 3_900, `${again - refused} ms`);
    await edge.close();
  });

  test("says how a job ended after a restart", async () => {
    const origin = await startOrigin();
    const edge = await startEdge({ probe: true, coordinator: "on time", vars: { ORIGIN: origin.url, PURGE_TOKENS: TOKEN } });
    origin.on("/kept", page("hello"));
    const last = await warmed(edge, { urls: [at("/kept")] });
    await edge.coordinator.restart();
    assert.deepEqual(await eventually(() => report(edge, last.id)), last);
    await edge.close();
  });

  test("forgets a job a week after its end", async () => {
    const origin = await startOrigin();
    const edge = await startEdge({ probe: true, coordinator: "on time", vars: { ORIGIN: origin.url, PURGE_TOKENS: TOKEN } });
    origin.on("/week", page("hello"));
    const { id } = await warmed(edge, { urls: [at("/week")] });
    await advance(6 * 24 * 3_600_000);
    await warmed(edge, { urls: [at("/week")] });
    assert.equal((await report(edge, id)).state, "done");
    await advance(25 * 3_600_000);
    await warmed(edge, { urls: [at("/week")] });
    await assert.rejects(report(edge, id), /404/);
    await edge.close();
  });
});
