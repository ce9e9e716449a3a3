/** Attacks by how a URL is spelt: rules evaded, purges missed, tokens carried to the origin. */

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { cacheStatus, eventually, hitOf, startEdge, startOrigin } from "./harness.mjs";
import { bearer, purge } from "./purge.mjs";

const SHARED = { "cache-control": "public, s-maxage=600" };
const LONG_TOKEN = "the-token-of-32-characters-or-so";

let origin, edge;
let number = 0;

before(async () => {
  origin = await startOrigin();
  const RULES = JSON.stringify([{ path: "/account/**", cache: "bypass" }]);
  edge = await startEdge({ probe: true, vars: { ORIGIN: origin.url, PURGE_TOKENS: LONG_TOKEN, RULES } });
});
beforeEach(() => origin.reset());

describe("bypass evaded", () => {
  for (const raw of [
    ...["//account/me", "/account//me", "/account%2fme", "/account%2Fme", "/x/..%2faccount/me", "/x%2f..%2faccount/me"],
    ...["/x/../account/me", "/x/%2e%2e/account/me", "/./account/me", "/account/./me", "/account", "/account/", "/account?a=1"],
    ...["/%61ccount/me", "/%61ccount", "///account///me", "/account/me/", "/%2faccount/me", "/x/.%2e/account/me"],
  ]) {
    test(`by ${raw}`, async () => {
      const reflect = () => ({ body: `render ${origin.count()}`, headers: SHARED });
      // nginx serves the page for each; the runtime resolves some before the origin sees them.
      for (const spelling of [raw, raw.split("?")[0], "/account/me", "/account/", "/account"]) origin.on(spelling, reflect);
      const first = await edge.fetch("/", { raw });
      const second = await edge.fetch("/", { raw });
      assert.deepEqual([cacheStatus(first).stored, cacheStatus(second).hit], [false, false]);
      assert.equal(cacheStatus(first).detail, "rule");
      assert.notEqual(first.text(), second.text());
    });
  }

  test("but no more is bypassed than the rule names", async () => {
    origin.on("/accounts/me", { body: "hello", headers: SHARED });
    await hitOf(edge, "/accounts/me");
  });
});

describe("dot segments", () => {
  test("are resolved before the page is keyed: one page, one key", async () => {
    const path = `/dots-${(number += 1)}`;
    origin.on(path, { body: "hello", headers: SHARED });
    await hitOf(edge, path);
    for (const raw of [`/x/..${path}`, `/.${path}`, `/x/%2e%2E${path}`, `/x/y/../..${path}`]) {
      assert.equal(cacheStatus(await edge.fetch("/", { raw })).hit, true, raw);
    }
    assert.equal(origin.count(), 1);
  });

  test("do not take a page out of the reach of a purge of its URL", async () => {
    const path = `/shop-${(number += 1)}/page`;
    origin.on(path, () => ({ body: `render ${origin.count()}`, headers: SHARED }));
    await hitOf(edge, "/", { raw: `/elsewhere/..${path}` });
    const before = origin.count();
    assert.equal((await purge(edge, { urls: [`https://www.example.com${path}`], mode: "hard" }, LONG_TOKEN)).status, 200);
    await edge.fetch("/", { raw: `/elsewhere/..${path}` });
    assert.equal(origin.count(), before + 1);
  });
});

describe("a purge by URL", () => {
  for (const [asked, purged] of [
    ["?%62=1", "?b=1"],
    ["?b=1", "?%62=1"],
    ["?b=%31", "?b=1"],
    ["?q=a+b", "?q=a%20b"],
    ["?q=a%20b", "?q=a+b"],
    ["?q=a+b", "?q=a+b"],
    ["?q=%C3%A4", "?q=ä"],
    ["/%7Euser", "/~user"],
    ["//twice", "//twice"],
    ["//twice", "/twice"],
  ]) {
    test(`of ${purged} reaches the page that is asked for as ${asked}`, async () => {
      const base = `/purged-${(number += 1)}`;
      origin.on(base + asked, () => ({ body: `render ${origin.count()}`, headers: SHARED }));
      await hitOf(edge, "/", { raw: base + asked });
      const answer = await purge(edge, { urls: [`https://www.example.com${base}${purged}`], mode: "hard" }, LONG_TOKEN);
      assert.equal(answer.status, 200);
      assert.equal(cacheStatus(await edge.fetch("/", { raw: base + asked })).hit, false);
    });
  }

  test("whose path begins with two slashes names no host", async () => {
    origin.on("//purged.example/x", () => ({ body: `render ${origin.count()}`, headers: SHARED }));
    await hitOf(edge, "/", { raw: "//purged.example/x" });
    const answer = await purge(edge, { urls: ["https://www.example.com//purged.example/x"], mode: "hard" }, LONG_TOKEN);
    assert.equal(answer.status, 200);
    assert.equal(cacheStatus(await edge.fetch("/", { raw: "//purged.example/x" })).hit, false);
  });
});

describe("; in a query under No-Vary-Search", () => {
  test("does not hide a parameter from the edge that the origin reads", async () => {
    const path = `/search-${(number += 1)}`;
    origin.on(path, (seen) => ({
      body: `page ${seen.path.match(/[?&;]page=(\w+)/)?.[1] ?? 1}`,
      headers: { ...SHARED, "no-vary-search": 'params=("utm_source")' },
    }));
    await hitOf(edge, path);
    const hidden = await edge.fetch(`${path}?utm_source=x;page=2`);
    assert.equal(hidden.text(), "page 2");
    const other = `${path}-cold`;
    origin.on(other, (seen) => ({
      body: `page ${seen.path.match(/[?&;]page=(\w+)/)?.[1] ?? 1}`,
      headers: { ...SHARED, "no-vary-search": 'params=("utm_source")' },
    }));
    await edge.fetch(`${other}?utm_source=x;page=2`);
    assert.equal((await edge.fetch(`${other}?utm_source=y`)).text(), "page 1");
  });
});

describe("the control routes", () => {
  for (const raw of [
    ...["//edge-isr/purge", "/%65dge-isr/purge", "/edge-isr%2fpurge", "/edge-isr//purge", "///edge-isr/purge"],
    ...["/x/..%2fedge-isr/purge", "/edge%2disr/purge", "/edge-isr/%70urge", "/edge-isr/purge%2f", "/edge-isr%2Fpurge?x=1"],
  ]) {
    test(`spelt as ${raw} carry no token to the origin`, async () => {
      const init = { method: "POST", headers: bearer(LONG_TOKEN), body: '{"tags":["a"]}', raw };
      assert.equal((await edge.fetch("/", init)).status, 404);
      assert.equal(origin.count(), 0);
    });
  }

  for (const raw of ["/edge-isr/./purge", "/x/../edge-isr/purge", "/edge-isr/x/../purge", "/%2e/edge-isr/purge"]) {
    test(`spelt as ${raw} are theirs, or 404, and carry no token to the origin`, async () => {
      const init = { method: "POST", headers: bearer(LONG_TOKEN), body: '{"tags":["a"]}', raw };
      assert.ok([200, 404].includes((await edge.fetch("/", init)).status));
      assert.equal(origin.count(), 0);
    });
  }

  for (const prefix of ["/x/..", "/..", "/./x", "/a//b", "/a/../edge", "/%61"]) {
    test(`are not put under CONTROL_PREFIX ${prefix}, which no request can have`, async () => {
      const own = await startEdge({ vars: { ORIGIN: origin.url, CONTROL_PREFIX: prefix } });
      const answer = await own.fetch("/");
      await own.close();
      assert.equal(answer.status, 500);
      assert.match(answer.text(), /CONTROL_PREFIX/);
    });
  }
});

describe("without ORIGIN outside Cloudflare", () => {
  let open, inside;

  before(async () => {
    inside = await startOrigin();
    inside.on("/", { body: "a service of this machine", headers: SHARED });
    open = await startEdge({ vars: {} });
  });
  after(() => open.close());

  const port = () => new URL(inside.url).port;
  for (const host of [
    ...["127.0.0.1", "localhost", "LOCALHOST", "app.localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1", "2130706433"],
    ...["0x7f.1", "intranet", "localhost."],
  ]) {
    test(`the Host ${host} chooses no service of the machine`, async () => {
      // As text, for URL would write an address in its usual form.
      const answer = await open.fetch("http://www.example.com", { raw: "/", host: `${host}:${port()}` });
      assert.ok(answer.status >= 400, `answered with ${answer.status}`);
      assert.equal(inside.count(), 0);
    });
  }
});

describe("memory by long URLs", () => {
  test("of 14 kB and 16 segments: they pass and are not stored", async () => {
    const before = await edge.probe.memoryBytes();
    const statuses = new Set();
    for (let i = 0; i < 300; i += 1) {
      const path = `/${String(i).padStart(875, "x")}`.repeat(16);
      origin.on(path, { body: "x", headers: SHARED });
      for (let visit = 0; visit < 2; visit += 1) {
        const { hit, stored, fwd } = cacheStatus(await edge.fetch(path));
        statuses.add(`${hit} ${stored} ${fwd}`);
      }
      origin.reset();
    }
    const grown = (await edge.probe.memoryBytes()) - before;
    assert.deepEqual(statuses, new Set(["false false bypass"]));
    assert.ok(grown < 8 << 20, `${grown >> 20} MB more`);
  });

  test("just short of 4 kB are stored as any other", async () => {
    const path = `/${"x".repeat(3_500)}`;
    origin.on(path, { body: "x", headers: SHARED });
    await eventually(async () => cacheStatus(await edge.fetch(path)).hit);
  });
});
