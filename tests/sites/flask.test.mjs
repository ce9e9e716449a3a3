/** Flask with its session cookie, on gunicorn, behind the edge. */

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { cacheStatus, eventually, together } from "../e2e/harness.mjs";
import { behindEdge } from "./lib/behind.mjs";
import { startFlask } from "./lib/flask.mjs";
import { becomesHit, hides, nobodySeesAnother, purgeHolds, revalidatesBy304, shows, worksOnce } from "./lib/promises.mjs";

const LIFETIME = 3600;
const SIGNED_IN = ["Alice", "Bob"];

const secretOf = ({ name }) => (SIGNED_IN.includes(name) ? `secret-of-${name}` : undefined);

describe("a Flask site", () => {
  let behind, alice, bob, stranger, editor;

  before(async () => {
    behind = await behindEdge(startFlask);
    [alice, bob, stranger] = [...SIGNED_IN, "a stranger"].map(behind.visitor);
    for (const visitor of [alice, bob]) await visitor.send("/login", { name: visitor.name });
    editor = behind.insider("Editor");
    await editor.send("/login", { name: "Editor" });
  });

  test("tells visitors apart without the edge, and answers a condition with a 304", async () => {
    const alone = behind.insider("Alice");
    await alone.send("/login", { name: "Alice" });
    shows(await alone.ask("/account"), /secret-of-Alice/);
    const other = behind.insider("a stranger");
    shows(await other.ask("/account"), /Not signed in/);
    const etag = (await other.ask("/posts/1")).headers.get("etag");
    assert.equal((await other.ask("/posts/1", { headers: { "If-None-Match": etag } })).status, 304);
  });

  for (const path of ["/account", "/account/orders", "/basket", "/about"]) {
    test(`shows no visitor another visitor's ${path}`, async () => {
      behind.recorder.delayMs = 30;
      await nobodySeesAnother([alice, bob, stranger], path, secretOf);
      behind.recorder.delayMs = 0;
    });
  }

  test("stores no page that begins a session", async () => {
    const visitors = ["first", "second", "third"].map(behind.visitor);
    const number = async (visitor) => (await visitor.ask("/visits")).text().match(/Visitor (\w+)/)[1];
    const numbers = await Promise.all(visitors.map(number));
    assert.equal(new Set(numbers).size, visitors.length);
    for (const [i, visitor] of visitors.entries()) assert.equal(await number(visitor), numbers[i]);
  });

  test("shows a message once, and to its visitor", async () => {
    const dora = behind.visitor("Dora");
    await dora.send("/login", { name: "Dora" });
    const answers = await Promise.all([stranger, alice, dora, bob].map((visitor) => visitor.ask("/messages")));
    const seen = answers.map((answer) => /back, Dora/.test(answer.text()));
    assert.deepEqual(seen, [false, false, true, false]);
    hides(await dora.ask("/messages"), /Dora/);
  });

  test("has its public pages shared by all, signed in or not", async () => {
    for (const path of ["/", "/posts/1"]) {
      const first = await becomesHit(alice, path, LIFETIME);
      for (const visitor of [bob, stranger]) {
        const answer = await visitor.ask(path);
        assert.equal(cacheStatus(answer).hit, true);
        assert.equal(answer.sha256, first.sha256);
      }
    }
  });

  test("has a page that varies by cookies shared by visitors whose cookies mean nothing to it", async () => {
    const counted = await together(10, (i) => {
      const visitor = behind.visitor(`visitor ${i}`);
      visitor.setCookie("_ga", `GA1.1.${i}.1700000000`);
      return visitor;
    });
    await becomesHit(counted[0], "/about", LIFETIME);
    behind.recorder.reset();
    for (const visitor of [stranger, ...counted]) assert.equal(cacheStatus(await visitor.ask("/about")).hit, true);
    assert.equal(behind.recorder.count("/about"), 0);
  });

  test("knows the host and scheme that the visitor asked for", async () => {
    shows(await stranger.ask("/"), /canonical" href="https:\/\/www\.example\.com\/"/);
    const answer = await behind.visitor("Emil").send("/login", { name: "Emil" });
    assert.match(answer.headers.get("set-cookie"), /session=.*; Secure/);
  });

  test("lets no visitor put another page under a URL", async () => {
    const attacker = behind.visitor("an attacker");
    const moved = { headers: { SCRIPT_NAME: "/archive", "X-Forwarded-Prefix": "/archive" } };
    for (let i = 0; i < 3; i += 1) await attacker.ask("/archive/posts/4", moved);
    for (let i = 0; i < 3; i += 1) shows(await stranger.ask("/archive/posts/4"), /An archived post/);
  });

  test("has a page purged that its editor changes", async () => {
    await becomesHit(stranger, "/posts/3", LIFETIME);
    await purgeHolds([stranger, alice, bob], "/posts/3", {
      before: /Scoring/,
      after: /Slashing/,
      change: () => editor.send("/posts/3", { title: "Slashing" }),
    });
    await eventually(async () => shows(await stranger.ask("/"), /Slashing/));
  });

  test("answers the revalidation of a page with a 304", async () => {
    await revalidatesBy304(behind, stranger, "/", () => behind.purge({ tags: ["posts"] }));
  });

  test("has its links that work once spent by visitors only", async () => {
    for (const code of ["a", "b", "c"]) {
      await editor.send(`/invitations/${code}`, {});
      const guests = ["first", "second", "third"].map(behind.visitor);
      await worksOnce(guests, `/download?code=${code}`, ({ status }) => status === 200);
    }
  });

  test("has a link that signs in work once, and for the visitor who followed it", async () => {
    await editor.send("/invitations/d", {});
    const carol = behind.visitor("Carol");
    assert.equal((await carol.ask("/sign-in/d")).status, 302);
    shows(await carol.ask("/account/carol"), /secret-of-Carol/);
    const late = behind.visitor("late");
    assert.equal((await late.ask("/sign-in/d")).status, 410);
    shows(await late.ask("/account/carol"), /Not signed in/);
  });
});
