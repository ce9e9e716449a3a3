/** Sites that were not changed for the edge: with a preset, and nothing else, their pages are shared. */

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { cacheStatus, eventually } from "../e2e/harness.mjs";
import { behindEdge } from "./lib/behind.mjs";
import { startStockDjango } from "./lib/django.mjs";
import { startFiles } from "./lib/files.mjs";
import { fillIn } from "./lib/forms.mjs";
import { becomesHit, hides, shows } from "./lib/promises.mjs";
import { startStockWagtail } from "./lib/wagtail.mjs";
import { startStockWordPress, withoutWordPress } from "./lib/wordpress.mjs";

const LIFETIME = 600;
const SITE = "https://www.example.com";

/** Strangers with nothing, with cookies of analytics, and with a link of a newsletter. */
const STRANGERS = [
  { cookies: {}, query: "" },
  { cookies: { _ga: "GA1.1.7", _fbp: "fb.1.7", OptanonConsent: "yes" }, query: "" },
  { cookies: { _ga: "GA1.1.8" }, query: "utm_source=news&utm_medium=mail&fbclid=x" },
];

function strangersOf(behind) {
  return STRANGERS.map(({ cookies, query }, i) => {
    const visitor = behind.visitor(`stranger ${i}`);
    for (const [name, value] of Object.entries(cookies)) visitor.setCookie(name, value);
    return { visitor, at: (path) => (query ? `${path}?${query}` : path) };
  });
}

/** Each stranger gets a hit on each page, with the same bytes. */
async function areShared(behind, paths) {
  for (const path of paths) {
    const [first, ...others] = strangersOf(behind);
    const { sha256 } = await becomesHit(first.visitor, first.at(path), LIFETIME);
    for (const { visitor, at } of others) {
      const answer = await visitor.ask(at(path));
      assert.equal(cacheStatus(answer).hit, true, `${at(path)}: ${answer.headers.get("cache-status")}`);
      assert.equal(answer.sha256, sha256);
    }
  }
  const asked = behind.recorder.requests.map(({ path }) => path);
  assert.deepEqual(
    asked.filter((path) => /utm_|fbclid/.test(path)),
    [],
  );
}

/** Without the preset no page of the site is stored: the preset is what makes the difference. */
async function areNotWithout(start, path) {
  const behind = await behindEdge(start);
  for (let i = 0; i < 4; i += 1) {
    const answer = await behind.visitor("a stranger").ask(path);
    assert.equal(cacheStatus(answer).hit, false, answer.headers.get("cache-status"));
  }
}

describe("a stock WordPress", { skip: withoutWordPress() ?? false }, () => {
  let behind, editor, stranger;

  before(async () => {
    behind = await behindEdge(startStockWordPress, { vars: { PRESET: "wordpress", LOGIN_COOKIES: "none" } });
    [editor, stranger] = ["Editor", "a stranger"].map(behind.visitor);
    await editor.ask("/wp-login.php");
    await editor.send("/wp-login.php", { log: "Editor", pwd: "password-of-Editor", testcookie: "1" });
  });

  test("gets nothing from the edge without its preset", () => areNotWithout(startStockWordPress, "/rye/"));

  test("has its pages shared by strangers, whatever cookies and links they come with", () =>
    areShared(behind, ["/", "/rye/", "/feed/"]));

  test("shows an editor what editors see, and strangers nothing of it", async () => {
    for (let round = 0; round < 3; round += 1) {
      const seen = await editor.ask("/");
      assert.match(seen.headers.get("cache-status"), /fwd=bypass; detail=rule/);
      shows(seen, /adminbar/);
      hides(await stranger.ask("/"), /adminbar|secret ledger/);
    }
    assert.match((await stranger.ask("/wp-admin/")).headers.get("cache-status"), /fwd=bypass; detail=rule/);
  });

  test("opens a page with a password to those who gave it", async () => {
    const guest = behind.visitor("a guest");
    const form = await guest.ask("/supper/");
    hides(form, /what-supper-is/);
    await guest.send("/wp-login.php?action=postpass", { post_password: "soup" }, { headers: { Referer: `${SITE}/supper/` } });
    shows(await guest.ask("/supper/"), /what-supper-is/);
    for (let i = 0; i < 3; i += 1) hides(await stranger.ask("/supper/"), /what-supper-is/);
  });

  test("shows a comment that waits to its author alone", async () => {
    await becomesHit(stranger, "/wheat/", LIFETIME);
    const author = behind.visitor("an author");
    const [, post] = (await author.ask("/wheat/")).text().match(/name='comment_post_ID' value='(\d+)'/);
    const fields = {
      comment: "mine-is-better",
      author: "Ann",
      email: "ann@example.com",
      comment_post_ID: post,
      comment_parent: "0",
    };
    const sent = await author.send("/wp-comments-post.php", fields);
    const { pathname, search } = new URL(sent.headers.get("location"));
    shows(await author.ask(pathname + search), /mine-is-better/);
    for (let i = 0; i < 3; i += 1) hides(await stranger.ask("/wheat/"), /mine-is-better/);
  });

  test("shows its editor a change at once, and strangers after a purge", async () => {
    await becomesHit(stranger, "/spelt/", LIFETIME);
    const nonce = (await editor.ask("/wp-admin/admin-ajax.php?action=rest-nonce")).text();
    const headers = { "X-WP-Nonce": nonce };
    const [{ id }] = (await editor.ask("/wp-json/wp/v2/posts?slug=spelt", { headers })).json();
    const body = JSON.stringify({ title: "Einkorn bread" });
    const json = { ...headers, "Content-Type": "application/json", "X-HTTP-Method-Override": "PUT" };
    await editor.post(`/wp-json/wp/v2/posts/${id}`, body, { headers: json, answered: 200 });
    shows(await editor.ask("/spelt/"), /Einkorn bread/);
    await behind.purge({ urls: [`${SITE}/spelt/`] });
    await eventually(async () => shows(await stranger.ask("/spelt/"), /Einkorn bread/));
  });
});

describe("a stock Wagtail", () => {
  let behind, editor, stranger;

  before(async () => {
    behind = await behindEdge(startStockWagtail, { vars: { PRESET: "wagtail", LOGIN_COOKIES: "none" } });
    // Django compares `Origin` with a host that it is told of by no setting of this site.
    const inside = behind.insider("Editor");
    await fillIn(inside, "/admin/login/", { username: "Editor", password: "password-of-Editor" }, { headers: { Origin: null } });
    editor = inside.movedTo(behind.edge);
    stranger = behind.visitor("a stranger");
  });

  test("gets nothing from the edge without its preset", () => areNotWithout(startStockWagtail, "/"));

  test("has its pages shared by strangers, whatever cookies and links they come with", () => areShared(behind, ["/"]));

  test("shares a page with visitors that have a token against forged requests", async () => {
    const visitor = behind.visitor("a visitor of a form");
    visitor.setCookie("csrftoken", "x".repeat(32));
    assert.equal(cacheStatus(await visitor.ask("/")).hit, true);
  });

  test("shows an editor what editors see, and strangers nothing of it", async () => {
    for (let round = 0; round < 3; round += 1) {
      const seen = await editor.ask("/");
      assert.match(seen.headers.get("cache-status"), /fwd=bypass; detail=rule/);
      shows(seen, /wagtail-userbar/);
      hides(await stranger.ask("/"), /wagtail-userbar/);
    }
    assert.match((await stranger.ask("/admin/login/")).headers.get("cache-status"), /fwd=bypass; detail=rule/);
    assert.match((await stranger.ask("/search/?query=a")).headers.get("cache-status"), /fwd=bypass; detail=rule/);
  });
});

describe("a wiki in Django", () => {
  let behind, editor, stranger;

  before(async () => {
    behind = await behindEdge(startStockDjango, { vars: { PRESET: "django", LOGIN_COOKIES: "none" } });
    // As above.
    const inside = behind.insider("Editor");
    const login = { username: "Editor", password: "password-of-Editor" };
    await fillIn(inside, "/_accounts/login/", login, { headers: { Origin: null } });
    editor = inside.movedTo(behind.edge);
    stranger = behind.visitor("a stranger");
  });

  test("gets nothing from the edge without its preset", () => areNotWithout(startStockDjango, "/"));

  test("has its pages shared by strangers, whatever cookies and links they come with", () => areShared(behind, ["/"]));

  test("shows an editor what editors see, and strangers nothing of it", async () => {
    for (let round = 0; round < 3; round += 1) {
      for (const [path, seen] of [
        ["/", /_accounts\/logout/],
        ["/ledger/", /secret ledger/],
      ]) {
        const answer = await editor.ask(path);
        assert.match(answer.headers.get("cache-status"), /fwd=bypass; detail=rule/);
        shows(answer, seen);
        hides(await stranger.ask(path), seen);
      }
    }
    assert.match((await stranger.ask("/admin/")).headers.get("cache-status"), /fwd=bypass; detail=rule/);
  });

  test("gives each visitor of a form a token of their own", async () => {
    const tokens = new Set();
    for (let i = 0; i < 4; i += 1) {
      const visitor = behind.visitor(`visitor ${i} of a form`);
      const form = await visitor.ask("/_accounts/login/");
      const [, token] = form.text().match(/name="csrfmiddlewaretoken" value="([^"]+)"/);
      tokens.add(token);
    }
    assert.equal(tokens.size, 4);
  });

  test("shows its editor a change at once, and strangers after a purge", async () => {
    await becomesHit(stranger, "/", LIFETIME);
    const change = { content: "Rye bread is dark.", title: "Breads", save: "1" };
    await fillIn(editor, "/_edit/", change, { headers: { Origin: null } });
    shows(await editor.ask("/"), /dark/);
    await behind.purge({ urls: [`${SITE}/`] });
    await eventually(async () => shows(await stranger.ask("/"), /dark/));
  });
});

describe("a server of files", () => {
  let behind, stranger;

  before(async () => {
    behind = await behindEdge(startFiles, { vars: { PRESET: "static" } });
    stranger = behind.visitor("a stranger");
  });

  test("gets nothing from the edge without its preset", () => areNotWithout(startFiles, "/"));

  test("has its files shared by strangers, whatever cookies and links they come with", () =>
    areShared(behind, ["/", "/breads/rye.html"]));

  test("shows a changed file after a purge", async () => {
    await becomesHit(stranger, "/breads/rye.html", LIFETIME);
    await behind.site.write("breads/rye.html", "<h1>Black bread, dark and sour</h1>");
    await behind.purge({ urls: [`${SITE}/breads/rye.html`] });
    await eventually(async () => shows(await stranger.ask("/breads/rye.html"), /Black bread/));
  });
});
