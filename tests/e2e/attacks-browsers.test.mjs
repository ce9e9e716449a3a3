/** What a browser keeps although it was purged. A real one: `browser.test.mjs`. */

import assert from "node:assert/strict";
import { before, beforeEach, describe, test } from "node:test";
import { hitOf, startEdge, startOrigin } from "./harness.mjs";

/** The README's own header. */
const README = "public, max-age=0, s-maxage=3600, stale-while-revalidate=86400, stale-if-error=604800";

let origin, edge, path;
let number = 0;

before(async () => {
  origin = await startOrigin();
  edge = await startEdge({ vars: { ORIGIN: origin.url } });
});
beforeEach(() => {
  origin.reset();
  path = `/browsers-${(number += 1)}/page`;
});

/** The directives of a Cache-Control, in lower case and in order. */
function directives(answer) {
  const field = answer.headers.get("cache-control") ?? "";
  return field
    .toLowerCase()
    .split(",")
    .map((directive) => directive.trim())
    .filter(Boolean)
    .sort();
}

describe("browsers keep what was purged", () => {
  for (const [sent, seen] of [
    [README, ["max-age=0", "public"]],
    ["s-maxage=60, stale-while-revalidate=600", ["max-age=0"]],
    ["S-MaxAge=60, Stale-While-Revalidate=600, STALE-IF-ERROR=5", ["max-age=0"]],
    ['s-maxage="60", public', ["max-age=0", "public"]],
    ["max-age=30, s-maxage=60", ["max-age=30"]],
    ["max-age=30, stale-while-revalidate=86400", ["max-age=30"]],
    ["public, max-age=31536000, immutable", ["immutable", "max-age=31536000", "public"]],
  ]) {
    test(`not after ${sent}`, async () => {
      origin.on(path, { body: "hello", headers: { "cache-control": sent } });
      for (const answer of [await edge.fetch(path), await hitOf(edge, path)]) assert.deepEqual(directives(answer), seen);
    });
  }

  test("not what a second line of Cache-Control says", async () => {
    origin.on(path, { body: "hello", headers: { "cache-control": ["public", "s-maxage=60", "stale-while-revalidate=9"] } });
    for (const answer of [await edge.fetch(path), await hitOf(edge, path)]) {
      assert.deepEqual(directives(answer), ["max-age=0", "public"]);
    }
  });

  test("not what targeted fields say, which are for caches between", async () => {
    const targeted = {
      "cdn-cache-control": "max-age=60, stale-while-revalidate=600",
      "cloudflare-cdn-cache-control": "max-age=60",
      "surrogate-control": "max-age=60",
    };
    origin.on(path, { body: "hello", headers: targeted });
    for (const answer of [await edge.fetch(path), await hitOf(edge, path)]) {
      assert.deepEqual(
        Object.keys(targeted).filter((name) => answer.headers.has(name)),
        [],
      );
      assert.deepEqual(directives(answer), ["max-age=0"]);
    }
  });

  test("and a 304 says no more than the page", async () => {
    origin.on(path, { body: "hello", etag: '"1"', headers: { "cache-control": README } });
    await hitOf(edge, path);
    const answer = await edge.fetch(path, { headers: { "if-none-match": '"1"' } });
    assert.equal(answer.status, 304);
    assert.deepEqual(directives(answer), ["max-age=0", "public"]);
  });

  test("an Expires of the origin is a browser's lifetime, and stays", async () => {
    const expires = new Date(Date.now() + 600_000).toUTCString();
    origin.on(path, { body: "hello", headers: { "cache-control": "s-maxage=60", expires } });
    const hit = await hitOf(edge, path);
    assert.deepEqual([hit.headers.get("expires"), directives(hit)], [expires, []]);
  });

  test("and an answer past the cache keeps what it says to its visitor", async () => {
    origin.on(path, { body: "mine", headers: { "cache-control": "private, max-age=60, stale-while-revalidate=5" } });
    const answer = await edge.fetch(path);
    assert.ok(directives(answer).includes("private"));
    assert.ok(directives(answer).includes("max-age=60"));
  });

  test("but KEEP_SHARED_DIRECTIVES keeps all, for a CDN before the edge", async () => {
    const open = await startEdge({ vars: { ORIGIN: origin.url, KEEP_SHARED_DIRECTIVES: "true" } });
    origin.on(path, { body: "hello", headers: { "cache-control": README } });
    assert.equal((await hitOf(open, path)).headers.get("cache-control"), README);
    await open.close();
  });
});
