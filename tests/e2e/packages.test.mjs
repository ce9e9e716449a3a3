/**
 * What the Django packages do at the origin that edge-isr replaces, done by rules at the edge: django-edge-isr,
 * django-custom-cache-page, django-dumper, roan.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { cacheStatus, eventually, hitOf, stays, startEdge, startOrigin } from "./harness.mjs";
import { TOKEN, bearer, purge } from "./purge.mjs";

/** An edge with rules, before an origin that states no lifetime. */
async function withRules(RULES, run) {
  const origin = await startOrigin();
  const edge = await startEdge({ vars: { ORIGIN: origin.url, RULES, PURGE_TOKENS: TOKEN } });
  await run(origin, edge);
  await edge.close();
}

/** The tags that the graph has for a page, once it has some. */
const tagsOf = (edge, path, wanted) =>
  eventually(async () => {
    const url = encodeURIComponent(`https://www.example.com${path}`);
    const status = await edge.fetch(`/edge-isr/status?url=${url}`, { headers: bearer(TOKEN) });
    assert.deepEqual(status.json().tags, wanted);
  });

const isNeverStored = async (edge, path, init) => {
  await edge.fetch(path, init);
  await stays(async () => assert.ok(!cacheStatus(await edge.fetch(path, init)).hit));
};

describe("django-edge-isr", () => {
  test("has default times for a section", () =>
    withRules([{ path: "/news/**", cache: "force", ttl: 300, stale_while_revalidate: 60 }], async (origin, edge) => {
      origin.on("/news/a", { body: "a", headers: {} }).on("/about", { body: "b", headers: {} });
      await edge.fetch("/news/a");
      const { ttl } = cacheStatus(await hitOf(edge, "/news/a"));
      assert.ok(ttl > 290 && ttl <= 300);
      await isNeverStored(edge, "/about");
    }));

  test("unites the tags of the origin and its own", () =>
    withRules([{ cache: "forever", tags: ["all", "b"] }], async (origin, edge) => {
      origin.on("/a", { body: "a", headers: { "cache-tag": "a, b" } });
      await edge.fetch("/a");
      await tagsOf(edge, "/a", ["a", "b", "all"]);
    }));

  test("has keys for each language and each device", () =>
    withRules([{ cache: "forever", key: { locale: ["en", "de"], device: true } }], async (origin, edge) => {
      const said = ({ headers }) =>
        `${headers.get("accept-language")} ${/Mobile/.test(headers.get("user-agent")) ? "small" : "wide"}`;
      origin.on("/a", (request) => ({ body: said(request), headers: {} }));
      const visitors = [
        [{ "accept-language": "de-AT, en;q=0.5", "user-agent": "Mozilla/5.0 (iPhone) Mobile" }, "de small"],
        [{ "accept-language": "fr, en;q=0.5", "user-agent": "Mozilla/5.0 (iPhone) Mobile" }, "en small"],
        [{ "accept-language": "de", "user-agent": "Mozilla/5.0 (X11; Linux x86_64)" }, "de wide"],
      ];
      for (const [headers, body] of visitors) {
        assert.equal((await edge.fetch("/a", { headers })).text(), body);
        assert.equal((await hitOf(edge, "/a", { headers })).text(), body);
      }
      const another = { headers: { "accept-language": "de-CH", "user-agent": "Mozilla/5.0 (Windows NT 10.0)" } };
      const seen = await edge.fetch("/a", another);
      assert.deepEqual([seen.text(), cacheStatus(seen).hit], ["de wide", true]);
    }));

  test("binds no 404 to its tags", () =>
    withRules([{ cache: "forever", status_ttl: { 404: 60 }, tags: ["all"] }], async (origin, edge) => {
      origin.on("/a", { status: 404, body: "a", headers: {} });
      await edge.fetch("/a");
      await hitOf(edge, "/a");
      const status = await edge.fetch("/edge-isr/status?tag=all", { headers: bearer(TOKEN) });
      assert.deepEqual(status.json().urls, []);
    }));
});

describe("django-custom-cache-page", () => {
  test("has the path alone, or chosen parameters, as its key", () =>
    withRules(
      [{ path: "/plain", key: { query: "none" } }, { path: "/list", key: { query: ["page", "sort"] } }, { cache: "forever" }],
      async (origin, edge) => {
        origin.on("/plain", { body: "plain", headers: {} }).on("/list", { body: "list", headers: {} });
        await edge.fetch("/plain?a=1");
        await hitOf(edge, "/plain?b=2");
        await edge.fetch("/list?sort=up&page=2&ref=x");
        await hitOf(edge, "/list?page=2&sort=up");
        assert.deepEqual(
          origin.requests.map(({ path }) => path).filter((path) => /ref|a=1/.test(path)),
          [],
        );
      },
    ));

  test("keeps tenants apart by a prefix, and with them what was stored before", () =>
    withRules([{ host: "b.example.com", key: { prefix: "b" } }, { cache: "forever" }], async (origin, edge) => {
      origin.on("/a", { body: "a", headers: {} });
      for (const host of ["b.example.com", "www.example.com"]) {
        await edge.fetch(`https://${host}/a`);
        await hitOf(edge, `https://${host}/a`);
      }
      assert.equal(origin.count("/a"), 2);
      await purge(edge, { urls: ["https://b.example.com/a"], mode: "hard" });
      assert.ok(!cacheStatus(await edge.fetch("https://b.example.com/a")).hit);
      assert.ok(cacheStatus(await edge.fetch("https://www.example.com/a")).hit);
    }));

  test("has tags from the request, and leaves out a repeated or empty one", () =>
    withRules([{ cache: "forever", tags: ["q:{query.c}", "fixed"] }], async (origin, edge) => {
      origin.on("/a", { body: "a", headers: {} });
      for (const tag of ["q:1", "q:2", "fixed"]) {
        await edge.fetch("/a?c=1&c=2&c=1&c=");
        await hitOf(edge, "/a?c=1&c=2&c=1&c=");
        await purge(edge, { tags: [tag], mode: "hard" });
        assert.ok(!cacheStatus(await edge.fetch("/a?c=1&c=2&c=1&c=")).hit, tag);
      }
    }));

  test("caches only if a condition holds", () =>
    withRules([{ only_if: { host: "www.example.com" }, unless: { query: "draft" }, cache: "forever" }], async (origin, edge) => {
      origin.on("/a", { body: "a", headers: {} });
      await edge.fetch("/a");
      await hitOf(edge, "/a");
      await isNeverStored(edge, "/a?draft=1");
      await isNeverStored(edge, "https://shop.example.com/a");
    }));

  test("lets a view keep its response out of the cache", () =>
    withRules([{ cache: "forever" }], async (origin, edge) => {
      origin.on("/a", { body: "a", headers: { "edge-isr": "no-store" } });
      await isNeverStored(edge, "/a");
      assert.equal((await edge.fetch("/a")).headers.get("edge-isr"), undefined);
    }));

  test("takes the time from the response, and stores a 200 alone", () =>
    withRules([{ cache: "force", ttl: 600, status_ttl: { 410: 30 } }], async (origin, edge) => {
      origin
        .on("/ok", { body: "a", headers: {} })
        .on("/gone", { status: 410, body: "b", headers: {} })
        .on("/missing", { status: 404, body: "c", headers: {} });
      for (const [path, most] of [
        ["/ok", 600],
        ["/gone", 30],
      ]) {
        await edge.fetch(path);
        const { ttl } = cacheStatus(await hitOf(edge, path));
        assert.ok(ttl > most - 10 && ttl <= most, `${path}: ${ttl}`);
      }
      await isNeverStored(edge, "/missing");
    }));
});

describe("django-dumper", () => {
  const SITE = [
    { path: "/admin/**", cache: "bypass" },
    { cache: "forever", key: { query: "none" } },
  ];

  test("has every page for ever, but for an ignored pattern", () =>
    withRules(SITE, async (origin, edge) => {
      origin
        .on("/caf%C3%A9", { body: "a", headers: { "cache-control": "max-age=1" } })
        .on("/admin/x", { body: "b", headers: {} });
      await edge.fetch("/caf%C3%A9?x=1");
      assert.ok(cacheStatus(await hitOf(edge, "/caf%C3%A9#part")).ttl > 86_400);
      assert.equal(cacheStatus(await edge.fetch("/admin/x")).detail, "rule");
    }));

  test("fills the cache by a HEAD, too", () =>
    withRules(SITE, async (origin, edge) => {
      origin.on("/a", { body: "a", headers: {} });
      assert.equal((await edge.fetch("/a", { method: "HEAD" })).text(), "");
      assert.equal((await hitOf(edge, "/a")).text(), "a");
    }));

  test("asks the origin for a 404 each time", () =>
    withRules(SITE, async (origin, edge) => {
      origin.on("/a", { status: 404, body: "a", headers: {} });
      await isNeverStored(edge, "/a");
    }));
});

describe("roan", () => {
  test("purges one URL, and others stay", () =>
    withRules([{ cache: "forever" }], async (origin, edge) => {
      origin.on("/a", { body: "a", headers: {} }).on("/a/b", { body: "b", headers: {} });
      for (const path of ["/a", "/a/b"]) {
        await edge.fetch(path);
        await hitOf(edge, path);
      }
      await purge(edge, { urls: ["https://www.example.com/a"], mode: "hard" });
      assert.ok(!cacheStatus(await edge.fetch("/a")).hit);
      assert.ok(cacheStatus(await edge.fetch("/a/b")).hit);
    }));
});
