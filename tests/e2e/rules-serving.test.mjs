/** Rules in the real runtime, written as wrangler.toml has them: a list of tables. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { cacheStatus, eventually, hitOf, startEdge, startOrigin } from "./harness.mjs";
import { TOKEN, bearer, purge } from "./purge.mjs";

/** A browser with cookies that no list of the settings names. */
const SHOPPER = { headers: { "user-agent": "Firefox", accept: "text/html", cookie: "currency=eur; theme=dark" } };

const RULES = [
  { path: "/cart/**", cache: "bypass" },
  { cookie: "basket", cache: "bypass" },
  { path: "/blog/{slug}", cache: "force", ttl: 600, tags: ["post:{slug}", "section:{path.1}"] },
  { path: "/**", cache: "forever", status_ttl: { 404: 60 }, override: ["private"] },
];

async function withRules(RULES, run) {
  const origin = await startOrigin();
  const edge = await startEdge({ vars: { ORIGIN: origin.url, RULES, PURGE_TOKENS: TOKEN } });
  await run(origin, edge);
  await edge.close();
}

describe("rules", () => {
  test("cache the pages of an origin that states no lifetime, for visitors with cookies too", () =>
    withRules(RULES, async (origin, edge) => {
      origin.on("/blog/salt", { body: "salt", headers: {} }).on("/", { body: "home", headers: { "cache-control": "private" } });
      for (const path of ["/blog/salt", "/"]) {
        await edge.fetch(path, SHOPPER);
        const hit = await hitOf(edge, path, SHOPPER);
        assert.equal(hit.headers.get("cache-control"), "max-age=0");
      }
      assert.ok(cacheStatus(await edge.fetch("/", SHOPPER)).ttl > 86_400);
    }));

  test("let a page be purged by a tag that they give it", () =>
    withRules(RULES, async (origin, edge) => {
      origin.on("/blog/salt", { body: "old", headers: {} });
      await edge.fetch("/blog/salt");
      await hitOf(edge, "/blog/salt");
      const headers = bearer(TOKEN);
      await eventually(async () => {
        const status = await edge.fetch("/edge-isr/status?url=https://www.example.com/blog/salt", { headers });
        assert.deepEqual(status.json().tags, ["post:salt", "section:blog"]);
      });
      origin.on("/blog/salt", { body: "new", headers: {} });
      assert.equal((await purge(edge, { tags: ["post:salt"], mode: "hard" })).status, 200);
      assert.equal((await edge.fetch("/blog/salt")).text(), "new");
    }));

  test("keep a visitor with a basket away from the cache, and out of it", () =>
    withRules(RULES, async (origin, edge) => {
      origin.on("/shop", { body: "shop", headers: {} });
      const withBasket = { headers: { ...SHOPPER.headers, cookie: "a=1; basket=7" } };
      for (let visit = 0; visit < 3; visit += 1) {
        assert.equal(cacheStatus(await edge.fetch("/shop", withBasket)).detail, "rule");
      }
      assert.equal(origin.count("/shop"), 3);
      await edge.fetch("/shop");
      await hitOf(edge, "/shop");
      assert.equal(cacheStatus(await edge.fetch("/cart/7")).detail, "rule");
    }));

  test("cache nothing at all if one of them is wrong, and take no site down", () =>
    withRules([...RULES, { path: "/x", cache: "forced" }], async (origin, edge) => {
      origin.on("/", { body: "home", headers: { "cache-control": "public, s-maxage=60" } });
      for (let visit = 0; visit < 2; visit += 1) {
        const page = await edge.fetch("/");
        assert.deepEqual([page.status, page.text(), cacheStatus(page).detail], [200, "home", "rules-invalid"]);
      }
      const status = await edge.fetch("/edge-isr/status?tag=x", { headers: bearer(TOKEN) });
      assert.equal(status.status, 200, "the control routes still work");
      const lines = edge.logs.filter(({ message }) => message.includes("RULES cannot be used"));
      assert.equal(lines.length, 1, "said once, and not at each request");
      assert.match(lines[0].message, /rule \d+: cache is none of/);
    }));
});
