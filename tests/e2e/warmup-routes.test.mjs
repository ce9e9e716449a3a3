/** The routes of warmups: which tokens may, what is refused and why, and the reports on jobs. */

import assert from "node:assert/strict";
import { before, beforeEach, describe, test } from "node:test";
import { eventually, startEdge, startOrigin } from "./harness.mjs";
import { TOKEN, bearer, purge } from "./purge.mjs";
import { at, counts, ended, report, started, warm, warmed } from "./warmup.mjs";

const READER = "the-token-that-reads";
const FRESH = { "cache-control": "s-maxage=3600" };

describe("the routes of warmups", () => {
  let origin, edge, path;
  let number = 0;

  before(async () => {
    origin = await startOrigin();
    const vars = { ORIGIN: origin.url, PURGE_TOKENS: TOKEN, READ_TOKENS: READER, PURGE_ITEMS_MAX: 10, WARM_PER_SECOND: 1000 };
    edge = await startEdge({ probe: true, coordinator: "on time", pages: true, vars });
  });
  beforeEach(() => {
    origin.reset();
    path = `/routes-${(number += 1)}`;
    origin.on(path, { body: "hello", headers: FRESH });
  });

  const jobs = async (token = TOKEN) => edge.fetch("/edge-isr/jobs", { headers: bearer(token) });
  const stop = (id, token = TOKEN) => edge.fetch(`/edge-isr/jobs/${id}`, { method: "DELETE", headers: bearer(token) });
  const read = (id, token = TOKEN) => edge.fetch(`/edge-isr/jobs/${id}`, { headers: bearer(token) });

  test("answer 202 with the address of the job and its report, which tells all that there is to know", async () => {
    const answer = await warm(edge, { urls: [at(path), "https://other.example/"] });
    assert.equal(answer.status, 202);
    assert.equal(answer.headers.get("content-type"), "application/json");
    assert.equal(answer.headers.get("cache-control"), "no-store");
    const first = answer.json();
    assert.match(first.id, /^[0-9a-f]{32}$/);
    assert.equal(answer.headers.get("location"), `/edge-isr/jobs/${first.id}`);
    assert.deepEqual([first.asked_by, first.asked, first.skipped, first.lists_left], ["request", 2, 1, 0]);
    assert.deepEqual(
      first.failures.map(({ url }) => url),
      ["https://other.example/"],
    );
    const last = await ended(edge, first.id);
    const { asked_at, done_at, written, usually_everywhere_by, failures, ...rest } = last;
    assert.deepEqual(rest, {
      id: first.id,
      state: "done",
      asked_by: "request",
      asked: 2,
      done: 2,
      left: 0,
      stored: 1,
      unchanged: 0,
      fresh: 0,
      uncacheable: 0,
      failed: 0,
      skipped: 1,
      lists_left: 0,
      per_second: 1000,
    });
    const times = [asked_at, written, done_at, usually_everywhere_by];
    for (const time of times) assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual(times, times.toSorted());
    assert.equal(failures.length, 1);
  });

  test("refuse a caller without the right token, and start nothing", async () => {
    const body = JSON.stringify({ urls: [at(path)] });
    const ask = (headers) => edge.fetch("/edge-isr/warm", { method: "POST", headers, body });
    const before = (await jobs()).json().jobs.length;
    for (const headers of [{}, bearer("wrong"), bearer(""), { authorization: `Basic ${TOKEN}` }]) {
      assert.equal((await ask(headers)).status, 401);
    }
    assert.equal((await ask(bearer(READER))).status, 403);
    for (const route of ["jobs", `jobs/${"0".repeat(32)}`]) {
      assert.equal((await edge.fetch(`/edge-isr/${route}`)).status, 401);
      assert.equal((await edge.fetch(`/edge-isr/${route}`, { headers: bearer("wrong") })).status, 401);
    }
    assert.equal((await jobs()).json().jobs.length, before);
    assert.equal(origin.count(), 0);
  });

  test("let a token that reads see jobs, and not stop them", async () => {
    origin.on(path, { body: "hello", headers: FRESH });
    const hold = origin.hold(path);
    const { id } = await started(edge, { urls: [at(path)] });
    await hold.arrived();
    assert.equal((await read(id, READER)).status, 200);
    assert.equal((await jobs(READER)).status, 200);
    assert.equal((await stop(id, READER)).status, 403);
    assert.equal((await report(edge, id)).state === "stopped", false);
    hold.release();
    assert.equal((await ended(edge, id)).state, "done");
  });

  for (const [body, field] of [
    ["", "body"],
    ["{", "body"],
    ["[]", "body"],
    ['"urls"', "body"],
    ["{}", "urls"],
    ['{"urls":[],"tags":[],"sitemaps":[]}', "urls"],
    ['{"urls":"https://www.example.com/"}', "urls"],
    ['{"urls":[1]}', "urls"],
    ['{"urls":[["https://www.example.com/"]]}', "urls"],
    ['{"urls":null}', "urls"],
    ['{"tags":[{}]}', "tags"],
    ['{"sitemaps":{}}', "sitemaps"],
    ['{"prefixes":"/"}', "prefixes"],
    ['{"hosts":[1]}', "hosts"],
    ['{"everything":"yes"}', "everything"],
    ['{"everything":false}', "urls"],
    ['{"urls":["https://www.example.com/"],"mode":"hard"}', "mode"],
  ]) {
    test(`answer 400 that names the field ${field} to ${body || "nothing"}`, async () => {
      const answer = await warm(edge, body);
      assert.deepEqual([answer.status, answer.json().field], [400, field]);
      assert.equal(answer.headers.get("content-type"), "application/problem+json");
      assert.equal(origin.count(), 0);
    });
  }

  test("answer 413 to too much, and name what to change", async () => {
    const urls = Array.from({ length: 6 }, (_, i) => at(`/${i}`));
    const tags = Array.from({ length: 5 }, (_, i) => `t${i}`);
    const tooMany = await warm(edge, { urls, tags });
    assert.deepEqual([tooMany.status, tooMany.json().field], [413, "PURGE_ITEMS_MAX"]);
    const tooLong = await warm(edge, { urls: [at(`/${"x".repeat(1 << 20)}`)] });
    assert.equal(tooLong.status, 413);
    assert.equal(origin.count(), 0);
  });

  test("answer 422 with the reasons when nothing that is named can be warmed", async () => {
    const answer = await warm(edge, { urls: ["https://other.example/", "/path"], tags: ["bad tag"] });
    assert.equal(answer.status, 422);
    for (const named of ["https://other.example/", "/path", "bad tag"]) assert.ok(answer.text().includes(named), answer.text());
  });

  test("answer 405 with Allow to a wrong method, and the origin sees none of it", async () => {
    const get = await edge.fetch("/edge-isr/warm", { headers: bearer(TOKEN) });
    assert.deepEqual([get.status, get.headers.get("allow")], [405, "POST"]);
    const post = await edge.fetch("/edge-isr/jobs", { method: "POST", headers: bearer(TOKEN), body: "{}" });
    assert.deepEqual([post.status, post.headers.get("allow")], [405, "GET"]);
    const put = await edge.fetch(`/edge-isr/jobs/${"0".repeat(32)}`, { method: "PUT", headers: bearer(TOKEN), body: "{}" });
    assert.equal(put.status, 405);
    assert.deepEqual(put.headers.get("allow").split(", ").toSorted(), ["DELETE", "GET"]);
    assert.equal(origin.count(), 0);
  });

  test("answer 404 to a job that they do not know, or whose name is none", async () => {
    for (const id of ["0".repeat(32), "unknown", "F".repeat(32), "0".repeat(33), "..%2fjobs"]) {
      for (const answer of [await read(id), await stop(id)]) {
        assert.deepEqual([answer.status, answer.headers.get("content-type")], [404, "application/problem+json"], id);
      }
    }
    assert.equal(origin.count(), 0);
  });

  test("end a job at once that finds nothing to do", async () => {
    const begun = Date.now();
    const nothing = await warmed(edge, { tags: ["no-page-has-it"] });
    assert.deepEqual([nothing.state, nothing.asked, nothing.lists_left], ["done", 0, 0]);
    await warmed(edge, { urls: [at(path)] });
    assert.deepEqual(counts(await warmed(edge, { urls: [at(path)] })), { asked: 1, fresh: 1 });
    assert.ok(Date.now() - begun < 3_000, `${Date.now() - begun} ms`);
  });

  test("list jobs, the newest first, without their failures", async () => {
    const ids = [];
    for (let i = 0; i < 3; i += 1) ids.push((await warmed(edge, { urls: [at(path), "https://other.example/"] })).id);
    const listed = (await jobs()).json().jobs;
    assert.deepEqual(
      listed.slice(0, 3).map(({ id }) => id),
      ids.toReversed(),
    );
    assert.ok(listed.every((job) => job.failures === undefined));
    assert.deepEqual(listed[0].skipped, 1);
  });

  test("show fifty failures at most, and count all", async () => {
    const big = await startEdge({
      coordinator: "on time",
      vars: { ORIGIN: origin.url, PURGE_TOKENS: TOKEN, PURGE_ITEMS_MAX: 200 },
    });
    const urls = Array.from({ length: 120 }, (_, i) => `https://other.example/${i}`);
    const last = await warmed(big, { urls: [at(path), ...urls] });
    assert.deepEqual([counts(last), last.failures.length], [{ asked: 121, stored: 1, skipped: 120 }, 50]);
    await big.close();
  });

  test("stop a job for good: the rest is not fetched, and the report keeps what was left", async () => {
    const paths = Array.from({ length: 10 }, (_, i) => `${path}/${i}`);
    for (const one of paths) origin.on(one, { body: one, headers: FRESH });
    const holds = paths.map((one) => origin.hold(one));
    const { id } = await started(edge, { urls: paths.map(at) });
    await eventually(() => assert.equal(origin.count(), 4));
    const stopped = await stop(id);
    assert.deepEqual([stopped.status, stopped.json().state], [200, "stopped"]);
    assert.ok(stopped.json().left > 0);
    for (const hold of holds) hold.release();
    // Another job, so that the object has had its time.
    await warmed(edge, { urls: [at(path)] });
    assert.equal(paths.filter((one) => origin.count(one) > 0).length, 4);
    const last = await report(edge, id);
    assert.deepEqual([last.state, last.asked], ["stopped", 10]);
    assert.equal(last.left, last.asked - last.done);
    assert.ok(last.left >= 6 && last.done_at, JSON.stringify(last));
  });

  test("leave a job as it ended that is stopped too late", async () => {
    const { id } = await warmed(edge, { urls: [at(path)] });
    const answer = await stop(id);
    assert.deepEqual([answer.status, answer.json().state], [200, "done"]);
  });

  test("refuse a further job while a hundred have not ended", async () => {
    const slow = `${path}/slow`;
    origin.on(slow, { body: "slow", headers: FRESH });
    const hold = origin.hold(slow);
    const busy = await startEdge({ coordinator: "on time", vars: { ORIGIN: origin.url, PURGE_TOKENS: TOKEN, WARM_AT_ONCE: 1 } });
    const ids = [];
    for (let i = 0; i < 100; i += 1) ids.push((await started(busy, { urls: [at(slow)] })).id);
    const refused = await warm(busy, { urls: [at(slow)] });
    assert.equal(refused.status, 429);
    assert.match(refused.text(), /100|stop/);
    const receipt = (await purge(busy, { urls: [at(slow)], warm: true })).json();
    assert.match(receipt.warmup.failed, /100|stop/);
    assert.equal(receipt.warmup.job, undefined);
    await busy.fetch(`/edge-isr/jobs/${ids[50]}`, { method: "DELETE", headers: bearer(TOKEN) });
    assert.equal((await warm(busy, { urls: [at(slow)] })).status, 202);
    hold.release();
    await busy.close();
  });
});

describe("without a coordinator", () => {
  test("the routes answer 404 that names COORDINATOR, and a purge says why it is not warmed", async () => {
    const origin = await startOrigin();
    const edge = await startEdge({ vars: { ORIGIN: origin.url, PURGE_TOKENS: TOKEN } });
    const headers = bearer(TOKEN);
    const answers = [
      await warm(edge, { urls: [at("/")] }),
      await edge.fetch("/edge-isr/jobs", { headers }),
      await edge.fetch(`/edge-isr/jobs/${"0".repeat(32)}`, { headers }),
      await edge.fetch(`/edge-isr/jobs/${"0".repeat(32)}`, { method: "DELETE", headers }),
    ];
    for (const answer of answers) assert.deepEqual([answer.status, answer.json().field], [404, "COORDINATOR"]);
    const receipt = await purge(edge, { urls: [at("/")], warm: true });
    assert.equal(receipt.status, 200);
    assert.match(receipt.json().warmup.failed, /COORDINATOR/);
    assert.equal(origin.count(), 0);
  });
});

describe("when the coordinator does not answer", () => {
  test("the routes answer 503, and a purge stands as far as it can", async () => {
    const origin = await startOrigin();
    const edge = await startEdge({ coordinator: true, vars: { ORIGIN: origin.url, PURGE_TOKENS: TOKEN } });
    await started(edge, { urls: [at("/")] });
    await edge.coordinator.stop();
    assert.equal((await warm(edge, { urls: [at("/")] })).status, 503);
    assert.equal((await edge.fetch("/edge-isr/jobs", { headers: bearer(TOKEN) })).status, 503);
    await edge.coordinator.restart();
    await eventually(async () => assert.equal((await warm(edge, { urls: [at("/")] })).status, 202), 15_000);
  });
});
