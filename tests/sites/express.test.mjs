/** Express with express-session, behind the edge. */

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { cacheStatus, eventually, together } from "../e2e/harness.mjs";
import { behindEdge } from "./lib/behind.mjs";
import { startExpress } from "./lib/express.mjs";
import { becomesHit, nobodySeesAnother, purgeHolds, revalidatesBy304, shows, worksOnce } from "./lib/promises.mjs";

const LIFETIME = 3600;
const SIGNED_IN = ["Alice", "Bob"];

const secretOf = ({ name }) => (SIGNED_IN.includes(name) ? `secret-of-${name}` : undefined);

describe("an Express site", () => {
  let behind, alice, bob, stranger, editor;

  before(async () => {
    behind = await behindEdge(startExpress);
    [alice, bob, stranger] = [...SIGNED_IN, "a stranger"].map(behind.visitor);
    for (const visitor of [alice, bob]) await visitor.send("/login", { name: visitor.name });
    editor = behind.insider("Editor");
    await editor.send("/login", { name: "Editor" });
  });

  test("tells visitors apart without the edge, and answers a condition with a 304", async () => {
    const [alone, other] = ["Alice", "Bob"].map(behind.insider);
    await alone.send("/login", { name: "Alice" });
    shows(await alone.ask("/account/no-cache"), /secret-of-Alice/);
    shows(await other.ask("/account/no-cache"), /Not signed in/);
    const etag = (await other.ask("/news/1")).headers.get("etag");
    assert.equal((await other.ask("/news/1", { headers: { "If-None-Match": etag } })).status, 304);
  });

  for (const caching of ["no-cache", "max-age", "nothing"]) {
    test(`shows no visitor another visitor's account page that says ${caching}`, async () => {
      behind.recorder.delayMs = 30;
      for (const page of [1, 2, 3]) await nobodySeesAnother([alice, bob, stranger], `/account/${caching}/${page}`, secretOf);
      behind.recorder.delayMs = 0;
    });
  }

  test("shows a stranger no account page that was asked for before", async () => {
    for (let i = 0; i < 3; i += 1) await alice.ask("/account/no-cache/before");
    const answer = await stranger.ask("/account/no-cache/before");
    shows(answer, /Not signed in/);
    shows(await alice.ask("/account/no-cache/before"), /secret-of-Alice/);
  });

  test("has its public pages shared by all, signed in or not", async () => {
    for (const path of ["/", "/news/1"]) {
      const first = await becomesHit(alice, path, LIFETIME);
      for (const visitor of [bob, stranger]) {
        const answer = await visitor.ask(path);
        assert.equal(cacheStatus(answer).hit, true);
        assert.equal(answer.sha256, first.sha256);
      }
    }
  });

  test("knows the host and scheme that the visitor asked for", async () => {
    shows(await stranger.ask("/"), /canonical" href="https:\/\/www\.example\.com\/"/);
    const answer = await behind.visitor("Dora").send("/login", { name: "Dora" });
    assert.match(answer.headers.get("set-cookie"), /connect\.sid=.*; Secure/);
  });

  test("gives no visitor a page in the colours of another visitor's cookie", async () => {
    const dark = behind.visitor("a visitor in the dark");
    dark.setCookie("theme", "dark");
    await dark.ask("/news/2");
    await dark.ask("/news/2");
    const seen = await together(5, async () => (await stranger.ask("/news/2")).text());
    for (const page of seen) assert.match(page, /class="light"/);
    await becomesHit(stranger, "/news/2", LIFETIME);
    shows(await stranger.ask("/news/2"), /class="light"/);
  });

  test("speaks each visitor's language", async () => {
    const german = { headers: { "Accept-Language": "de" } };
    for (let i = 0; i < 3; i += 1) {
      assert.equal((await alice.ask("/hello", german)).text(), "Guten Tag");
      assert.equal((await stranger.ask("/hello")).text(), "Good day");
    }
    assert.equal((await becomesHit(stranger, "/hello", LIFETIME, german)).text(), "Guten Tag");
    assert.equal((await becomesHit(bob, "/hello", LIFETIME)).text(), "Good day");
  });

  test("has a page purged that its editor changes", async () => {
    await becomesHit(stranger, "/news/3", LIFETIME);
    await purgeHolds([stranger, alice, bob], "/news/3", {
      before: /Sourdough on Sunday/,
      after: /Sourdough on Monday/,
      change: () => editor.send("/news/3", { title: "Sourdough on Monday" }),
    });
    await eventually(async () => shows(await stranger.ask("/"), /Sourdough on Monday/));
  });

  test("is asked at once after a hard purge", async () => {
    await becomesHit(stranger, "/news/1", LIFETIME);
    behind.recorder.reset();
    await behind.purge({ tags: ["news-1"], mode: "hard" });
    const answer = await stranger.ask("/news/1");
    assert.equal(cacheStatus(answer).hit, false);
    assert.ok(behind.recorder.count("/news/1") >= 1);
  });

  test("answers the revalidation of a page with a 304", async () => {
    await revalidatesBy304(behind, stranger, "/", () => behind.purge({ tags: ["news"] }));
  });

  test("answers the revalidation of a static file with a 304", async () => {
    const first = await stranger.ask("/static/site.css");
    await eventually(async () => {
      behind.recorder.reset();
      const answer = await stranger.ask("/static/site.css");
      assert.equal(answer.sha256, first.sha256);
      assert.deepEqual(
        behind.recorder.to("/static/site.css").map(({ status }) => status),
        [304],
      );
    });
  });

  test("has its links that work once spent by visitors only", async () => {
    // The section of public pages is known to the edge by now.
    await becomesHit(stranger, "/", LIFETIME);
    for (const code of ["a", "b", "c"]) {
      await editor.send(`/invitations/${code}`, {});
      const guests = ["first", "second", "third"].map(behind.visitor);
      await worksOnce(guests, `/invitation?code=${code}`, ({ status }) => status === 200);
    }
  });

  test("has a link that signs in work once, and for the visitor who followed it", async () => {
    await editor.send("/invitations/d", {});
    const carol = behind.visitor("Carol");
    const answer = await carol.ask("/sign-in/d");
    assert.equal(answer.status, 302);
    shows(await carol.ask("/account/no-cache/carol"), /secret-of-Carol/);
    const late = behind.visitor("late");
    assert.equal((await late.ask("/sign-in/d")).status, 410);
    shows(await late.ask("/account/no-cache/carol"), /Not signed in/);
  });
});
