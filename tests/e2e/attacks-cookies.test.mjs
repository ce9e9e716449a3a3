/** Attacks by cookies, and pages that a visitor's cookies change. */

import assert from "node:assert/strict";
import { before, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { advance, cacheStatus, eventually, hitOf, startEdge, startOrigin } from "./harness.mjs";

const SHARED = { "cache-control": "public, s-maxage=60, stale-while-revalidate=600" };
const MINUTE = 61_000;

let origin, edge, path;
let number = 0;

before(async () => {
  origin = await startOrigin();
  edge = await startEdge({ probe: true, vars: { ORIGIN: origin.url } });
});
beforeEach(() => {
  origin.reset();
  path = `/cookies-${(number += 1)}/page`;
});

const ask = (cookie, at = edge) => at.fetch(path, { headers: { cookie } });
const cookieOf = ({ headers }) => headers.get("cookie") ?? "";

describe("a wrong language for every visitor", () => {
  /** Django's LocaleMiddleware: the cookie decides, and Vary names the other field alone. */
  const page = (seen) => ({
    body: /django_language=de/.test(cookieOf(seen)) ? "Hallo" : "Hello",
    headers: { ...SHARED, vary: "Accept-Language" },
  });

  test("by a django_language cookie on a cold page", async () => {
    origin.on(path, page);
    await ask("django_language=de");
    assert.equal((await hitOf(edge, path)).text(), "Hello");
  });

  test("by a django_language cookie on a stale page", async () => {
    origin.on(path, page);
    await hitOf(edge, path);
    await advance(MINUTE);
    await ask("django_language=de");
    await eventually(() => origin.count(path) >= 2);
    await sleep(100);
    assert.equal((await edge.fetch(path)).text(), "Hello");
  });

  for (const name of ["theme", "currency", "lang", "region", "PHPSESSID", "laravel_session", "JSESSIONID", "connect.sid"]) {
    test(`by the cookie ${name}, on a page that says nothing of it`, async () => {
      origin.on(path, (seen) => ({ body: `for ${cookieOf(seen) || "all"}`, headers: SHARED }));
      await ask(`${name}=attacker`);
      assert.equal((await hitOf(edge, path)).text(), "for all");
    });
  }
});

describe("forty visitors with forty analytics cookies", () => {
  test("on a page that says Vary: Cookie cost the origin no forty requests", async () => {
    origin.on(path, { body: "hello", headers: { ...SHARED, vary: "Cookie" } });
    await hitOf(edge, path);
    for (let i = 0; i < 40; i += 1) {
      const answer = await ask(`_ga=GA1.1.${i}; _gid=${i}; csrftoken=${i}`);
      assert.equal(cacheStatus(answer).hit, true);
    }
    assert.equal(origin.count(path), 1);
  });

  test("whose names IGNORE_COOKIES replaces", async () => {
    const own = await startEdge({ vars: { ORIGIN: origin.url, IGNORE_COOKIES: "mine" } });
    origin.on(path, { body: "hello", headers: { ...SHARED, vary: "Cookie" } });
    await hitOf(own, path);
    assert.equal(cacheStatus(await ask("mine=1", own)).hit, true);
    const passed = cacheStatus(await ask("_ga=1", own));
    assert.deepEqual([passed.fwd, passed.detail], ["bypass", "cookie"]);
    await own.close();
  });

  test("of a load balancer, which a plain answer may set and which are not handed on", async () => {
    origin.on(path, { body: "hello", headers: { ...SHARED, "set-cookie": ["AWSALB=a; Path=/", "AWSALBCORS=b", "__cf_bm=c"] } });
    const hit = await hitOf(edge, path);
    assert.deepEqual([hit.text(), hit.headers.has("set-cookie")], ["hello", false]);
  });
});

describe("a page that says Vary: Cookie", () => {
  const page = (seen) => ({ body: `for ${cookieOf(seen) || "all"}`, headers: { ...SHARED, vary: "Cookie" } });

  test("is shared among visitors without cookies; those with some pass", async () => {
    origin.on(path, page);
    await hitOf(edge, path);
    const passed = await ask("basket=3");
    const { fwd, detail, stored } = cacheStatus(passed);
    assert.deepEqual([passed.text(), fwd, detail, stored], ["for basket=3", "bypass", "cookie", false]);
    assert.equal((await edge.fetch(path)).text(), "for all");
    assert.equal(cacheStatus(await edge.fetch(path)).hit, true, "a pass marks nothing");
  });

  test("has variants for cookies where COOKIE_VARIANTS says so, each for its own", async () => {
    const own = await startEdge({ vars: { ORIGIN: origin.url, COOKIE_VARIANTS: "true" } });
    origin.on(path, page);
    await hitOf(own, path);
    const variant = await hitOf(own, path, { headers: { cookie: "theme=dark" } });
    assert.equal(variant.text(), "for theme=dark");
    assert.equal((await ask("theme=light", own)).text(), "for theme=light");
    // A comma is a part of a value to most origins.
    for (let i = 0; i < 3; i += 1) assert.equal((await ask("basket=1,2", own)).text(), "for basket=1,2");
    assert.equal((await ask("basket=1; 2", own)).text(), "for basket=1; 2");
    await own.close();
  });
});

describe("a visitor with a cookie", () => {
  for (const [control, headers] of [
    ["public", { "cache-control": "public, max-age=0", etag: '"1"' }],
    ["s-maxage", { "cache-control": "s-maxage=60" }],
    ["a targeted field", { "cache-control": "no-store", "cdn-cache-control": "max-age=60" }],
    ["a positive lifetime", { "cache-control": "max-age=60" }],
  ]) {
    test(`shares a page that says ${control}`, async () => {
      origin.on(path, (seen) => ({ body: cookieOf(seen) || "all", headers }));
      await edge.fetch(path);
      await eventually(async () => (await ask("basket=3")).text() === "all");
    });
  }

  for (const [what, answer] of [
    ["says no-cache", { headers: { "cache-control": "no-cache", etag: '"1"' } }],
    ["is stale at once", { headers: { "cache-control": "max-age=0", etag: '"1"' } }],
    ["is a 302", { status: 302, headers: { ...SHARED, location: "/x" } }],
    ["is a 303", { status: 303, headers: { ...SHARED, location: "/x" } }],
    ["is a 307", { status: 307, headers: { ...SHARED, location: "/x" } }],
  ]) {
    test(`passes where the page ${what}`, async () => {
      origin.on(path, (seen) => ({ body: cookieOf(seen) || "all", ...answer }));
      for (let i = 0; i < 3; i += 1) await edge.fetch(path);
      const own = await ask("basket=3");
      const { fwd, detail } = cacheStatus(own);
      assert.deepEqual([own.text(), fwd, detail], ["basket=3", "bypass", "cookie"]);
      assert.equal((await edge.fetch(path)).text(), "all");
    });
  }

  test("of more than 8 kB passes", async () => {
    origin.on(path, { body: "hello", headers: SHARED });
    await hitOf(edge, path);
    assert.equal(cacheStatus(await ask(`_ga=${"x".repeat(9_000)}`)).fwd, "bypass");
  });
});

describe("LOGIN_COOKIES", () => {
  const LOGINS = [
    ...["sessionid=1", "wordpress_logged_in_0123=1", "wp-postpass_0123=1", "remember_user_token=1", "next-auth.session-token=1"],
    ...["__Secure-next-auth.session-token=1", "authjs.session-token=1", ".AspNetCore.Identity.Application=1", ".ASPXAUTH=1"],
    ...["sb-project-auth-token=1", "__prerender_bypass=1", "__next_preview_data=1", "woocommerce_items_in_cart=1"],
  ];

  test("is one name by default: a login of any known framework passes", async () => {
    origin.on(path, { body: "hello", headers: SHARED });
    await hitOf(edge, path);
    const shared = [];
    for (const cookie of LOGINS) if (cacheStatus(await ask(cookie)).detail !== "login-cookie") shared.push(cookie);
    assert.deepEqual(shared, []);
    assert.equal(cacheStatus(await ask("PHPSESSID=1")).hit, true, "what every visitor has is no login");
  });

  for (const [text, cookie] of [
    ['["auth", "session"]', "session=1"],
    ['"auth"', "auth=1"],
    ["'auth'", "auth=1"],
    ["auth;session", "session=1"],
    ["auth, session", "session=1"],
    ["a*b", undefined],
    ["au th=1", undefined],
    ['{"auth":1}', undefined],
    ["auth\nsession", "session=1"],
  ]) {
    test(`written as ${JSON.stringify(text)} is read, or refused by name`, async () => {
      const own = await startEdge({ vars: { ORIGIN: origin.url, LOGIN_COOKIES: text } });
      origin.on(path, { body: "hello", headers: SHARED });
      const answer = await ask(cookie ?? "auth=1", own);
      await own.close();
      if (answer.status === 500) assert.match(answer.text(), /LOGIN_COOKIES/);
      else assert.deepEqual([cookie !== undefined, cacheStatus(answer).detail], [true, "login-cookie"]);
    });
  }

  test("written as * is any cookie", async () => {
    const own = await startEdge({ vars: { ORIGIN: origin.url, LOGIN_COOKIES: "*" } });
    origin.on(path, { body: "hello", headers: SHARED });
    assert.equal(cacheStatus(await ask("anything=1", own)).detail, "login-cookie");
    await own.close();
  });
});

describe("raw cookie values in what is stored", () => {
  /** Everything that an isolate gave to the Cache API: the names of slots, and the metadata in them. */
  const kept = async (at) => JSON.stringify(await at.probe.cacheCalls());
  const VALUE = "s3cretvalue";

  test("are digests, where variants by cookie are stored", async () => {
    const own = await startEdge({
      probe: true,
      vars: { ORIGIN: origin.url, COOKIE_VARIANTS: "true", CACHE_SECRET: "x".repeat(32) },
    });
    origin.on(path, { body: "hello", headers: { ...SHARED, vary: "Cookie, X-Flavour" } });
    const headers = { cookie: `theme=${VALUE}`, "x-flavour": "vanilla" };
    await hitOf(own, path, { headers });
    assert.doesNotMatch(await kept(own), new RegExp(VALUE));
    await own.close();
  });

  test("and slots have names that cannot be guessed without CACHE_SECRET", async () => {
    origin.on(path, { body: "hello", headers: SHARED });
    const slots = [];
    for (const secret of ["a".repeat(32), "b".repeat(32)]) {
      const own = await startEdge({ probe: true, vars: { ORIGIN: origin.url, CACHE_SECRET: secret } });
      await hitOf(own, path);
      slots.push((await own.probe.cacheCalls()).filter(({ call }) => call === "put").map(({ url }) => url));
      await own.close();
    }
    const [mine, yours] = slots;
    assert.ok(mine.length > 0);
    assert.deepEqual(
      mine.filter((url) => yours.includes(url)),
      [],
    );
  });
});
