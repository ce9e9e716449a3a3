/** Pages whose key has parts of a visitor's request, in the real runtime. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { cacheStatus, eventually, hitOf, startEdge, startOrigin } from "./harness.mjs";
import { TOKEN, bearer, purge } from "./purge.mjs";

const RULES = [
  { path: "/{lang}/**", key: { locale: { list: ["en", "de"], path: "lang", cookie: "lang" } } },
  { key: { cookies: { currency: ["EUR", "USD"] } } },
  { cache: "forever", tags: ["currency:{cookie.currency}", "page:{path}"] },
];

/** What the origin was told of a visitor. */
const told = ({ headers }) => ({ body: `${headers.get("accept-language")} ${headers.get("cookie")}`, headers: {} });

async function withShop(run) {
  const origin = await startOrigin();
  const edge = await startEdge({ vars: { ORIGIN: origin.url, RULES, PURGE_TOKENS: TOKEN } });
  origin.on("/de/a", told).on("/a", told);
  await run(origin, edge);
  await edge.close();
}

const browser = (cookie) => ({ headers: { "user-agent": "Firefox", "accept-language": "fr", cookie } });

describe("a key with parts of a visitor's request", () => {
  test("shows each visitor the page of theirs, whatever else they send", () =>
    withShop(async (_, edge) => {
      for (const [cookie, body] of [
        ["currency=EUR; _ga=1", "de lang=de; currency=EUR"],
        ["_ga=2; currency=USD; lang=en", "de lang=de; currency=USD"],
        ["currency=GBP", "de lang=de"],
      ]) {
        await edge.fetch("/de/a", browser(cookie));
        assert.equal((await hitOf(edge, "/de/a", browser(cookie))).text(), body);
      }
      const others = browser("theme=dark; currency=USD");
      const seen = await edge.fetch("/de/a", others);
      assert.deepEqual([seen.text(), cacheStatus(seen).hit], ["de lang=de; currency=USD", true]);
    }));

  test("sends the origin other cookies of a visitor byte for byte", () =>
    withShop(async (origin, edge) => {
      const seen = await edge.fetch("/de/a", browser("name=Zo\u00eb \u00e0; currency=EUR"));
      assert.equal(seen.status, 200);
      const cookies = origin.requests.map(({ headers }) => headers.get("cookie") ?? "");
      assert.ok(
        cookies.some((cookie) => /^name=Zo.{1,4} .{1,4}; lang=de; currency=EUR$/.test(cookie)),
        cookies.join(),
      );
    }));

  test("is purged by URL or tag like one page", () =>
    withShop(async (_, edge) => {
      for (const selectors of [{ urls: ["https://www.example.com/a"] }, { tags: ["page:/a"] }]) {
        for (const cookie of ["currency=EUR", "currency=USD"]) {
          await edge.fetch("/a", browser(cookie));
          await hitOf(edge, "/a", browser(cookie));
        }
        await purge(edge, { ...selectors, mode: "hard" });
        for (const cookie of ["currency=EUR", "currency=USD"]) {
          assert.ok(!cacheStatus(await edge.fetch("/a", browser(cookie))).hit);
        }
      }
    }));

  test("is listed with the tags of each", () =>
    withShop(async (_, edge) => {
      for (const cookie of ["currency=EUR", "currency=USD"]) await edge.fetch("/a", browser(cookie));
      await eventually(async () => {
        const status = await edge.fetch("/edge-isr/status?url=https://www.example.com/a", { headers: bearer(TOKEN) });
        assert.deepEqual(
          status
            .json()
            .by_key.map(({ key, tags }) => `${key}: ${tags}`)
            .sort(),
          ["cookie.currency=EUR: currency:eur,page:/a", "cookie.currency=USD: currency:usd,page:/a"],
        );
      });
      const status = await edge.fetch("/edge-isr/status?tag=page:/a", { headers: bearer(TOKEN) });
      assert.deepEqual(status.json().urls, ["https://www.example.com/a"]);
    }));
});
