/** Redirects: to the origin's own address, and of a URL to itself. */

import assert from "node:assert/strict";
import { before, beforeEach, describe, test } from "node:test";
import { cacheStatus, hitOf, startEdge, startOrigin } from "./harness.mjs";

const SHARED = { "cache-control": "public, s-maxage=600" };

let origin, edge, path;
let number = 0;

before(async () => {
  origin = await startOrigin();
  edge = await startEdge({ vars: { ORIGIN: origin.url } });
});
beforeEach(() => {
  origin.reset();
  path = `/moved-${(number += 1)}/page`;
});

describe("the origin's address in redirects", () => {
  const location = (answer) => answer.headers.get("location");

  test("is rewritten to the visitor's host, as nginx would say it", async () => {
    origin.on(path, () => ({ status: 301, headers: { ...SHARED, location: `${origin.url}${path}/` } }));
    assert.equal(location(await edge.fetch(path)), `https://www.example.com${path}/`);
    assert.equal(location(await hitOf(edge, path)), `https://www.example.com${path}/`);
  });

  test("is rewritten for the host that asks, and not for the first that asked", async () => {
    origin.on(path, () => ({ status: 301, headers: { ...SHARED, location: `${origin.url}/x` } }));
    for (const site of ["https://www.example.com", "https://other.example", "http://plain.example"]) {
      assert.equal(location(await edge.fetch(`${site}${path}`)), `${site}/x`);
    }
  });

  test("is rewritten in answers that go past the cache", async () => {
    origin.on(path, () => ({ status: 302, headers: { location: `${origin.url}/thanks?a=1#b` } }));
    const posted = await edge.fetch(path, { method: "POST", body: "x" });
    assert.equal(location(posted), "https://www.example.com/thanks?a=1#b");
  });

  test("is rewritten in Content-Location and Refresh", async () => {
    origin.on(path, () => {
      const headers = { ...SHARED, "content-location": `${origin.url}/en`, refresh: `5; url=${origin.url}/next` };
      return { body: "hello", headers };
    });
    for (const answer of [await edge.fetch(path), await hitOf(edge, path)]) {
      assert.equal(answer.headers.get("content-location"), "https://www.example.com/en");
      assert.match(answer.headers.get("refresh"), /^5; *url="?https:\/\/www\.example\.com\/next"?$/i);
    }
  });

  for (const target of ["https://elsewhere.example/x", "/relative", "relative", "//elsewhere.example/x", "?page=2"]) {
    test(`leaves ${target} as it is`, async () => {
      origin.on(path, { status: 301, headers: { ...SHARED, location: target } });
      assert.equal(location(await edge.fetch(path)), target);
    });
  }
});

describe("a redirect of a URL to itself", () => {
  for (const [what, to] of [
    ["by its whole URL", () => `https://www.example.com${path}`],
    ["by its path", () => path],
    ["by the origin's address, as WordPress does without its public host", () => `${origin.url}${path}`],
  ]) {
    test(`${what} is not stored, and says so`, async () => {
      origin.on(path, () => ({ status: 301, headers: { ...SHARED, location: to() } }));
      for (let i = 0; i < 2; i += 1) {
        const { hit, stored, detail } = cacheStatus(await edge.fetch(path));
        assert.deepEqual([hit, stored, detail], [false, false, "redirects-to-itself"]);
      }
    });
  }

  test("from http to https is none", async () => {
    origin.on(path, { status: 301, headers: { ...SHARED, location: `https://www.example.com${path}` } });
    const hit = await hitOf(edge, `http://www.example.com${path}`);
    assert.equal(hit.status, 301);
  });
});
