/** What `wagtail start` makes, with the package for Django in its settings, behind the edge. */

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { cacheStatus, eventually } from "../e2e/harness.mjs";
import { behindEdge } from "./lib/behind.mjs";
import { fillIn } from "./lib/forms.mjs";
import { becomesHit, hides, shows } from "./lib/promises.mjs";
import { startTaggedWagtail } from "./lib/wagtail.mjs";

const LIFETIME = 600;

describe("what `wagtail start` makes, with two lines of settings", () => {
  let behind, editor, stranger;

  before(async () => {
    behind = await behindEdge(startTaggedWagtail);
    stranger = behind.visitor("a stranger");
    editor = behind.visitor("Editor");
    await fillIn(editor, "/admin/login/", { username: "Editor", password: "password-of-Editor" });
  });

  test("has a cold page shared although its first visitor comes with cookies of analytics", async () => {
    const counted = behind.visitor("a visitor that is counted");
    counted.setCookie("_ga", "GA1.1.7");
    await becomesHit(counted, "/", LIFETIME);
    assert.equal(cacheStatus(await stranger.ask("/")).hit, true);
  });

  test("shows editors their bar, and strangers nothing of it", async () => {
    for (let round = 0; round < 3; round += 1) {
      const seen = await editor.ask("/");
      assert.equal(cacheStatus(seen).hit, false);
      shows(seen, /wagtail-userbar/);
      hides(await stranger.ask("/"), /wagtail-userbar/);
    }
  });

  test("shows what an editor publishes", async () => {
    await becomesHit(stranger, "/", LIFETIME);
    const edit = (await editor.ask("/admin/pages/3/edit/")).text();
    assert.match(edit, /Home/);
    await fillIn(editor, "/admin/pages/3/edit/", { title: "A new home", "action-publish": "action-publish" });
    await eventually(async () => shows(await stranger.ask("/"), /<title>\s*A new home/));
    await becomesHit(stranger, "/", LIFETIME);
  });

  test("shows no draft", async () => {
    await fillIn(editor, "/admin/pages/3/edit/", { title: "A draft" });
    for (let round = 0; round < 3; round += 1) hides(await stranger.ask("/"), /A draft/);
    shows(await stranger.ask("/"), /A new home/);
  });

  test("shows a page at once whose path was a 404 before", async () => {
    assert.equal((await stranger.ask("/second/")).status, 404);
    await fillIn(editor, "/admin/pages/add/home/homepage/3/", { title: "Second", slug: "second", "action-publish": "x" });
    await eventually(async () => assert.equal((await stranger.ask("/second/")).status, 200));
  });

  test("takes a page away that is unpublished", async () => {
    const list = (await editor.ask("/admin/pages/3/")).text();
    const [number] = [...list.matchAll(/\/admin\/pages\/(\d+)\/edit\//g)].map(([, each]) => each).filter((each) => each !== "3");
    assert.ok(number, "the list names the page");
    await fillIn(editor, `/admin/pages/${number}/unpublish/`, {});
    await eventually(async () => assert.equal((await stranger.ask("/second/")).status, 404));
  });

  test("shows no stranger a page that is made private", async () => {
    const csrfmiddlewaretoken = editor.cookie("csrftoken");
    await editor.send("/admin/pages/3/privacy/", { restriction_type: "login", csrfmiddlewaretoken }, { answered: 200 });
    for (let round = 0; round < 3; round += 1) {
      const answer = await stranger.ask("/");
      assert.equal(answer.status, 302);
      hides(answer, /A new home/);
    }
  });
});
