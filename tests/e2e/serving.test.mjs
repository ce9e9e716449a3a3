/** Pages: asked for once, served from the edge, shown stale, revalidated. */

import assert from "node:assert/strict";
import { before, beforeEach, describe, test } from "node:test";
import { advance, cacheStatus, eventually, hitOf, startEdge, startOrigin } from "./harness.mjs";
import { TOKEN, bearer } from "./purge.mjs";

/** A visitor who says more than a plain request does. */
const BROWSER = { headers: { "user-agent": "Firefox", accept: "text/html" } };
const FRESH = { "cache-control": "s-maxage=60, stale-while-revalidate=600, stale-if-error=600" };
const MINUTE = 61_000;

describe("a page", () => {
  let origin, edge, path;
  let number = 0;

  before(async () => {
    origin = await startOrigin();
    edge = await startEdge({ probe: true, vars: { ORIGIN: origin.url } });
  });
  beforeEach(() => {
    origin.reset();
    path = `/page-${(number += 1)}`;
  });

  test("is stored and then served from the edge", async () => {
    origin.on(path, { body: "hello", headers: { ...FRESH, "content-type": "text/html" } });
    const first = await edge.fetch(path);
    assert.deepEqual(
      [first.text(), cacheStatus(first).fwd, cacheStatus(first).fwdStatus, cacheStatus(first).stored],
      ["hello", "uri-miss", 200, true],
    );
    const second = await hitOf(edge, path);
    assert.equal(second.text(), "hello");
    assert.equal(second.headers.get("content-type"), "text/html");
    assert.equal(second.headers.get("cache-control"), "max-age=0", "what is for shared caches stays at the edge");
    assert.equal(second.headers.get("content-length"), "5");
    assert.equal(second.headers.get("cf-cache-status"), undefined);
    assert.match(second.headers.get("age"), /^\d+$/);
    assert.equal(origin.count(path), 1);
  });

  test("with s-maxage and stale-while-revalidate is shown stale once, and then new", async () => {
    origin.on(path, { body: "old", headers: FRESH });
    await hitOf(edge, path);
    origin.on(path, { body: "new", headers: FRESH });
    await advance(MINUTE);
    const stale = await edge.fetch(path);
    const status = cacheStatus(stale);
    assert.deepEqual([stale.text(), status.hit, status.detail], ["old", true, "revalidating"]);
    assert.ok(status.ttl < 0, `ttl=${status.ttl}`);
    await eventually(async () => (await edge.fetch(path)).text() === "new");
    assert.equal(origin.count(path), 2);
  });

  test("is revalidated with both validators, and freshened by a 304", async () => {
    const modified = "Wed, 21 Oct 2015 07:28:00 GMT";
    origin.on(path, {
      body: "same",
      etag: '"1"',
      lastModified: modified,
      headers: { "cache-control": "s-maxage=60" },
    });
    await hitOf(edge, path);
    await advance(MINUTE);
    const seen = await edge.fetch(path);
    assert.deepEqual([seen.text(), cacheStatus(seen).fwd, cacheStatus(seen).fwdStatus], ["same", "stale", 304]);
    const asked = origin.to(path)[1].headers;
    assert.deepEqual([asked.get("if-none-match"), asked.get("if-modified-since")], ['"1"', modified]);
    await hitOf(edge, path);
  });

  test("is shown stale when the origin fails, while stale-if-error lasts", async () => {
    origin.on(path, { body: "good", headers: { "cache-control": "max-age=60, stale-if-error=600" } });
    await hitOf(edge, path);
    origin.on(path, { status: 503, body: "broken" });
    await advance(MINUTE);
    const seen = await edge.fetch(path);
    assert.deepEqual([seen.status, seen.text(), cacheStatus(seen).fwdStatus], [200, "good", 503]);
    await advance(700_000);
    assert.equal((await edge.fetch(path)).status, 503);
  });

  test("is answered to a HEAD, which stores nothing itself", async () => {
    origin.on(path, { body: "hello", headers: FRESH });
    const miss = await edge.fetch(path, { method: "HEAD" });
    assert.deepEqual([origin.to(path)[0].method, cacheStatus(miss).fwd, miss.bytes], ["HEAD", "uri-miss", 0]);
    await hitOf(edge, path);
    const hit = await edge.fetch(path, { method: "HEAD" });
    assert.deepEqual([cacheStatus(hit).hit, hit.bytes, hit.headers.get("content-length")], [true, 0, "5"]);
    assert.equal(origin.count(path), 2);
  });

  test("keeps its status, whatever the Cache API makes of it", async () => {
    for (const status of [204, 301, 404, 410, 418, 500]) {
      const each = `${path}-${status}`;
      origin.on(each, { status, headers: { ...FRESH, location: "/x" }, body: status === 204 ? "" : "x" });
      await edge.fetch(each);
      const hit = await hitOf(edge, each);
      assert.equal(hit.status, status);
      assert.equal(hit.headers.get("location"), "/x");
    }
  });

  test("has a variant for each value of the fields it varies by", async () => {
    origin.on(path, (seen) => ({
      body: `in ${seen.headers.get("accept-language")}`,
      headers: { ...FRESH, vary: "Accept-Language" },
    }));
    const read = (language) => edge.fetch(path, { headers: { "accept-language": language } });
    for (const language of ["de", "fr", "en", "de", "fr", "en"]) {
      assert.equal((await read(language)).text(), `in ${language}`);
    }
    for (const language of ["de", "fr", "en"]) assert.equal(cacheStatus(await read(language)).hit, true);
    // One for the page, before it was known to vary; each further variant gets a place at its second request.
    assert.equal(origin.count(path), 1 + 1 + 2 + 2);
    assert.equal(cacheStatus(await read("es")).fwd, "vary-miss");
  });

  test("goes past the cache for what is not a page for all", async () => {
    origin.on(path, { body: "hello", headers: FRESH });
    await hitOf(edge, path);
    for (const [init, detail] of [
      [{ method: "POST", body: "sent" }, "method"],
      [{ headers: { cookie: "a=b; sessionid=x" } }, "login-cookie"],
      [{ headers: { authorization: "Basic eA==" } }, "authorization"],
    ]) {
      const before = origin.count(path);
      assert.equal(cacheStatus(await edge.fetch(path, init)).detail, detail);
      assert.equal(origin.count(path), before + 1);
    }
    assert.equal((await origin.to(path)[1].body()).toString(), "sent");
  });

  test("is not stored when it is for one visitor alone", async () => {
    for (const headers of [
      { "cache-control": "private, max-age=60" },
      { "cache-control": "no-store" },
      { "cache-control": "max-age=60", "set-cookie": "a=b" },
      { "cache-control": "max-age=60", vary: "*" },
      {},
    ]) {
      const each = `/mine${path}-${JSON.stringify(headers)}`.replaceAll(/[^\w/-]/g, "");
      origin.on(each, { body: "mine", headers });
      await edge.fetch(each, BROWSER);
      const second = await edge.fetch(each, BROWSER);
      assert.equal(cacheStatus(second).hit, false);
      assert.equal(second.headers.get("set-cookie"), headers["set-cookie"]);
      assert.equal(origin.count(each), 2);
    }
  });

  test("is another on another host, or by another scheme", async () => {
    origin.on(path, (seen) => ({
      body: `${seen.headers.get("x-forwarded-proto")}://${seen.headers.get("x-forwarded-host")}`,
      headers: FRESH,
    }));
    for (const site of ["https://a.example", "https://b.example", "http://a.example", "https://a.example:8443"]) {
      assert.equal((await edge.fetch(`${site}${path}`)).text(), site);
      assert.equal((await edge.fetch(`${site}${path}`)).text(), site);
    }
    assert.equal(origin.count(path), 4);
  });

  test("is asked for past every other cache, redirects left alone, bodies as they are", async () => {
    origin.on(path, { status: 302, headers: { ...FRESH, location: "/elsewhere" } });
    const seen = await edge.fetch(path);
    assert.deepEqual([seen.status, seen.headers.get("location")], [302, "/elsewhere"]);
    const made = (await edge.probe.fetches()).find(({ url }) => url.endsWith(path));
    assert.deepEqual([made.cache, made.redirect, made.encodeResponseBody], ["no-store", "manual", "manual"]);
    // A plain request says nothing of the visitor; a visitor's own says where it comes from.
    assert.equal(origin.to(path)[0].headers.get("x-forwarded-for"), undefined);
    const theirs = `/theirs${path}`;
    origin.on(theirs, { body: "mine", headers: { "cache-control": "private" } });
    await edge.fetch(theirs, BROWSER);
    assert.equal(origin.to(theirs)[0].headers.get("x-forwarded-for"), "203.0.113.7");
  });

  test("is told apart from a version that the visitor already has", async () => {
    origin.on(path, { body: "hello", etag: '"1"', headers: FRESH });
    const condition = { headers: { "if-none-match": '"1"' } };
    const first = await edge.fetch(path, condition);
    assert.deepEqual([first.status, first.bytes, cacheStatus(first).stored], [304, 0, true]);
    assert.equal(origin.to(path)[0].headers.get("if-none-match"), undefined);
    const second = await hitOf(edge, path, condition);
    assert.deepEqual([second.status, cacheStatus(second).hit, second.headers.get("etag")], [304, true, '"1"']);
    assert.equal((await edge.fetch(path)).text(), "hello");
  });

  test("is invalidated by a POST to it, which a group in the answer widens", async () => {
    const list = `${path}-list`;
    origin.on(path, { body: "old", headers: FRESH });
    origin.on(list, { body: "old", headers: { ...FRESH, "cache-groups": '"lists"' } });
    await hitOf(edge, path);
    await hitOf(edge, list);
    origin.on(path, (seen) => ({
      body: "new",
      headers: seen.method === "POST" ? { "cache-group-invalidation": '"lists"' } : FRESH,
    }));
    origin.on(list, { body: "new", headers: FRESH });
    await edge.fetch(path, { method: "POST", body: "x" });
    assert.equal((await edge.fetch(path)).text(), "new");
    assert.equal((await edge.fetch(list)).text(), "new");
  });

  test("with a status that the runtime cannot pass on is a 502 that says so", async () => {
    origin.on(path, { status: 999 });
    const seen = await edge.fetch(path);
    assert.deepEqual([seen.status, /999/.test(seen.text())], [502, true]);
  });

  test("passes an upgrade through", async () => {
    origin.on(path, { webSocket: "echo" });
    const { WebSocket: Client } = globalThis;
    const socket = new Client(`${edge.url.replace("http", "ws")}${path}`);
    const answer = await new Promise((resolve, reject) => {
      socket.onopen = () => socket.send("hello");
      socket.onmessage = ({ data }) => resolve(data);
      socket.onerror = () => reject(new Error("the upgrade failed"));
    });
    socket.close();
    assert.equal(answer, "hello");
  });

  test("with characters beyond ASCII, two hundred fields and a 16 KB Cache-Tag is served unharmed", async () => {
    const many = Array.from({ length: 200 }, (_, i) => [`x-field-${i}`, `value ${i}`]);
    const tags = Array.from({ length: 960 }, (_, i) => `a-longer-tag-${i}`)
      .join(",")
      .slice(0, 16_384);
    const bytes = Buffer.from([0x61, 0xe9, 0xff]);
    const text = [
      ["x-text", "é€"],
      ["cache-control", FRESH["cache-control"]],
      ["cache-tag", tags],
    ];
    origin.on(path, { body: "hello", headers: [...many, ...text, ["x-bytes", bytes]] });
    const miss = await edge.fetch(path);
    assert.deepEqual(miss.headers.bytes("x-bytes"), bytes);
    for (const answer of [miss, await edge.fetch(path)]) {
      assert.equal(answer.headers.get("x-text"), "é€");
      assert.equal(answer.headers.get("x-field-199"), "value 199");
      assert.equal(answer.headers.get("cache-tag"), undefined);
    }
    assert.equal(origin.count(path), 1);
  });
});

describe("settings", () => {
  test("a setting that cannot be read is named on every request, and once in the log", async () => {
    const edge = await startEdge({ vars: { ORIGIN: "not a url" } });
    for (const path of ["/", "/edge-isr/purge", "/other"]) {
      const answer = await edge.fetch(path);
      assert.equal(answer.status, 500);
      assert.equal(answer.json().detail, "The setting ORIGIN is wrong. The Worker's log says why.");
      assert.equal(answer.headers.get("cache-status"), "edge-isr; detail=settings");
    }
    const said = await eventually(() => {
      const found = edge.logs.filter(({ message }) => message.includes("ORIGIN"));
      return found.length > 0 && found;
    });
    assert.equal(said.length, 1);
    assert.match(said[0].message, /the setting ORIGIN is not a URL/);
    await edge.close();
  });

  test("a misspelt setting is named with the setting that was meant", async () => {
    const edge = await startEdge({ vars: { ORIGN: "http://127.0.0.1:9" } });
    assert.equal((await edge.fetch("/")).status, 500);
    const named = /the setting ORIGIN is written "ORIGN": correct the name/;
    await eventually(() => assert.ok(edge.logs.some(({ message }) => named.test(message))));
    await edge.close();
  });

  test("variables of other programs are let be, and named in the log once", async () => {
    const origin = await startOrigin();
    origin.on("/", { body: "hello" });
    const edge = await startEdge({ vars: { ORIGIN: origin.url, SENTRY_DSN: "https://sentry.example/1" } });
    for (let i = 0; i < 3; i += 1) assert.equal((await edge.fetch("/")).text(), "hello");
    assert.equal(edge.logs.filter(({ message }) => message.includes("SENTRY_DSN")).length, 1);
    await edge.close();
  });

  test("a URL that cannot be read is answered with 400, and with Cache-Status", async () => {
    const origin = await startOrigin();
    const edge = await startEdge({ vars: { ORIGIN: origin.url } });
    const answer = await edge.fetch("/", { host: "a..b" });
    assert.deepEqual([answer.status, answer.headers.get("cache-status")], [400, "edge-isr; detail=url-unreadable"]);
    assert.equal(origin.count(), 0);
    await edge.close();
  });

  test("hosts that are not served are misdirected", async () => {
    const origin = await startOrigin();
    origin.on("/", { body: "hello" });
    const edge = await startEdge({ vars: { ORIGIN: origin.url, HOSTS: "www.example.com" } });
    assert.equal((await edge.fetch("/", BROWSER)).status, 200);
    assert.equal((await edge.fetch("https://evil.example/", BROWSER)).status, 421);
    assert.equal(origin.count(), 1);
    await edge.close();
  });

  test("rules tag pages and let them pass", async () => {
    const origin = await startOrigin();
    const edge = await startEdge({
      vars: {
        ORIGIN: origin.url,
        RULES: JSON.stringify([
          { path: "/api/**", cache: "bypass" },
          { path: "/blog/**", tags: ["blog"] },
        ]),
        PURGE_TOKENS: TOKEN,
      },
    });
    origin.on("/api/x", { headers: FRESH }).on("/blog/x", { headers: FRESH });
    await edge.fetch("/api/x");
    assert.equal(cacheStatus(await edge.fetch("/api/x")).detail, "rule");
    await edge.fetch("/blog/x");
    const headers = bearer(TOKEN);
    await eventually(async () => {
      const status = await edge.fetch("/edge-isr/status?url=https://www.example.com/blog/x", { headers });
      assert.deepEqual(status.json(), { url: "https://www.example.com/blog/x", tags: ["blog"] });
    });
    await edge.close();
  });
});
