/** Next.js with its app router, behind the edge. */

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { cacheStatus, eventually } from "../e2e/harness.mjs";
import { behindEdge } from "./lib/behind.mjs";
import { startNext } from "./lib/next.mjs";
import { becomesHit, nobodySeesAnother, purgeHolds, revalidatesBy304, shows, worksOnce } from "./lib/promises.mjs";

const LIFETIME = 3600;
const SIGNED_IN = ["Alice", "Bob"];
const FLIGHT = "text/x-component";

const secretOf = ({ name }) => (SIGNED_IN.includes(name) ? `secret-of-${name}` : undefined);

/** Signs in by a server action, as a browser without JavaScript does. */
async function signIn(visitor) {
  const [, action] = (await visitor.ask("/account")).text().match(/name="(\$ACTION_ID_[^"]+)"/);
  const form = new FormData();
  form.set(action, "");
  form.set("name", visitor.name);
  const coded = new Response(form);
  const headers = { "Content-Type": coded.headers.get("content-type") };
  await visitor.post("/account", Buffer.from(await coded.arrayBuffer()), { headers, answered: 303 });
}

/** What the router of a browser asks for when a link is followed: it is sent on to a URL with a digest. */
async function followed(visitor, path) {
  const init = { headers: { RSC: "1" } };
  const answer = await visitor.ask(`${path}?_rsc=none`, init);
  return answer.status === 307 ? visitor.ask(answer.headers.get("location"), init) : answer;
}

describe("a Next.js site", () => {
  let behind, alice, bob, stranger, editor;

  before(async () => {
    behind = await behindEdge(startNext);
    [alice, bob, stranger] = [...SIGNED_IN, "a stranger"].map(behind.visitor);
    for (const visitor of [alice, bob]) await signIn(visitor);
    editor = behind.insider("Editor");
  });

  const tell = (path, what) =>
    editor.post(path, JSON.stringify(what), { headers: { "Content-Type": "application/json" }, answered: 200 });

  test("tells visitors apart without the edge, and answers a condition with a 304", async () => {
    const [alone, other] = ["Alice", "a stranger"].map(behind.insider);
    await signIn(alone);
    shows(await alone.ask("/account"), /secret-of-Alice/);
    shows(await other.ask("/account"), /Sign in/);
    const etag = (await other.ask("/news/rye")).headers.get("etag");
    assert.equal((await other.ask("/news/rye", { headers: { "If-None-Match": etag } })).status, 304);
  });

  test("shows no visitor another visitor's account page", async () => {
    behind.recorder.delayMs = 30;
    await nobodySeesAnother([alice, bob, stranger], "/account", secretOf);
    behind.recorder.delayMs = 0;
  });

  test("has its pages shared by all, signed in or not", async () => {
    for (const path of ["/", "/news/bakery"]) {
      const first = await becomesHit(alice, path, LIFETIME);
      for (const visitor of [bob, stranger]) assert.equal((await visitor.ask(path)).sha256, first.sha256);
    }
  });

  test("keeps pages and what its router asks for apart", async () => {
    for (let i = 0; i < 3; i += 1) {
      const flight = await followed(alice, "/news/sunday");
      assert.equal(flight.headers.get("content-type"), FLIGHT);
      shows(flight, /Sourdough on Sunday/);
      for (const path of ["/news/sunday", "/news/sunday?_rsc"]) {
        const page = await stranger.ask(path);
        assert.equal(page.status, 200);
        assert.match(page.headers.get("content-type"), /^text\/html/);
      }
    }
  });

  test("gives no visitor what another visitor's fields asked for", async () => {
    const fields = {
      RSC: "1",
      "Next-Router-Prefetch": "1",
      "Next-Router-State-Tree": "%5B%22%22%5D",
      "Next-Router-Segment-Prefetch": "/_tree",
      "Next-Url": "/account",
      "Next-Action": "0123456789",
      "X-Nextjs-Data": "1",
      "X-Middleware-Prefetch": "1",
      "X-Middleware-Rewrite": "/account",
      "X-Invoke-Path": "/account",
      "X-Invoke-Status": "404",
      "X-Matched-Path": "/account",
    };
    for (const [i, name] of Object.keys(fields).entries()) {
      const path = `/news/rye?field=${i}`;
      const attack = { headers: { [name]: fields[name] } };
      for (let round = 0; round < 2; round += 1) await alice.ask(path, attack);
      for (let round = 0; round < 2; round += 1) {
        const page = await stranger.ask(path);
        const how = `after ${name}: ${page.status}, ${page.headers.get("cache-status")}`;
        assert.equal(page.status, 200, how);
        assert.match(page.headers.get("content-type"), /^text\/html/, how);
        shows(page, /<h1>Rye/);
      }
    }
  });

  test("shows its draft to the editor alone", async () => {
    await becomesHit(stranger, "/news/rye", LIFETIME);
    await tell("/api/change", { slug: "rye", title: "A draft about rye", how: "draft" });
    const author = behind.visitor("an author");
    await author.ask("/api/draft?slug=rye");
    assert.ok(author.cookie("__prerender_bypass"));
    for (let i = 0; i < 3; i += 1) {
      const [own, others] = await Promise.all([author.ask("/news/rye"), stranger.ask("/news/rye")]);
      shows(own, /A draft about rye/);
      shows(others, /<h1>Rye is back/);
      // The page is stale when the author comes next.
      await behind.purge({ tags: ["news-rye"] });
    }
    assert.equal(cacheStatus(await stranger.ask("/news/rye")).hit, true);
  });

  test("has a page purged that its editor changes", async () => {
    await becomesHit(stranger, "/news/bakery", LIFETIME);
    await purgeHolds([stranger, alice], "/news/bakery", {
      before: /The bakery opens/,
      after: /The bakery has opened/,
      change: () => tell("/api/change", { slug: "bakery", title: "The bakery has opened", how: "expire" }),
    });
    await eventually(async () => shows(await followed(bob, "/news/bakery"), /has opened/));
  });

  test("has a purge hold where Next.js answers it with its own old page", async () => {
    await becomesHit(stranger, "/news/sunday", LIFETIME);
    await tell("/api/change", { slug: "sunday", title: "Sourdough on Monday", how: "max" });
    await eventually(async () => shows(await stranger.ask("/news/sunday"), /on Monday/), 20_000);
    await becomesHit(stranger, "/news/sunday", LIFETIME);
    shows(await stranger.ask("/news/sunday"), /on Monday/);
  });

  test("answers the revalidation of a page with a 304", async () => {
    await revalidatesBy304(behind, stranger, "/news/rye", () => behind.purge({ tags: ["news-rye"] }));
  });

  test("has its links that work once spent by visitors only", async () => {
    for (const code of ["a", "b", "c"]) {
      await tell("/api/invite", { code });
      const guests = ["first", "second", "third"].map(behind.visitor);
      await worksOnce(guests, `/invitation?code=${code}`, ({ status }) => status === 200);
    }
  });

  test("has its scripts and styles shared", async () => {
    const [script] = (await stranger.ask("/")).text().match(/\/_next\/static\/[^"]+\.js/);
    await becomesHit(stranger, script, 31_536_000);
    assert.match((await alice.ask(script)).headers.get("cache-control"), /immutable/);
  });
});
