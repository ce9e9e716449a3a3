/** Attacks by being asked at the same time as another visitor, or after one. */

import assert from "node:assert/strict";
import { before, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { advance, cacheStatus, eventually, hitOf, startEdge, startOrigin, together } from "./harness.mjs";

let origin, edge, path;
let number = 0;

before(async () => {
  origin = await startOrigin();
  edge = await startEdge({ probe: true, vars: { ORIGIN: origin.url, PURGE_TOKENS: "x".repeat(32) } });
});
beforeEach(() => {
  origin.reset();
  path = `/account-${(number += 1)}/page`;
});

/** Whose session a request is of: `connect.sid=alice`. */
const bearerOf = ({ headers }) => headers.get("cookie")?.match(/=(\w+)/)?.[1] ?? "nobody";
const JARS = ["alice", "bob", "carol", undefined];

function visit(name) {
  return edge.fetch(path, { headers: name ? { cookie: `connect.sid=${name}` } : {} });
}

/** The whole, or a 304 where the `fresh` package would find one. */
function express(body, control) {
  return (seen) => {
    const text = `the account of ${body(seen)}`;
    const tag = `W/"${text.length}-${Buffer.from(text).toString("base64url")}"`;
    const fresh = seen.headers.get("if-none-match") === tag && !/no-cache/.test(seen.headers.get("cache-control") ?? "");
    const headers = { etag: tag, "cache-control": control };
    return fresh ? { status: 304, headers } : { body: text, headers, delayMs: 100 };
  };
}

describe("another visitor's page by collapsing", () => {
  for (const control of ["no-cache", "max-age=0", "max-age=0, must-revalidate"]) {
    for (const state of ["cold", "warm"]) {
      test(`on a ${state} page of Express with express-session that says ${control}`, async () => {
        origin.on(path, express(bearerOf, control));
        if (state === "warm") {
          await visit("alice");
          await sleep(100);
        }
        for (let round = 0; round < 3; round += 1) {
          const answers = await together(12, (i) => visit(JARS[i % 4]));
          answers.forEach((answer, i) => assert.equal(answer.text(), `the account of ${JARS[i % 4] ?? "nobody"}`));
        }
      });
    }
  }

  test("while the origin keeps the first of them waiting", async () => {
    origin.on(path, express(bearerOf, "no-cache"));
    const hold = origin.hold(path);
    const alice = visit("alice");
    await hold.arrived();
    const others = [visit("bob"), visit(undefined)];
    await sleep(200);
    hold.release();
    const said = (await Promise.all([alice, ...others])).map((answer) => answer.text());
    assert.deepEqual(
      said,
      ["alice", "bob", "nobody"].map((name) => `the account of ${name}`),
    );
  });
});

describe("no-cache", () => {
  test("is never handed to waiting visitors: the origin is asked for each", async () => {
    let renders = 0;
    origin.on(path, () => ({
      body: `render ${(renders += 1)}`,
      headers: { "cache-control": "no-cache", etag: `"${renders}"` },
      delayMs: 200,
    }));
    const answers = await together(10, () => visit(undefined));
    assert.equal(new Set(answers.map((answer) => answer.text())).size, 10);
    assert.equal(answers.filter((answer) => cacheStatus(answer).collapsed).length, 0);
  });

  test("leaves what is stale at once to be shared among visitors without cookies", async () => {
    origin.on(path, { body: "hello", headers: { "cache-control": "max-age=0", etag: '"1"' }, delayMs: 200 });
    const hold = origin.hold(path);
    const answers = together(10, () => visit(undefined));
    await hold.arrived();
    await sleep(200);
    hold.release();
    assert.ok((await answers).every((answer) => answer.text() === "hello"));
    assert.equal(origin.count(path), 1);
  });
});

describe("the administrator's feed", () => {
  /** Stock WordPress: the same entity tag for all visitors, and no word of whose the feed is. */
  const feed = (seen) => {
    const headers = { etag: '"last-post"', "cache-control": "no-cache", "last-modified": "Wed, 21 Oct 2015 07:28:00 GMT" };
    if (seen.headers.get("if-none-match") === '"last-post"') return { status: 304, headers };
    return { body: seen.headers.has("cookie") ? "public and private posts" : "public posts", headers };
  };

  for (const cookie of ["wordpress_logged_in_0123=admin", "wordpress_sec_0123=admin", "an_unknown_session=admin"]) {
    test(`with the cookie ${cookie}, a stranger gets by a 304`, async () => {
      origin.on(path, feed);
      const admin = await edge.fetch(path, { headers: { cookie } });
      assert.equal(admin.text(), "public and private posts");
      for (let i = 0; i < 3; i += 1) {
        const stranger = await edge.fetch(path);
        assert.deepEqual([stranger.status, stranger.text()], [200, "public posts"]);
        assert.equal((await edge.fetch(path, { headers: { cookie } })).text(), "public and private posts");
      }
    });
  }
});

describe("a purge undone by the origin's own cache", () => {
  const LONG = { "cache-control": "public, s-maxage=3600, stale-while-revalidate=3600", "cache-tag": "news" };
  const STALE = {
    "with an Age, as nginx and Varnish say it": { age: "300" },
    "that Next.js calls stale": { "x-nextjs-cache": "STALE" },
    "that its own Cache-Status calls stale": { "cache-status": "Varnish; hit; ttl=-30" },
  };

  for (const mode of ["soft", "hard"]) {
    for (const [what, extra] of Object.entries(STALE)) {
      test(`that answers the old page ${what} after a ${mode} purge`, async () => {
        origin.on(path, { body: "old", headers: LONG });
        await hitOf(edge, path);
        await purge(mode);
        origin.on(path, { body: "old", headers: { ...LONG, ...extra } });
        await edge.fetch(path);
        await eventually(() => origin.count(path) >= 2);
        await sleep(100);
        origin.on(path, { body: "new", headers: LONG });
        await advance(30_000);
        await edge.fetch(path);
        await eventually(async () => (await edge.fetch(path)).text() === "new");
      });
    }
  }

  test("does not make the edge ask at every visit while the origin's cache lasts", async () => {
    origin.on(path, { body: "old", headers: LONG });
    await hitOf(edge, path);
    await purge("soft");
    origin.on(path, { body: "old", headers: { ...LONG, age: "300" } });
    for (let i = 0; i < 30; i += 1) assert.equal((await edge.fetch(path)).text(), "old");
    assert.ok(origin.count(path) <= 4, `asked ${origin.count(path)} times`);
  });

  async function purge(mode) {
    const headers = { authorization: `Bearer ${"x".repeat(32)}` };
    const body = JSON.stringify({ tags: ["news"], mode });
    assert.equal((await edge.fetch("/edge-isr/purge", { method: "POST", headers, body })).status, 200);
    await advance(1_000);
  }
});
