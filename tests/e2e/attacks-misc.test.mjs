/** What is left of the list: revalidations that cost a page, and reasons that are hidden. */

import assert from "node:assert/strict";
import { before, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { advance, cacheStatus, eventually, hitOf, startEdge, startOrigin } from "./harness.mjs";
import { TOKEN, bearer } from "./purge.mjs";

const SHARED = { "cache-control": "public, s-maxage=60" };
const MINUTE = 61_000;
const BROWSER = { accept: "text/html", "user-agent": "Mozilla/5.0", "accept-language": "de" };

let origin, edge, path;
let number = 0;

before(async () => {
  origin = await startOrigin();
  edge = await startEdge({ probe: true, vars: { ORIGIN: origin.url } });
});
beforeEach(() => {
  origin.reset();
  path = `/misc-${(number += 1)}/page`;
});

describe("never a 304 from Express", () => {
  /** The `fresh` package, by which Express and Koa decide: no-cache in a request is never fresh. */
  const fresh = (seen) => {
    const headers = { ...SHARED, etag: '"1"' };
    const asked = seen.headers.get("if-none-match") === '"1"';
    const refused = /(?:^|,)\s*?no-cache\s*?(?:,|$)/.test(seen.headers.get("cache-control") ?? "");
    return asked && !refused ? { status: 304, headers } : { body: "the whole page", headers };
  };

  for (const [visitor, headers] of [
    ["a bare visitor", {}],
    ["a browser", BROWSER],
    ["a browser that reloads", { ...BROWSER, "cache-control": "no-cache", pragma: "no-cache" }],
  ]) {
    test(`a revalidation for ${visitor} costs a 304`, async () => {
      origin.on(path, fresh);
      await hitOf(edge, path);
      await advance(MINUTE);
      const answer = await edge.fetch(path, { headers });
      assert.deepEqual([answer.text(), cacheStatus(answer).fwdStatus], ["the whole page", 304]);
      assert.doesNotMatch(origin.to(path).at(-1).headers.get("cache-control") ?? "", /no-cache/);
    });
  }

  test("and the platform's own cache is still passed by", async () => {
    origin.on(path, { body: "old", headers: { "cache-control": "public, max-age=3600" } });
    await hitOf(edge, path);
    const fetches = await edge.probe.fetches();
    assert.ok(fetches.length > 0);
    // Whatever makes it so must hold for each request to the origin.
    for (const { cache, cf } of fetches) {
      const passed = cache === "no-store" || cache === "no-cache" || cf?.cacheTtl <= 0 || cf?.cacheTtlByStatus !== undefined;
      assert.ok(passed, `cache ${cache}, cf ${JSON.stringify(cf)}`);
    }
  });
});

describe("while a page passes, its reason is kept", () => {
  for (const [reason, answer] of [
    ["private", { headers: { "cache-control": "private, max-age=60" } }],
    ["no-store", { headers: { "cache-control": "no-store" } }],
    ["set-cookie", { headers: { ...SHARED, "set-cookie": "a=b" } }],
    ["vary-star", { headers: { ...SHARED, vary: "*" } }],
    ["no-lifetime", {}],
  ]) {
    test(`detail=${reason}`, async () => {
      origin.on(path, { body: "mine", ...answer });
      const said = [];
      for (let i = 0; i < 4; i += 1) said.push(cacheStatus(await edge.fetch(path)).detail);
      assert.equal(said[0], said[3]);
      assert.notEqual(said[3], "pass");
      if (["private", "no-store", "set-cookie"].includes(reason)) assert.equal(said[3], reason);
    });
  }
});

describe("an origin that refuses plain requests", () => {
  for (const status of [401, 403, 429, 503]) {
    test(`with ${status} works, uncached, and says why`, async () => {
      const knows = (seen) => /Mozilla/.test(seen.headers.get("user-agent") ?? "");
      origin.on(path, (seen) => (knows(seen) ? { body: "hello", headers: SHARED } : { status, body: "no browser" }));
      const ask = async () => {
        const answer = await edge.fetch(path, { headers: BROWSER });
        assert.deepEqual([answer.status, answer.text()], [200, "hello"]);
        return cacheStatus(answer);
      };
      await ask();
      await eventually(async () => (await ask()).detail === "plain-refused");
      assert.equal((await ask()).hit, false);
    });
  }

  test("in a section that was plain first until now, asks once more with the visitor's own fields", async () => {
    origin.on(path, { body: "hello", headers: SHARED });
    await hitOf(edge, path);
    const next = `${path}-2`;
    const knows = (seen) => /Mozilla/.test(seen.headers.get("user-agent") ?? "");
    origin.on(next, (seen) => (knows(seen) ? { body: "hello", headers: SHARED } : { status: 403, body: "no browser" }));
    const answer = await edge.fetch(next, { headers: BROWSER });
    assert.deepEqual([answer.status, answer.text(), cacheStatus(answer).detail], [200, "hello", "plain-refused"]);
    assert.equal(origin.count(next), 2);
  });
});

describe("a setting of the edge's own fields", () => {
  test("USER_AGENT is what plain requests say", async () => {
    const own = await startEdge({ vars: { ORIGIN: origin.url, USER_AGENT: "the-site/1.0" } });
    origin.on(path, { body: "hello", headers: SHARED });
    await hitOf(own, path);
    assert.equal(origin.to(path)[0].headers.get("user-agent"), "the-site/1.0");
    await own.close();
  });

  test("ORIGIN_HEADERS are in plain and in own requests, in either form, and no visitor's stand beside them", async () => {
    for (const ORIGIN_HEADERS of ["X-Edge-Secret: one\nX-Site: two", '{"X-Edge-Secret": "one", "X-Site": "two"}']) {
      const own = await startEdge({ vars: { ORIGIN: origin.url, ORIGIN_HEADERS } });
      origin.reset();
      origin.on(path, { body: "hello", headers: SHARED });
      await own.fetch(path, { headers: { ...BROWSER, "x-edge-secret": "forged" } });
      await own.fetch(path, { method: "POST", body: "x", headers: { "x-edge-secret": "forged" } });
      await sleep(200);
      const said = origin.requests.map(({ headers }) => `${headers.get("x-edge-secret")} ${headers.get("x-site")}`);
      assert.deepEqual(new Set(said), new Set(["one two"]));
      await own.close();
    }
  });

  test("LOG = decisions and purges writes objects, and no text", async () => {
    const own = await startEdge({ vars: { ORIGIN: origin.url, LOG: "decisions, purges", PURGE_TOKENS: TOKEN } });
    origin.on(path, { body: "hello", headers: SHARED });
    await hitOf(own, path);
    await own.fetch("/edge-isr/purge", { method: "POST", headers: bearer(TOKEN), body: '{"tags":["t"]}' });
    const lines = await eventually(() => {
      const found = own.logs.filter(({ message }) => /decision|purge/.test(message));
      return found.length >= 3 && found.map(({ message }) => message);
    });
    for (const line of lines) assert.match(line, /log: 'decision'|log: 'purge'/);
    await own.close();
  });

  test("LOG = requests writes a line for each answer: what was asked for, and what the cache did", async () => {
    const own = await startEdge({ vars: { ORIGIN: origin.url, LOG: "requests" } });
    origin.on(path, { body: "hello", headers: SHARED });
    await hitOf(own, path);
    const lines = await eventually(() => {
      const found = own.logs.filter(({ message }) => message.includes(path));
      return found.length >= 2 && found.map(({ message }) => message);
    });
    assert.match(lines[0], /miss/);
    assert.match(lines.at(-1), /hit/);
    await own.close();
  });
});
