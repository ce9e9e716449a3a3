/** Links that work once, and origins that refuse the edge's own requests: which request comes first matters. */

import assert from "node:assert/strict";
import { before, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { advance, cacheStatus, eventually, hitOf, startEdge, startOrigin, together } from "./harness.mjs";
import { purge, TOKEN } from "./purge.mjs";

const SHARED = { "cache-control": "public, s-maxage=60" };
const MINUTE = 60_000;
const BROWSER = { accept: "text/html", "accept-language": "en", "user-agent": "Mozilla/5.0" };
const IN = { status: 302, headers: { location: "/home", "set-cookie": "session=1", "cache-control": "no-store" } };
const SPENT = { status: 410, headers: { "cache-control": "no-store" }, body: "spent" };

let origin, edge, path;
let number = 0;

before(async () => {
  origin = await startOrigin();
  edge = await startEdge({ probe: true, vars: { ORIGIN: origin.url, PURGE_TOKENS: TOKEN } });
});
beforeEach(() => {
  origin.reset();
  path = `/links-${(number += 1)}/page`;
});

const ask = (headers = BROWSER, at = path) => edge.fetch(at, { headers });

/** Lets the first request in. */
function worksOnce() {
  let isSpent = false;
  return () => {
    const answer = isSpent ? SPENT : IN;
    isSpent = true;
    return answer;
  };
}

describe("a link that works once", () => {
  test("works for a visitor who sends no field of their own", async () => {
    origin.on(path, worksOnce());
    const answer = await ask({ "cf-ipcountry": "NL" });
    assert.deepEqual([answer.status, answer.headers.get("set-cookie")], [302, "session=1"]);
    assert.equal(origin.count(path), 1);
  });

  for (const status of [404, 410]) {
    test(`is not spent because a made-up link beside it was answered ${status}, which was stored`, async () => {
      const beside = path.replace("page", "made-up");
      origin.on(beside, { status, body: "no such link", headers: { "cache-control": "max-age=60" } });
      await hitOf(edge, beside, { headers: BROWSER });
      origin.on(path, worksOnce());
      assert.equal((await ask()).status, 302);
    });
  }
});

describe("an origin that refuses the edge's own requests", () => {
  const REFUSALS = {
    "by cutting the connection": { breakBefore: true },
    "by a 503": { status: 503, body: "challenge" },
    "by a 403": { status: 403, body: "no" },
  };
  for (const [how, refusal] of Object.entries(REFUSALS)) {
    let refuses;
    const answer = (seen) => {
      const isRefused = refuses && seen.headers.get("user-agent").includes("edge-isr");
      return isRefused ? refusal : { body: "good", headers: SHARED };
    };

    test(`${how} serves every visitor, also several at once`, async () => {
      refuses = true;
      origin.on(path, answer);
      const hold = origin.hold(path);
      const all = together(4, () => ask());
      await hold.arrived();
      hold.release();
      assert.deepEqual(
        (await all).map(({ status }) => status),
        [200, 200, 200, 200],
      );
      assert.equal((await ask()).status, 200);
    });

    test(`${how} serves every visitor of a page that was stored before`, async () => {
      refuses = false;
      origin.on(path, answer);
      await hitOf(edge, path, { headers: BROWSER });
      refuses = true;
      await advance(2 * MINUTE);
      for (let i = 0; i < 3; i += 1) assert.equal((await ask()).status, 200);
      await purge(edge, { urls: [`https://www.example.com${path}`], mode: "hard" });
      for (let i = 0; i < 3; i += 1) assert.equal((await ask()).status, 200);
    });
  }

  test("by a body that breaks off serves each waiting visitor from a request of their own", async () => {
    origin.on(path, (seen) => {
      const isPlain = seen.headers.get("user-agent").includes("edge-isr");
      return { body: "x".repeat(1000), chunked: true, headers: SHARED, breakAfter: isPlain ? 500 : undefined };
    });
    const hold = origin.hold(path);
    const all = together(3, () => ask());
    await hold.arrived();
    hold.release();
    assert.deepEqual(
      (await all).map(({ status, bytes }) => [status, bytes]),
      Array(3).fill([200, 1000]),
    );
  });
});

describe("SHARE_AUTHORIZED", () => {
  const GOOD = { ...BROWSER, authorization: "Basic good" };
  const guarded = (seen) => {
    if (seen.headers.get("authorization") !== "Basic good") return { status: 401, headers: { "www-authenticate": "Basic" } };
    return { body: "members", headers: { "cache-control": "public, s-maxage=60, stale-while-revalidate=600" } };
  };

  for (const [credentials, headers] of [
    ["wrong credentials", { ...BROWSER, authorization: "Basic evil" }],
    ["no credentials", BROWSER],
  ]) {
    test(`is not ended for a page by a visitor with ${credentials}`, async () => {
      const other = await startEdge({ probe: true, vars: { ORIGIN: origin.url, SHARE_AUTHORIZED: "true" } });
      origin.on(path, guarded);
      await hitOf(other, path, { headers: GOOD });
      await advance(2 * MINUTE);
      await other.fetch(path, { headers });
      assert.equal((await other.fetch(path, { headers: GOOD })).text(), "members");
      const page = await hitOf(other, path, { headers: GOOD });
      assert.deepEqual([page.status, page.text()], [200, "members"]);
      await eventually(async () => cacheStatus(await other.fetch(path, { headers: GOOD })).ttl > 0);
    });
  }

  const MALLORY = { ...BROWSER, authorization: "Bearer mallory" };
  const shared = { "cache-control": "public, s-maxage=60" };
  const REFUSALS = {
    private: { body: "mallory's", headers: { "cache-control": "private" } },
    "a cookie": { body: "mallory's", headers: { ...shared, "set-cookie": "session=1" } },
    "a redirect": { status: 302, headers: { location: "/login", "cache-control": "no-store" } },
    "a 404": { status: 404, body: "none", headers: { "cache-control": "no-store" } },
    "a 500": { status: 500, body: "crashed" },
  };
  for (const [what, refusal] of Object.entries(REFUSALS)) {
    test(`keeps a shared page although one visitor's credentials bring back ${what}`, async () => {
      const other = await startEdge({ probe: true, vars: { ORIGIN: origin.url, SHARE_AUTHORIZED: "true" } });
      const headers = { "cache-control": "public, s-maxage=60, stale-while-revalidate=600" };
      origin.on(path, (seen) => (seen.headers.has("authorization") ? refusal : { body: "for all", headers }));
      await hitOf(other, path, { headers: BROWSER });
      await advance(2 * MINUTE);
      await other.fetch(path, { headers: MALLORY });
      await eventually(() => origin.count(path) > 1);
      // What came back has been acted on: the next visitor is shown the page that was stored before.
      await sleep(200);
      const page = await other.fetch(path, { headers: BROWSER });
      assert.deepEqual([page.text(), cacheStatus(page).hit], ["for all", true]);
      await eventually(async () => cacheStatus(await other.fetch(path, { headers: BROWSER })).ttl > 0);
    });
  }

  test("lets a visitor's own request answer them where the plain one gets a 401", async () => {
    const vars = { ORIGIN: origin.url, SHARE_AUTHORIZED: "true", RULES: '[{"path":"/**","plain":true}]' };
    const other = await startEdge({ vars });
    origin.on(path, (seen) => {
      if (!seen.headers.get("cookie")?.includes("alice")) return { status: 401, body: "log in" };
      return { body: "hello alice", headers: { "cache-control": "private" } };
    });
    const answer = await other.fetch(path, { headers: { ...BROWSER, cookie: "PHPSESSID=alice" } });
    assert.deepEqual([answer.status, answer.text()], [200, "hello alice"]);
  });
});
