/** WordPress as Debian packages it, with a plugin of twenty lines, behind the edge. */

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { cacheStatus, eventually, stays, together } from "../e2e/harness.mjs";
import { behindEdge } from "./lib/behind.mjs";
import { becomesHit, hides, purgeHolds, revalidatesBy304, shows } from "./lib/promises.mjs";
import { startWordPress, withoutWordPress } from "./lib/wordpress.mjs";

const LIFETIME = 3600;
const PRIVATE = /secret ledger|what-ledger-is/;

async function signIn(visitor) {
  await visitor.ask("/wp-login.php");
  await visitor.send("/wp-login.php", { log: visitor.name, pwd: `password-of-${visitor.name}`, testcookie: "1" });
}

describe("a WordPress site", { skip: withoutWordPress() ?? false }, () => {
  let behind, editor, stranger, nonce;

  before(async () => {
    behind = await behindEdge(startWordPress);
    [editor, stranger] = ["Editor", "a stranger"].map(behind.visitor);
    await signIn(editor);
    nonce = (await editor.ask("/wp-admin/admin-ajax.php?action=rest-nonce")).text();
  });

  /** Changes a post as the editor in the browser does: a POST that stands for a PUT. */
  async function change(slug, fields) {
    const headers = { "Content-Type": "application/json", "X-WP-Nonce": nonce, "X-HTTP-Method-Override": "PUT" };
    const [{ id }] = (
      await editor.ask(`/wp-json/wp/v2/posts?slug=${slug}&status=any`, { headers: { "X-WP-Nonce": nonce } })
    ).json();
    await editor.post(`/wp-json/wp/v2/posts/${id}`, JSON.stringify(fields), { headers, answered: 200 });
  }

  test("tells visitors apart without the edge, and answers a condition with a 304", async () => {
    const [own, other] = ["Editor", "a stranger"].map(behind.insider);
    await signIn(own);
    shows(await own.ask("/feed/"), PRIVATE);
    const feed = await other.ask("/feed/");
    hides(feed, PRIVATE);
    shows(feed, /Rye bread/);
    const condition = { "If-None-Match": feed.headers.get("etag"), "If-Modified-Since": feed.headers.get("last-modified") };
    assert.equal((await other.ask("/feed/", { headers: condition })).status, 304);
  });

  test("answers under the public host, and with no redirect to itself", async () => {
    const answer = await stranger.ask("/rye/");
    assert.equal(answer.status, 200);
    shows(answer, /https:\/\/www\.example\.com\//);
    hides(answer, /127\.0\.0\.1/);
    const moved = await stranger.ask("/rye");
    assert.equal(moved.headers.get("location"), "https://www.example.com/rye/");
  });

  test("shows no stranger a feed that the administrator has read before", async () => {
    for (let i = 0; i < 3; i += 1) await editor.ask("/feed/atom/");
    for (let i = 0; i < 3; i += 1) {
      const feed = await stranger.ask("/feed/atom/");
      shows(feed, /Rye bread/);
      hides(feed, PRIVATE);
    }
    shows(await editor.ask("/feed/atom/"), PRIVATE);
  });

  for (const path of ["/feed/", "/", "/ledger/", "/?s=ledger"]) {
    test(`shows no stranger what the administrator sees at ${path}`, async () => {
      behind.recorder.delayMs = 30;
      for (let round = 0; round < 3; round += 1) {
        const [own, ...others] = await Promise.all(
          [editor, stranger, behind.visitor("another"), editor, stranger].map((one) => one.ask(path)),
        );
        shows(own, PRIVATE);
        for (const answer of others.toSpliced(2, 1)) hides(answer, PRIVATE);
      }
      behind.recorder.delayMs = 0;
      for (let i = 0; i < 3; i += 1) {
        shows(await editor.ask(path), PRIVATE);
        hides(await stranger.ask(path), PRIVATE);
      }
    });
  }

  test("has its feed revalidated by a 304", async () => {
    await revalidatesBy304(behind, stranger, "/feed/rdf/", () => behind.purge({ tags: ["posts"] }));
  });

  test("has its public pages shared by strangers", async () => {
    for (const path of ["/", "/rye/", "/feed/"]) {
      const first = await becomesHit(stranger, path, LIFETIME);
      const others = await together(3, (i) => behind.visitor(`visitor ${i}`).ask(path));
      for (const answer of others) assert.equal(answer.sha256, first.sha256);
    }
  });

  test("keeps a stored page when the administrator comes while it is stale", async () => {
    await becomesHit(stranger, "/wheat/", LIFETIME);
    await behind.purge({ urls: ["https://www.example.com/wheat/"] });
    for (let i = 0; i < 3; i += 1) shows(await editor.ask("/wheat/"), /Wheat bread/);
    // What the administrator's visits set off may end a little later.
    await stays(async () => {
      const answer = await behind.visitor("another").ask("/wheat/");
      assert.equal(cacheStatus(answer).hit, true, answer.headers.get("cache-status"));
      shows(answer, /Wheat bread/);
      hides(answer, /adminbar/);
    });
  });

  test("has pages purged that its editor changes", async () => {
    await becomesHit(stranger, "/", LIFETIME);
    await becomesHit(stranger, "/rye/", LIFETIME);
    await purgeHolds([stranger, behind.visitor("another")], "/rye/", {
      before: /Rye bread/,
      after: /Black bread/,
      change: () => change("rye", { title: "Black bread" }),
    });
    await eventually(async () => shows(await stranger.ask("/"), /Black bread/));
  });

  test("shows no visitor a post again that its editor has made private", async () => {
    await becomesHit(stranger, "/spelt/", LIFETIME);
    await change("spelt", { status: "private" });
    for (const visitor of [stranger, behind.visitor("another")]) {
      const answer = await visitor.ask("/spelt/");
      assert.equal(answer.status, 404);
      hides(answer, /what-spelt-is/);
    }
  });

  test("lets visitors with its password read a post, and no others", async () => {
    const guest = behind.visitor("a guest");
    hides(await stranger.ask("/supper/"), /what-supper-is/);
    const headers = { Referer: "https://www.example.com/supper/" };
    await guest.send("/wp-login.php?action=postpass", { post_password: "soup", Submit: "Enter" }, { headers });
    for (let i = 0; i < 3; i += 1) {
      const [own, others] = await Promise.all([guest.ask("/supper/"), stranger.ask("/supper/")]);
      shows(own, /what-supper-is/);
      hides(others, /what-supper-is/);
    }
  });

  test("never has its admin or its login stored", async () => {
    for (let i = 0; i < 2; i += 1) {
      shows(await editor.ask("/wp-admin/"), /Howdy/);
      assert.equal((await stranger.ask("/wp-admin/")).status, 302);
      assert.equal(cacheStatus(await stranger.ask("/wp-login.php")).hit, false);
    }
  });
});
