/** nginx with files, behind the edge. */

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { cacheStatus, stays } from "../e2e/harness.mjs";
import { behindEdge } from "./lib/behind.mjs";
import { startNginx, withoutNginx } from "./lib/nginx.mjs";
import { becomesHit, revalidatesBy304, shows } from "./lib/promises.mjs";

const LIFETIME = 3600;
const RULES = JSON.stringify([{ path: "/account/**", cache: "bypass" }]);

describe("a site on nginx", { skip: withoutNginx() ?? false }, () => {
  let behind, stranger, attacker;

  before(async () => {
    behind = await behindEdge(startNginx, { vars: { RULES } });
    [stranger, attacker] = ["a stranger", "an attacker"].map(behind.visitor);
  });

  test("answers a condition with a 304 without the edge, and compresses for it", async () => {
    const insider = behind.insider("an insider");
    const answer = await insider.ask("/page.html", { headers: { Via: "1.1 edge-isr" } });
    assert.equal(answer.headers.get("content-encoding"), "gzip");
    const etag = answer.headers.get("etag");
    assert.equal((await insider.ask("/page.html", { headers: { "If-None-Match": etag } })).status, 304);
  });

  test("has its pages stored as it compressed them", async () => {
    const answer = await becomesHit(stranger, "/page.html", LIFETIME);
    assert.equal(answer.headers.get("content-encoding"), "gzip");
    shows(answer, /This is page.html/);
  });

  for (const path of ["/page.html", "/plain/page.html"]) {
    test(`has ${path} read by visitors who take no gzip`, async () => {
      await becomesHit(stranger, path, LIFETIME);
      for (let i = 0; i < 3; i += 1) {
        const answer = await attacker.ask(path, { headers: { "Accept-Encoding": null } });
        assert.equal(answer.headers.get("content-encoding"), undefined);
        shows(answer, /This is/);
      }
      await becomesHit(stranger, path, LIFETIME);
    });
  }

  for (const path of ["/folder", "/plain/folder"]) {
    test(`has its redirect from ${path} lead to the public host`, async () => {
      const { status, headers } = await stranger.ask(path);
      assert.equal(status, 301);
      const target = new URL(headers.get("location"), `https://www.example.com${path}`);
      assert.equal(target.href, `https://www.example.com${path}/`);
    });
  }

  test("has a page revalidated by a 304", async () => {
    await revalidatesBy304(behind, stranger, "/index.html", () => behind.purge({ tags: ["site"] }));
  });

  test("keeps a stored page that its firewall refuses to one visitor", async () => {
    await becomesHit(stranger, "/page.html", LIFETIME);
    await behind.purge({ urls: ["https://www.example.com/page.html"] });
    for (let i = 0; i < 3; i += 1) await attacker.ask("/page.html", { headers: { "User-Agent": "sqlmap/1.8" } });
    await stays(async () => {
      const answer = await stranger.ask("/page.html");
      assert.equal(answer.status, 200);
      assert.equal(cacheStatus(answer).hit, true, answer.headers.get("cache-status"));
    });
  });

  test("gives no visitor the refusal of another visitor on a page that is not stored", async () => {
    const refused = { headers: { "User-Agent": "sqlmap/1.8" } };
    for (let i = 0; i < 3; i += 1) {
      const path = `/page.html?cold=${i}`;
      const answers = await Promise.all([
        attacker.ask(path, refused),
        stranger.ask(path),
        attacker.ask(path, refused),
        stranger.ask(path),
      ]);
      for (const answer of [answers[1], answers[3]]) assert.equal(answer.status, 200);
    }
  });

  for (const path of ["/account/me.html", "//account/me.html", "/account%2fme.html", "/x/..%2faccount/me.html", "/account"]) {
    test(`has its rule hold for ${path}`, async () => {
      // The edge may also refuse such a URL.
      for (let i = 0; i < 3; i += 1) assert.doesNotMatch((await ask(path)).headers.get("cache-status") ?? "", /; hit/);
    });
  }

  /** A URL in full: what begins with two slashes would be another host. */
  const ask = (path) => stranger.ask(`https://www.example.com${path}`);
});
