/** Attacks by header fields that change what an origin answers: override, representation, encoding. */

import assert from "node:assert/strict";
import { before, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import zlib from "node:zlib";
import { cacheStatus, eventually, hitOf, startEdge, startOrigin } from "./harness.mjs";
import { OVERRIDES, SELECTING } from "./known-fields.mjs";

const SHARED = { "cache-control": "public, s-maxage=600" };
/** What an ordinary browser sends. */
const BROWSER = {
  accept: "text/html,application/xhtml+xml",
  "accept-language": "de-CH,de;q=0.9",
  "user-agent": "Mozilla/5.0 (X11; Linux x86_64)",
  referer: "https://search.example/?q=secret",
  cookie: "theme=dark; region=17",
  "cf-ipcountry": "CH",
  "sec-fetch-mode": "navigate",
  "upgrade-insecure-requests": "1",
  dnt: "1",
  "x-unheard-of": "visitor",
};

let origin, edge, path;
let number = 0;

before(async () => {
  origin = await startOrigin();
  const vars = { ORIGIN: origin.url, ORIGIN_HEADERS: "X-Edge-Secret: opensesame" };
  edge = await startEdge({ probe: true, vars });
});
beforeEach(() => {
  origin.reset();
  // A section of its own: what another test taught the edge does not count here.
  path = `/section-${(number += 1)}/page`;
});

describe("another page under this URL", () => {
  test("by any of the fields from which frameworks take path, host, scheme or method", async () => {
    const leaks = [];
    for (const name of [...OVERRIDES, ...SELECTING]) {
      const each = `/other-${name.toLowerCase()}/page`;
      origin.on(each, (seen) => ({ body: `the page of ${seen.headers.get(name) ?? "all"}`, headers: SHARED }));
      await edge.fetch(each, { headers: { [name]: "/attacker" } });
      const page = await eventually(async () => {
        const answer = await edge.fetch(each);
        return (cacheStatus(answer).hit || !cacheStatus(answer).stored) && answer;
      });
      if (page.text().includes("attacker")) leaks.push(name);
    }
    assert.deepEqual(leaks, []);
  });

  test("by a field that is combined with another of the same name in another case", async () => {
    origin.on(path, (seen) => ({ body: `the page of ${seen.headers.get("script_name") ?? "all"}`, headers: SHARED }));
    await edge.fetch(path, {
      headers: [
        ["Script_Name", "/attacker"],
        ["SCRIPT_NAME", "/attacker"],
      ],
    });
    assert.equal((await hitOf(edge, path)).text(), "the page of all");
  });

  test("is not even shown to its visitor: own requests lose these fields too", async () => {
    origin.on(path, { body: "posted" });
    const headers = Object.fromEntries(OVERRIDES.map((name) => [name, "attacker.example"]));
    await edge.fetch(path, { method: "POST", headers, body: "x" });
    const sent = origin.to(path)[0].headers.lines;
    assert.deepEqual(
      sent.filter(([, value]) => value.includes("attacker")),
      [],
    );
  });

  test("by a method that a header names, where WordPress needs it", async () => {
    origin.on(path, (seen) => ({ body: `${seen.method} as ${seen.headers.get("x-http-method-override")}` }));
    const say = (method, value) =>
      edge.fetch(path, { method, headers: { "x-http-method-override": value } }).then((answer) => answer.text());
    assert.equal(await say("POST", "PUT"), "POST as PUT");
    assert.equal(await say("POST", "DELETE"), "POST as DELETE");
    assert.equal(await say("POST", "GET"), "POST as undefined");
    assert.equal(await say("GET", "DELETE"), "GET as undefined");
  });
});

describe("a plain request", () => {
  const PLAIN = new Set([
    ...["host", "accept-encoding", "user-agent", "via", "x-forwarded-host", "x-forwarded-proto", "x-edge-secret"],
    // The runtime's own, and the edge's, by which the platform's cache is passed by.
    ...["cf-worker", "connection", "cache-control", "pragma"],
  ]);

  test("follows a visitor's own request for a cold page, and carries nothing of the visitor", async () => {
    origin.on(path, { body: "hello", headers: SHARED });
    await edge.fetch(path, { headers: BROWSER });
    const [own, plain] = await eventually(() => origin.count(path) === 2 && origin.to(path));
    assert.equal(own.headers.get("x-unheard-of"), "visitor");
    const names = plain.headers.lines.map(([name]) => name.toLowerCase());
    assert.deepEqual(
      names.filter((name) => !PLAIN.has(name)),
      [],
    );
    assert.match(plain.headers.get("user-agent"), /^edge-isr\//);
    assert.equal(plain.headers.get("x-edge-secret"), "opensesame");
    await hitOf(edge, path);
    await sleep(100);
    assert.equal(origin.count(path), 2);
  });

  test("is what a bare visitor's request is already: the origin is asked once", async () => {
    origin.on(path, { body: "hello", headers: SHARED });
    await edge.fetch(path);
    await hitOf(edge, path);
    await sleep(100);
    assert.equal(origin.count(path), 1);
  });

  test("comes first on the later cold pages of its section", async () => {
    origin.on(path, { body: "hello", headers: SHARED });
    await edge.fetch(path, { headers: BROWSER });
    await hitOf(edge, path);
    const next = `${path}-2`;
    origin.on(next, (seen) => ({ body: seen.headers.get("x-unheard-of") ?? "plain", headers: SHARED }));
    assert.equal((await edge.fetch(next, { headers: BROWSER })).text(), "plain");
    await sleep(100);
    assert.equal(origin.count(next), 1);
  });

  test("never follows where the own answer is not to be shared: a link that works once, works once", async () => {
    let uses = 0;
    origin.on(path, () => {
      uses += 1;
      return { status: uses === 1 ? 200 : 410, body: `use ${uses}`, headers: { "cache-control": "private" } };
    });
    const answer = await edge.fetch(`${path}?code=once`, { headers: BROWSER });
    await sleep(200);
    assert.deepEqual([answer.status, uses], [200, 1]);
  });

  test("has FORWARD_HEADERS, which may name neither Cookie nor Authorization", async () => {
    const open = await startEdge({ vars: { ORIGIN: origin.url, FORWARD_HEADERS: "X-Unheard-Of" } });
    origin.on(path, { body: "hello", headers: SHARED });
    await open.fetch(path, { headers: BROWSER });
    const plain = await eventually(() => origin.count(path) === 2 && origin.to(path)[1]);
    assert.deepEqual([plain.headers.get("x-unheard-of"), plain.headers.get("cookie")], ["visitor", undefined]);
    await open.close();
    for (const name of ["Cookie", "authorization", "X-A, cookie"]) {
      const closed = await startEdge({ vars: { ORIGIN: origin.url, FORWARD_HEADERS: name } });
      const answer = await closed.fetch(path);
      assert.equal(answer.status, 500);
      assert.match(answer.text(), /FORWARD_HEADERS/);
      await closed.close();
    }
  });
});

describe("another representation for all", () => {
  for (const [name, value] of [
    ["RSC", "1"],
    ["Next-Router-State-Tree", "%5B%5D"],
    ["Next-Router-Prefetch", "1"],
    ["HX-Request", "true"],
    ["X-Inertia", "true"],
    ["X-Requested-With", "XMLHttpRequest"],
  ]) {
    test(`by ${name}, whose bearer passes`, async () => {
      const answer = (seen) => ({ body: seen.headers.has(name) ? "a fragment" : "the page", headers: SHARED });
      origin.on(path, answer);
      const cold = await edge.fetch(path, { headers: { [name]: value } });
      assert.deepEqual([cold.text(), cacheStatus(cold).detail], ["a fragment", "representation"]);
      assert.equal((await hitOf(edge, path)).text(), "the page");
      const warm = await edge.fetch(path, { headers: { [name]: value } });
      assert.deepEqual([warm.text(), cacheStatus(warm).detail], ["a fragment", "representation"]);
      assert.equal((await edge.fetch(path)).text(), "the page");
    });
  }

  test("but not where Vary names the field: then each has its own", async () => {
    const body = (seen) => (seen.headers.has("hx-request") ? "a fragment" : "the page");
    origin.on(path, (seen) => ({ body: body(seen), headers: { ...SHARED, vary: "HX-Request" } }));
    assert.equal((await hitOf(edge, path)).text(), "the page");
    const fragment = await hitOf(edge, path, { headers: { "hx-request": "true" } });
    assert.equal(fragment.text(), "a fragment");
    assert.equal((await edge.fetch(path)).text(), "the page");
  });

  test("by a foreign Origin, to which alone S3 says CORS fields", async () => {
    origin.on(path, (seen) => {
      const from = seen.headers.get("origin");
      return { body: "font", headers: { ...SHARED, ...(from && { "access-control-allow-origin": from }) } };
    });
    const allowed = (answer) => answer.headers.get("access-control-allow-origin");
    await hitOf(edge, path);
    const shop = { headers: { origin: "https://shop.example" } };
    assert.equal(allowed(await edge.fetch(path, shop)), "https://shop.example");
    assert.equal(allowed(await edge.fetch(path, { headers: { origin: "https://evil.example" } })), "https://evil.example");
    assert.equal(allowed(await edge.fetch(path)), undefined);
    assert.equal(allowed(await edge.fetch(path, shop)), "https://shop.example");
  });
});

describe("bytes that a client cannot read", () => {
  test("gzip without Vary, as nginx with gzip_vary off sends it", async () => {
    const gzips = (seen) => /\bgzip\b/.test(seen.headers.get("accept-encoding") ?? "");
    origin.on(path, (seen) => ({ body: "hello", headers: SHARED, encoding: gzips(seen) ? "gzip" : undefined }));
    const packed = await hitOf(edge, path, { headers: { "accept-encoding": "gzip" } });
    assert.equal(zlib.gunzipSync(packed.body).toString(), "hello");
    const unable = await edge.fetch(path, { headers: { "accept-encoding": null } });
    assert.deepEqual([unable.headers.get("content-encoding"), unable.text()], [undefined, "hello"]);
    assert.equal((await edge.fetch(path, { headers: { "accept-encoding": "gzip" } })).headers.get("content-encoding"), "gzip");
  });

  test("nor are they given to such a client by a cache between: the answer says that it varies", async () => {
    origin.on(path, { body: "hello", headers: SHARED, encoding: "gzip" });
    const hit = await hitOf(edge, path, { headers: { "accept-encoding": "gzip" } });
    assert.match(hit.headers.get("vary") ?? "", /accept-encoding/i);
  });
});

for (const [name, value] of [
  ["x-flavour", "x".repeat(9_000)],
  ["origin", `https://${"x".repeat(9_000)}.example`],
]) {
  test(`a field beyond 8 kB that selects makes the request pass (${name})`, async () => {
    origin.on(path, { body: "hello", headers: { ...SHARED, vary: "x-flavour" } });
    await hitOf(edge, path);
    const answer = await edge.fetch(path, { headers: { [name]: value } });
    assert.deepEqual([cacheStatus(answer).stored, cacheStatus(answer).fwd], [false, "bypass"]);
  });
}
