/** Warmups: pages are fetched before a visitor asks for them. Their routes: `warmup-routes.test.mjs`. */

import assert from "node:assert/strict";
import { before, beforeEach, describe, test } from "node:test";
import { advance, cacheStatus, eventually, hitOf, startEdge, startOrigin } from "./harness.mjs";
import { TOKEN, bearer, purge } from "./purge.mjs";
import { at, counts, ended, report, started, warmed } from "./warmup.mjs";

const FRESH = { "cache-control": "s-maxage=3600, stale-while-revalidate=86400" };
const HOUR = 3_600_000;

describe("a warmup", () => {
  let origin, edge, near, far, path;
  let number = 0;

  before(async () => {
    origin = await startOrigin();
    const vars = { ORIGIN: origin.url, PURGE_TOKENS: TOKEN, WARM_PER_SECOND: 1000 };
    edge = await startEdge({ probe: true, coordinator: "on time", pages: true, dataCentres: 2, vars });
    [near, far] = [edge.dataCentre(0), edge.dataCentre(1)];
  });
  beforeEach(() => {
    origin.reset();
    edge.kv.heal();
    edge.pages.heal();
    path = `/warmed-${(number += 1)}`;
  });

  const page = (body, more = {}) => ({ body, headers: { ...FRESH, ...more } });
  const inTier = () => edge.pages.dump("").length;

  test("fetches pages that no visitor asked for, and visitors all over the world get hits", async () => {
    const paths = Array.from({ length: 5 }, (_, i) => `${path}/${i}`);
    for (const one of paths) origin.on(one, page(one));
    const report = await warmed(near, { urls: paths.map(at) });
    assert.equal(report.state, "done");
    assert.deepEqual([counts(report), report.left], [{ asked: 5, stored: 5 }, 0]);
    assert.equal(origin.count(), 5);
    assert.equal(Date.parse(report.usually_everywhere_by) - Date.parse(report.written), 60_000);
    for (const one of paths) {
      const answer = await far.fetch(one);
      assert.deepEqual([answer.text(), cacheStatus(answer).hit, cacheStatus(answer).detail], [one, true, "durable"]);
    }
    assert.equal(origin.count(), 5, "the origin was not asked again");
  });

  test("also serves the visitors of the data centre that it ran in", async () => {
    origin.on(path, page("hello"));
    await warmed(near, { urls: [at(path)] });
    const answer = await edge.coordinator.fetch(path);
    assert.deepEqual([answer.text(), cacheStatus(answer).hit, cacheStatus(answer).detail], ["hello", true, undefined]);
  });

  test("tells the origin what it is, and asks for no visitor", async () => {
    origin.on(path, page("hello"));
    await warmed(near, { urls: [at(path)] });
    const [{ method, headers }] = origin.requests;
    assert.deepEqual([method, headers.get("x-edge-isr-warmup")], ["GET", "1"]);
    for (const field of ["cookie", "authorization", "cf-connecting-ip"]) assert.equal(headers.get(field), undefined);
  });

  test("costs the origin nothing for pages that are fresh, here or in the tier", async () => {
    origin.on(path, page("hello"));
    await hitOf(near, path);
    await eventually(() => assert.ok(edge.pages.operations.some(({ kind }) => kind === "put")));
    origin.reset();
    for (const _ of ["in the tier", "here"]) {
      assert.deepEqual(counts(await warmed(far, { urls: [at(path)] })), { asked: 1, fresh: 1 });
    }
    assert.equal(origin.count(), 0);
  });

  test("asks for a page that has expired with its validators, and a 304 makes it fresh in the whole world", async () => {
    origin.on(path, { ...page("hello"), etag: '"1"' });
    await warmed(near, { urls: [at(path)] });
    await advance(2 * HOUR);
    origin.reset();
    const report = await warmed(near, { urls: [at(path)] });
    assert.deepEqual(counts(report), { asked: 1, unchanged: 1 });
    assert.equal(origin.requests[0].headers.get("if-none-match"), '"1"');
    for (const visitor of [edge.coordinator, far]) {
      const answer = await visitor.fetch(path);
      assert.deepEqual([answer.text(), cacheStatus(answer).hit], ["hello", true]);
      assert.ok(cacheStatus(answer).ttl > 3000, `fresh, and not ${cacheStatus(answer).ttl} s`);
    }
    assert.equal(origin.count(), 1);
  });

  test("fetches a page again that has expired and changed", async () => {
    origin.on(path, { ...page("old"), etag: '"1"' });
    await warmed(near, { urls: [at(path)] });
    await advance(2 * HOUR);
    origin.on(path, { ...page("new"), etag: '"2"' });
    assert.deepEqual(counts(await warmed(near, { urls: [at(path)] })), { asked: 1, stored: 1 });
    assert.equal((await far.fetch(path)).text(), "new");
  });

  test("puts a page with a query into the tag graph and the tier at its first store", async () => {
    origin.on(path, page("first", { "cache-tag": "queried" }));
    await warmed(near, { urls: [at(`${path}?page=2`)] });
    assert.ok(inTier() > 0);
    const answer = await far.fetch(`${path}?page=2`);
    assert.deepEqual([answer.text(), cacheStatus(answer).detail], ["first", "durable"]);
    const urls = async () => (await near.fetch("/edge-isr/status?tag=queried", { headers: bearer(TOKEN) })).json().urls;
    await eventually(async () => assert.deepEqual(await urls(), [at(`${path}?page=2`)]));
    await purge(near, { tags: ["queried"], mode: "hard" });
    await advance(61_000);
    origin.on(path, page("second"));
    assert.equal((await far.fetch(`${path}?page=2`)).text(), "second");
  });

  test("takes a URL once, however often and in whatever spelling it is named", async () => {
    origin.on(path, page("hello"));
    const urls = [at(path), at(path), `${at(path)}#part`, `HTTPS://WWW.EXAMPLE.COM${path}`];
    await warmed(near, { urls });
    assert.equal(origin.count(), 1);
  });

  test("stores a page that is gone, or moved, as it is", async () => {
    origin.on(`${path}/gone`, { ...page("gone"), status: 404 });
    origin.on(`${path}/moved`, { ...page("", { location: at("/elsewhere") }), status: 301 });
    const report = await warmed(near, { urls: [at(`${path}/gone`), at(`${path}/moved`)] });
    assert.deepEqual(counts(report), { asked: 2, stored: 2 });
    assert.equal(origin.count("/elsewhere"), 0, "a redirect is not followed");
    assert.equal((await edge.coordinator.fetch(`${path}/moved`)).headers.get("location"), at("/elsewhere"));
  });

  test("reports pages that may not be shared, each with the reason, and asks for them once", async () => {
    const answers = {
      private: page("mine", { "cache-control": "private, max-age=60" }),
      "no-store": page("never", { "cache-control": "no-store" }),
      "set-cookie": page("yours", { "set-cookie": "session=1" }),
      silent: { body: "no lifetime" },
    };
    for (const [name, answer] of Object.entries(answers)) origin.on(`${path}/${name}`, answer);
    const urls = Object.keys(answers).map((name) => at(`${path}/${name}`));
    const report = await warmed(near, { urls });
    assert.deepEqual(counts(report), { asked: 4, uncacheable: 4 });
    assert.deepEqual(report.failures.map(({ url }) => url).toSorted(), urls.toSorted());
    const reasons = Object.fromEntries(report.failures.map(({ url, reason }) => [url.split("/").at(-1), reason]));
    assert.match(reasons.private, /private/);
    assert.match(reasons["no-store"], /no-store/);
    assert.match(reasons["set-cookie"], /cookie/i);
    assert.ok(reasons.silent.length > 5, reasons.silent);
    assert.equal(origin.count(), 4);
    assert.deepEqual([report.written, report.usually_everywhere_by], [undefined, undefined], "nothing was stored");
  });

  test("never has more requests at the origin at once than WARM_AT_ONCE", async () => {
    let [now, most] = [0, 0];
    const urls = Array.from({ length: 20 }, (_, i) => `${path}/${i}`);
    for (const one of urls) {
      origin.on(one, async () => {
        most = Math.max(most, (now += 1));
        await new Promise((done) => setTimeout(done, 50));
        now -= 1;
        return page(one);
      });
    }
    assert.deepEqual(counts(await warmed(near, { urls: urls.map(at) })), { asked: 20, stored: 20 });
    assert.equal(most, 4);
  });
});

// An object of its own: no earlier job has taken of the fifteen pages that can begin before the slow one ends.
describe("a job that is alone", () => {
  test("does not wait for a slow page of another job", async () => {
    const origin = await startOrigin();
    const edge = await startEdge({ coordinator: "on time", pages: true, vars: { ORIGIN: origin.url, PURGE_TOKENS: TOKEN } });
    for (const path of ["/slow", "/quick"]) origin.on(path, { body: path, headers: FRESH });
    const hold = origin.hold("/slow");
    const slow = await started(edge, { urls: [at("/slow")] });
    await hold.arrived();
    const begun = Date.now();
    assert.deepEqual(counts(await warmed(edge, { urls: [at("/quick")] })), { asked: 1, stored: 1 });
    assert.ok(Date.now() - begun < 3_000, `${Date.now() - begun} ms`);
    assert.equal((await report(edge, slow.id)).left, 1);
    hold.release();
    assert.deepEqual(counts(await ended(edge, slow.id)), { asked: 1, stored: 1 });
    await edge.close();
  });
});
