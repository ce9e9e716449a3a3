/** The main job, whole: a real Django behind the edge, and an editor in its admin. */

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { startDjango, signIn } from "./django.mjs";
import { advance, cacheStatus, eventually, hitOf, startEdge } from "./harness.mjs";

const TOKEN = "the-token-that-purges";
const LIST = "/";
const POST = "/posts/why-dough-needs-salt/";
const [TECHNIQUE, EVERYDAY] = ["/categories/technique/", "/categories/everyday/"];

describe("a Django site", () => {
  let django, edge, at, editor;

  before(async () => {
    django = await startDjango({ token: TOKEN });
    edge = await startEdge({ probe: true, vars: { ORIGIN: django.url, PURGE_TOKENS: TOKEN } });
    await django.restart({ edge: edge.url });
    // As a visitor of the edge's own address, so that the admin's Origin is that of its host.
    at = { fetch: (path, init) => edge.fetch(`${edge.url}${path}`, init) };
    editor = await signIn(edge.url);
  });

  /** The row of the admin whose page is `path`. */
  async function changePost(title, fields) {
    const list = await (await editor.ask("/admin/blog/post/?all=")).text();
    const row = list.match(new RegExp(`href="(/admin/blog/post/\\d+/change/)[^"]*">${title}<`));
    assert.ok(row, `the admin lists ${title}`);
    await editor.change(row[1], fields);
  }

  test("is served from the edge, with its own status, tags kept to the edge", async () => {
    for (const path of [LIST, POST, TECHNIQUE]) {
      const seen = await hitOf(at, path);
      assert.equal(seen.status, 200);
      assert.equal(seen.headers.get("cache-control"), "public, max-age=0", "what is for shared caches stays at the edge");
      assert.equal(seen.headers.get("cache-tag"), undefined);
    }
  });

  test("tells the edge of a saved post: old once, then new", async () => {
    await hitOf(at, POST);
    await hitOf(at, LIST);
    await changePost("Why dough needs salt", { title: "Why bread needs salt" });
    for (const path of [POST, LIST]) {
      const stale = await at.fetch(path);
      assert.match(stale.text(), /Why dough needs salt/);
      assert.equal(cacheStatus(stale).detail, "revalidating");
      await eventually(async () => assert.match((await at.fetch(path)).text(), /Why bread needs salt/));
      await eventually(async () => assert.ok(cacheStatus(await at.fetch(path)).ttl > 0));
    }
  });

  test("has both categories purged by a move from one to the other", async () => {
    for (const path of [TECHNIQUE, EVERYDAY]) await hitOf(at, path);
    assert.match((await at.fetch(TECHNIQUE)).text(), /Reading a crumb/);
    const form = await (await editor.ask("/admin/blog/post/add/")).text();
    const category = form.match(/<option value="(\d+)"[^>]*>Everyday</)[1];
    await changePost("Reading a crumb", { category });
    await eventually(async () => assert.doesNotMatch((await at.fetch(TECHNIQUE)).text(), /Reading a crumb/));
    await eventually(async () => assert.match((await at.fetch(EVERYDAY)).text(), /Reading a crumb/));
  });

  test("answers a revalidation of an unchanged page with a 304", async () => {
    const rendered = async () => (await at.fetch(EVERYDAY)).text().match(/id="rendered-at">([^<]+)</)[1];
    await hitOf(at, EVERYDAY);
    const first = await rendered();
    const headers = { authorization: `Bearer ${TOKEN}` };
    await edge.fetch("/edge-isr/purge", { method: "POST", headers, body: '{"everything":true}' });
    await at.fetch(EVERYDAY);
    await eventually(async () => assert.ok(cacheStatus(await at.fetch(EVERYDAY)).ttl > 0));
    assert.equal(await rendered(), first, "the stored body was kept");
  });

  test("never has its admin stored", async () => {
    for (let i = 0; i < 2; i += 1) {
      const admin = await at.fetch("/admin/login/");
      assert.equal(admin.status, 200);
      assert.equal(cacheStatus(admin).hit, false);
    }
    const signedIn = await editor.ask("/admin/");
    assert.match(signedIn.headers.get("cache-status"), /fwd=bypass; detail=login-cookie/);
  });

  test("loses no purge to an edge that is down", async () => {
    await hitOf(at, POST);
    // A port on which no server listens.
    await django.restart({ edge: "http://127.0.0.1:9" });
    await changePost("Why bread needs salt", { title: "Why bread wants salt" });
    await advance(11_000);
    assert.match((await at.fetch(POST)).text(), /Why bread needs salt/);
    await django.restart({ edge: edge.url });
    assert.equal(await django.manage("edge_isr_send"), 0);
    await eventually(async () => assert.match((await at.fetch(POST)).text(), /Why bread wants salt/));
  });
});
