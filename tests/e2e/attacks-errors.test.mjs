/** Attacks by which one visitor's refusal or failure becomes that of all visitors. */

import assert from "node:assert/strict";
import { before, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { advance, cacheStatus, eventually, hitOf, startEdge, startOrigin, together } from "./harness.mjs";

const LIFETIMES = { "cache-control": "s-maxage=60, stale-while-revalidate=600, stale-if-error=600" };
const NO_STALE = { "cache-control": "s-maxage=60, stale-if-error=600" };
const MINUTE = 61_000;

/** What an origin may say to one visitor alone. */
const REFUSALS = {
  "a 403 of its firewall": { status: 403, body: "refused" },
  "a 401": { status: 401, body: "refused", headers: { "www-authenticate": "Basic" } },
  "a redirect to its login": { status: 302, body: "refused", headers: { location: "/login" } },
  "a private page": { body: "refused", headers: { "cache-control": "private" } },
  "a cookie": { body: "refused", headers: { "cache-control": "s-maxage=60", "set-cookie": "a=b" } },
  "a 404": { status: 404, body: "refused" },
  "a 429": { status: 429, body: "refused" },
};
const FIELD = { "x-probe": "1 UNION SELECT" };
const LOGIN = { cookie: "wordpress_logged_in_0123=admin" };

let origin, edge, path;
let number = 0;

before(async () => {
  origin = await startOrigin();
  edge = await startEdge({ probe: true, vars: { ORIGIN: origin.url } });
});
beforeEach(() => {
  origin.reset();
  // A section of its own: what another test taught the edge does not count here.
  path = `/attacked-${(number += 1)}/page`;
});

/** The page, but for a request that carries what the origin refuses. */
function page(headers, refusal) {
  const refused = ({ headers: sent }) => sent.has("x-probe") || sent.get("cookie")?.includes("logged_in");
  return (seen) => (refused(seen) ? refusal : { body: "good", headers });
}

const say = (answers, text) => assert.deepEqual(new Set(answers.map((answer) => answer.text())), new Set([text]));

describe("a visitor deletes the shared page", () => {
  for (const [what, refusal] of Object.entries(REFUSALS)) {
    for (const [window, headers] of [
      ["shown stale", LIFETIMES],
      ["asked for first", NO_STALE],
    ]) {
      test(`by a header that the origin answers with ${what}, on a page that is ${window}`, async () => {
        origin.on(path, page(headers, refusal));
        await hitOf(edge, path);
        await advance(MINUTE);
        const attack = await edge.fetch(path, { headers: FIELD });
        assert.equal(attack.text(), "good");
        await revalidated();
        origin.reset();
        const visitors = await together(30, () => edge.fetch(path));
        say(visitors, "good");
        assert.ok(origin.count(path) <= 1, `${origin.count(path)} of 30 went to the origin`);
      });
    }
  }

  test("and the next visitors get a 503 when the origin is down", async () => {
    origin.on(path, page(LIFETIMES, REFUSALS["a 403 of its firewall"]));
    await hitOf(edge, path);
    await advance(MINUTE);
    await edge.fetch(path, { headers: FIELD });
    await revalidated();
    await advance(MINUTE);
    await origin.stop();
    const visitors = await together(30, () => edge.fetch(path));
    await origin.restart();
    say(visitors, "good");
  });

  test("by a login, which the page redirects", async () => {
    origin.on(path, page(LIFETIMES, REFUSALS["a redirect to its login"]));
    await hitOf(edge, path);
    await advance(MINUTE);
    const own = await edge.fetch(path, { headers: LOGIN });
    assert.deepEqual([own.status, cacheStatus(own).fwd], [302, "bypass"]);
    assert.equal(cacheStatus(await edge.fetch(path)).hit, true);
  });

  /** The origin was asked once more, and what it said has arrived and been acted on. */
  async function revalidated() {
    await eventually(() => origin.count(path) >= 2);
    await sleep(100);
  }
});

describe("what a plain revalidation is answered with", () => {
  for (const status of [401, 403, 302]) {
    test(`removes the page if it is ${status}`, async () => {
      origin.on(path, { body: "good", headers: NO_STALE });
      await hitOf(edge, path);
      await advance(MINUTE);
      origin.on(path, { status, body: "gone", headers: { location: "/elsewhere" } });
      assert.equal((await edge.fetch(path)).status, status);
      await advance(2_000);
      await origin.stop();
      const after = await edge.fetch(path);
      await origin.restart();
      assert.notEqual(after.text(), "good");
    });
  }

  for (const status of [404, 410]) {
    test(`replaces the page if it is ${status}`, async () => {
      origin.on(path, { body: "good", headers: NO_STALE });
      await hitOf(edge, path);
      await advance(MINUTE);
      origin.on(path, { status, body: "gone", headers: NO_STALE });
      assert.equal((await edge.fetch(path)).status, status);
      const after = await hitOf(edge, path);
      assert.deepEqual([after.status, after.text()], [status, "gone"]);
    });
  }

  for (const status of [408, 425, 429, 500, 503]) {
    test(`leaves the page if it is ${status}`, async () => {
      origin.on(path, { body: "good", headers: NO_STALE });
      await hitOf(edge, path);
      await advance(MINUTE);
      origin.on(path, { status, body: "later" });
      say(await together(5, () => edge.fetch(path)), "good");
    });
  }
});

describe("one visitor's 500 for all waiting requests", () => {
  const FAILS = { status: 500, body: "crashed" };

  test("on a cold page", async () => {
    origin.on(path, (seen) => (seen.headers.has("x-probe") ? FAILS : { body: "good", headers: LIFETIMES }));
    const hold = origin.hold(path);
    const attack = edge.fetch(path, { headers: FIELD });
    await hold.arrived();
    const waiting = together(20, () => edge.fetch(path));
    await sleep(200);
    hold.release();
    say(await waiting, "good");
    assert.equal((await attack).status, 500);
  });

  test("by a field that is longer than gunicorn takes", async () => {
    const long = { "x-probe": "x".repeat(9_000) };
    origin.on(path, (seen) => {
      const refused = seen.headers.lines.some(([name, value]) => name.length + value.length > 8190);
      return refused ? { status: 500, body: "too long" } : { body: "good", headers: LIFETIMES };
    });
    const hold = origin.hold(path);
    const attack = edge.fetch(path, { headers: long });
    await hold.arrived();
    const waiting = together(20, () => edge.fetch(path));
    await sleep(200);
    hold.release();
    say(await waiting, "good");
    await attack;
  });

  test("on a page past its windows", async () => {
    origin.on(path, (seen) =>
      seen.headers.has("x-probe") ? FAILS : { body: "good", headers: { "cache-control": "s-maxage=60" } },
    );
    await hitOf(edge, path);
    await advance(MINUTE);
    const hold = origin.hold(path);
    const attack = edge.fetch(path, { headers: FIELD });
    await hold.arrived();
    const waiting = together(20, () => edge.fetch(path));
    await sleep(200);
    hold.release();
    say([await attack, ...(await waiting)], "good");
    assert.equal(hold.count, 1);
  });
});

describe("one failed cache write ends collapsing for every page of the isolate", () => {
  test("after a page that the Cache API refuses", async () => {
    origin.on(`${path}-refused`, { body: "refused", headers: LIFETIMES });
    await edge.probe.cache({ put: "reject" });
    const hold = origin.hold(`${path}-refused`);
    const waiting = together(20, () => edge.fetch(`${path}-refused`));
    await hold.arrived();
    hold.release();
    const answers = await waiting;
    await edge.probe.cache({ put: null });
    say(answers, "refused");
    assert.equal(await askedBy(20), 1);
  });

  /** How many of so many visitors at once of another page reach the origin. */
  async function askedBy(visitors) {
    origin.on(path, { body: "good", headers: LIFETIMES, delayMs: 300 });
    say(await together(visitors, () => edge.fetch(path)), "good");
    return origin.count(path);
  }
});
