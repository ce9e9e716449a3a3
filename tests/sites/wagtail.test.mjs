/** Wagtail, with the project's package for Django, on gunicorn, behind the edge. */

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { cacheStatus, eventually } from "../e2e/harness.mjs";
import { behindEdge } from "./lib/behind.mjs";
import { fillIn } from "./lib/forms.mjs";
import { becomesHit, hides, nobodySeesAnother, purgeHolds, revalidatesBy304, shows } from "./lib/promises.mjs";
import { startWagtail } from "./lib/wagtail.mjs";

const LIFETIME = 3600;
const MEMBERS = ["Alice", "Bob"];

const secretOf = ({ name }) => (MEMBERS.includes(name) ? `secret-of-${name}` : undefined);

const signIn = (visitor, path = "/_util/login/") =>
  fillIn(visitor, path, { username: visitor.name, password: `password-of-${visitor.name}` });

describe("a Wagtail site", () => {
  let behind, alice, bob, stranger, editor;

  before(async () => {
    behind = await behindEdge(startWagtail);
    [alice, bob, stranger, editor] = [...MEMBERS, "a stranger", "Editor"].map(behind.visitor);
    for (const visitor of [alice, bob]) await signIn(visitor);
    await signIn(editor, "/admin/login/");
  });

  /** The number of a page, of which the admin's addresses are made. */
  async function pageNumber(path) {
    return (await editor.ask(path)).text().match(/<h1 id="page-(\d+)"/)[1];
  }

  async function publish(path, fields) {
    await fillIn(editor, `/admin/pages/${await pageNumber(path)}/edit/`, { ...fields, "action-publish": "action-publish" });
  }

  test("tells visitors apart without the edge, and answers a condition with a 304", async () => {
    const [member, other] = ["Alice", "a stranger"].map(behind.insider);
    await signIn(member);
    shows(await member.ask("/members/"), /secret-of-Alice/);
    assert.equal((await other.ask("/members/")).status, 302);
    const etag = (await other.ask("/visit/")).headers.get("etag");
    assert.equal((await other.ask("/visit/", { headers: { "If-None-Match": etag } })).status, 304);
  });

  for (const path of ["/members/", "/greeting/"]) {
    test(`shows no visitor another visitor's ${path}`, async () => {
      behind.recorder.delayMs = 30;
      await nobodySeesAnother([alice, bob, stranger], path, secretOf);
      behind.recorder.delayMs = 0;
    });
  }

  test("sends strangers from its private pages to the login, whatever members read before", async () => {
    for (const path of ["/members/", "/members/recipes/"]) {
      await Promise.all([alice, stranger, bob, stranger].map((visitor) => visitor.ask(path)));
      assert.equal((await alice.ask(path)).status, 200);
      const answer = await stranger.ask(path);
      assert.equal(answer.status, 302);
      assert.match(answer.headers.get("location"), /^\/_util\/login\/\?next=/);
      hides(answer, /secret/);
    }
  });

  test("lets visitors with its password read a page, and no others", async () => {
    const guest = behind.visitor("a guest");
    const form = (await guest.ask("/supper/")).text();
    const action = form.match(/action="([^"]+)"/)[1];
    await fillIn(guest, "/supper/", { password: "soup" }, { action });
    shows(await guest.ask("/supper/"), /has a password of its own/);
    hides(await stranger.ask("/supper/"), /has a password of its own/);
    hides(await behind.visitor("late").ask("/supper/"), /has a password of its own/);
  });

  test("has the pages of its tree shared by strangers", async () => {
    for (const path of ["/", "/breads/", "/breads/rye/"]) {
      const first = await becomesHit(stranger, path, LIFETIME);
      assert.equal((await behind.visitor("another").ask(path)).sha256, first.sha256);
      assert.match(first.text(), new RegExp(`canonical" href="https://www.example.com${path}"`));
    }
  });

  test("lets visitors who have signed in past the cache", async () => {
    for (const visitor of [alice, editor]) {
      const answer = await visitor.ask("/breads/");
      assert.equal(answer.status, 200);
      assert.equal(cacheStatus(answer).hit, false);
    }
  });

  test("gives no visitor a page in the language of another visitor's cookie", async () => {
    const german = behind.visitor("a visitor with a language");
    german.setCookie("django_language", "de");
    for (let i = 0; i < 3; i += 1) await german.ask("/visit/");
    for (let i = 0; i < 3; i += 1) shows(await stranger.ask("/visit/"), /<html lang="en">/);
  });

  test("has pages purged that its editor publishes, with those that show their title", async () => {
    for (const path of ["/", "/breads/"]) await becomesHit(stranger, path, LIFETIME);
    await becomesHit(stranger, "/breads/rye/", LIFETIME);
    await purgeHolds([stranger, behind.visitor("another")], "/breads/rye/", {
      before: /Rye bread<\/h1>/,
      after: /Black bread<\/h1>/,
      change: () => publish("/breads/rye/", { title: "Black bread" }),
    });
    await eventually(async () => shows(await stranger.ask("/breads/"), /<li>Black bread/));
  });

  test("shows no visitor a page again that its editor has made private", async () => {
    await becomesHit(stranger, "/reserve/", LIFETIME);
    const privacy = `/admin/pages/${await pageNumber("/reserve/")}/privacy/`;
    // The admin opens this form within its page, and takes the token from there.
    const csrfmiddlewaretoken = editor.cookie("csrftoken");
    await editor.send(privacy, { restriction_type: "login", csrfmiddlewaretoken }, { answered: 200 });
    for (const visitor of [stranger, behind.visitor("another")]) {
      const answer = await visitor.ask("/reserve/");
      assert.equal(answer.status, 302);
      hides(answer, /until it is not/);
    }
  });

  test("answers the revalidation of a page with a 304", async () => {
    await revalidatesBy304(behind, stranger, "/breads/wheat/", () => behind.purge({ tags: ["pages"] }));
  });

  test("never has its admin or its login stored", async () => {
    const token = async (visitor) => (await visitor.ask("/_util/login/")).text().match(/csrfmiddlewaretoken" value="([^"]+)"/)[1];
    const tokens = await Promise.all(["first", "second", "third"].map((name) => token(behind.visitor(name))));
    assert.equal(new Set(tokens).size, 3);
    shows(await editor.ask("/admin/"), /Editor/);
    assert.equal((await stranger.ask("/admin/")).status, 302);
  });
});
