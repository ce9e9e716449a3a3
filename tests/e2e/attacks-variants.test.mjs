/** Attacks by the fields that select a variant of a page, and by how a URL is written. */

import assert from "node:assert/strict";
import { before, beforeEach, describe, test } from "node:test";
import { advance, cacheStatus, eventually, hitOf, stays, startEdge, startOrigin, together } from "./harness.mjs";
import { purge, TOKEN } from "./purge.mjs";

const LONG = "public, s-maxage=600";
const SHORT = "public, s-maxage=60, stale-while-revalidate=86400";
const MINUTE = 60_000;
const BROWSER = { accept: "text/html", "accept-language": "en", "user-agent": "Mozilla/5.0" };
const FOREIGN = { ...BROWSER, origin: "https://attacker.example" };
const FAILS = { status: 500, body: "crashed" };
const PRIVATE = { body: "mine", headers: { "cache-control": "private" } };

let origin, edge, path;
let number = 0;

before(async () => {
  origin = await startOrigin();
  edge = await startEdge({ probe: true, isolates: 2, vars: { ORIGIN: origin.url, PURGE_TOKENS: TOKEN } });
});
beforeEach(() => {
  origin.reset();
  path = `/variants-${(number += 1)}/page`;
});

const ask = (headers = BROWSER, at = path) => edge.fetch(at, { headers });
const warm = (headers = BROWSER, at = path) => hitOf(edge, at, { headers });

/** A page of the section is stored, so that the next one is asked for plainly first. */
async function learnSection(answer) {
  const beside = path.replace("page", "beside");
  origin.on(beside, answer);
  await warm(BROWSER, beside);
}

/** Every visitor is shown `body` from now on, as a hit. */
const staysAHit = (body, headers = BROWSER) =>
  stays(async () => {
    const answer = await ask(headers);
    assert.deepEqual([answer.status, answer.text(), cacheStatus(answer).hit], [200, body, true]);
  });

describe("a text that only looks like a value that a page varies by", () => {
  const byLanguage = (cacheControl) => (seen) => {
    const language = seen.headers.get("accept-language");
    return {
      status: language === "en" ? 200 : 404,
      body: `in ${language}`,
      headers: { "cache-control": cacheControl, vary: "Accept-Language" },
    };
  };

  for (const text of ["en,,", ",en", "en ,", " , en"]) {
    test(`“${text}” is not stored for “en”`, async () => {
      origin.on(path, byLanguage(LONG));
      await ask({ ...BROWSER, "accept-language": text });
      assert.deepEqual([(await ask()).status, (await warm()).text()], [200, "in en"]);
    });

    test(`“${text}” does not revalidate the page of “en”`, async () => {
      origin.on(path, byLanguage(SHORT));
      await warm();
      await advance(2 * MINUTE);
      await ask({ ...BROWSER, "accept-language": text });
      await stays(async () => assert.deepEqual([(await ask()).status, (await ask()).text()], [200, "in en"]));
    });
  }
});

test("NORMALISE_LANGUAGE sends the language that it keys by", async () => {
  const other = await startEdge({ vars: { ORIGIN: origin.url, NORMALISE_LANGUAGE: "true" } });
  origin.on(path, (seen) => {
    const language = seen.headers.get("accept-language");
    const headers = { "cache-control": LONG, vary: "Accept-Language" };
    return { status: language === "en" ? 200 : 404, body: `in ${language}`, headers };
  });
  await other.fetch(path, { headers: { ...BROWSER, "accept-language": "EN;evil=x, x;q=0" } });
  const page = await hitOf(other, path, { headers: BROWSER });
  assert.deepEqual([page.status, page.text()], [200, "in en"]);
});

describe("a foreign Origin", () => {
  const refusing = (refusal) => (seen) =>
    seen.headers.has("origin") ? refusal : { body: "for all", headers: { "cache-control": LONG } };

  for (const isLearnt of [false, true]) {
    test(`whose request fails, fails no other, ${isLearnt ? "in a section that is plain first" : "on an unknown page"}`, async () => {
      if (isLearnt) await learnSection({ body: "beside", headers: { "cache-control": LONG } });
      origin.on(path, refusing(FAILS));
      const hold = origin.hold(path);
      const attack = ask(FOREIGN);
      await hold.arrived();
      const waiting = together(3, () => ask());
      hold.release();
      assert.equal((await attack).status, 500);
      assert.deepEqual(
        (await waiting).map(({ status }) => status),
        [200, 200, 200],
      );
    });

    test(`that makes the answer private, does not make the page pass, ${isLearnt ? "in a section that is plain first" : "on an unknown page"}`, async () => {
      if (isLearnt) await learnSection({ body: "beside", headers: { "cache-control": LONG } });
      origin.on(path, refusing(PRIVATE));
      await together(3, () => ask(FOREIGN));
      await warm();
      await ask(FOREIGN);
      await staysAHit("for all");
    });
  }

  test("does not take the place of the page, where Vary names it only for visitors that send it", async () => {
    origin.on(path, (seen) => ({
      body: seen.headers.has("origin") ? "with CORS fields" : "for all",
      headers: { "cache-control": LONG, ...(seen.headers.has("origin") && { vary: "Origin" }) },
    }));
    await warm();
    for (const host of ["a", "b", "a"]) await ask({ ...BROWSER, origin: `https://${host}.example` });
    await staysAHit("for all");
  });

  test("whose variant is refused later, leaves the page where it is", async () => {
    let answer = { body: "with CORS fields", headers: { "cache-control": SHORT, vary: "Origin" } };
    origin.on(path, (seen) => (seen.headers.has("origin") ? answer : { body: "for all", headers: { "cache-control": LONG } }));
    await warm();
    await warm(FOREIGN);
    answer = { status: 403, headers: { "cache-control": "no-store" } };
    await advance(2 * MINUTE);
    await ask(FOREIGN);
    await staysAHit("for all");
  });

  test("that is the page's own in other letters counts as none", async () => {
    origin.on(path, (seen) => {
      const from = seen.headers.get("origin");
      const status = from && from !== "https://www.example.com" ? 403 : 200;
      return { status, body: `from ${from}`, headers: { "cache-control": SHORT, vary: "Origin" } };
    });
    await warm();
    await advance(2 * MINUTE);
    await ask({ ...BROWSER, origin: "HTTPS://WWW.example.com" });
    await eventually(() => origin.count(path) > 1);
    await staysAHit("from undefined");
  });
});

describe("a field that pages of the section vary by", () => {
  const refusing = (refusal) => (seen) => {
    const headers = { "cache-control": LONG, vary: "Accept-Language" };
    if (seen.headers.get("accept-language") !== "attack") return { body: "for all", headers };
    return { ...refusal, headers: { ...refusal.headers, vary: "Accept-Language" } };
  };
  const ATTACK = { ...BROWSER, "accept-language": "attack" };

  test("fails no other", async () => {
    await learnSection(refusing(FAILS));
    origin.on(path, refusing(FAILS));
    const hold = origin.hold(path);
    const attack = ask(ATTACK);
    await hold.arrived();
    const waiting = together(3, () => ask());
    hold.release();
    assert.equal((await attack).status, 500);
    assert.deepEqual(
      (await waiting).map(({ status }) => status),
      [200, 200, 200],
    );
  });

  test("does not make the page pass for others", async () => {
    await learnSection(refusing(PRIVATE));
    origin.on(path, refusing(PRIVATE));
    await together(3, () => ask(ATTACK));
    await warm();
    await ask(ATTACK);
    await staysAHit("for all");
  });

  for (const status of [200, 304]) {
    test(`whose variant came first and turned private by a ${status}, hides no other variant and is shown no more`, async () => {
      let mine = { body: "mine for now", etag: '"1"', headers: { "cache-control": SHORT, vary: "Accept-Language" } };
      origin.on(path, (seen) => {
        if (seen.headers.get("accept-language") === "attack") return mine;
        return { body: "for all", headers: { "cache-control": LONG, vary: "Accept-Language" } };
      });
      await warm(ATTACK);
      await warm();
      mine = { ...mine, body: "mine", headers: { "cache-control": "private", vary: "Accept-Language" } };
      if (status === 200) mine.etag = '"2"';
      await advance(2 * MINUTE);
      await ask(ATTACK);
      await eventually(async () => {
        const answer = await ask(ATTACK);
        return !cacheStatus(answer).hit && answer.text() === "mine";
      });
      await staysAHit("for all");
      await advance(4 * MINUTE);
      await staysAHit("for all");
    });
  }
});

describe("beside a first variant that turned private", () => {
  const ATTACK = { ...BROWSER, "accept-language": "attack" };
  const GONE = { body: "mine", headers: { "cache-control": "private", vary: "Accept-Language" } };
  const SHARED = { body: "for all", headers: { "cache-control": LONG, vary: "Accept-Language" } };
  const FIRST = { body: "mine for now", headers: { "cache-control": SHORT, vary: "Accept-Language" } };
  let mine;

  /** The attacker's variant was first and turned private; that of `en` is stored beside it. */
  async function afterwards(at = edge, fields = {}) {
    mine = FIRST;
    origin.on(path, (seen) => (seen.headers.get("accept-language") === "attack" ? mine : SHARED));
    await hitOf(at, path, { headers: { ...ATTACK, ...fields } });
    await hitOf(at, path, { headers: { ...BROWSER, ...fields } });
    mine = GONE;
    await advance(2 * MINUTE);
    await eventually(async () => (await at.fetch(path, { headers: { ...ATTACK, ...fields } })).text() === "mine");
  }

  test("the others stay when its marker has ended and it is asked for again", async () => {
    await afterwards();
    await advance(3 * MINUTE);
    await ask(ATTACK);
    await ask({ ...ATTACK, "x-other": "1" });
    await staysAHit("for all");
  });

  test("the others stay when it is public again", async () => {
    await afterwards();
    mine = FIRST;
    await advance(3 * MINUTE);
    await ask(ATTACK);
    await ask(ATTACK);
    await staysAHit("for all");
  });

  test("the others stay, of a page that scripts of another site asked for", async () => {
    const fields = { origin: "https://app.example" };
    await afterwards(edge, fields);
    await staysAHit("for all", { ...BROWSER, ...fields });
  });

  test("the others stay, where FORWARD_HEADERS names the field", async () => {
    const other = await startEdge({ probe: true, vars: { ORIGIN: origin.url, FORWARD_HEADERS: "Accept-Language" } });
    await afterwards(other);
    await stays(async () => assert.equal(cacheStatus(await other.fetch(path, { headers: BROWSER })).hit, true));
  });

  test("another representation passes", async () => {
    await afterwards();
    const answer = await ask({ ...BROWSER, "accept-language": "fr", "hx-request": "true" });
    assert.deepEqual([cacheStatus(answer).fwd, cacheStatus(answer).detail], ["bypass", "representation"]);
  });

  test("a POST while it is being revalidated takes the others away for good", async () => {
    mine = FIRST;
    origin.on(path, (seen) => (seen.headers.get("accept-language") === "attack" ? mine : SHARED));
    await warm(ATTACK);
    await warm();
    mine = GONE;
    await advance(2 * MINUTE);
    const gate = Promise.withResolvers();
    origin.reset();
    origin.on(path, async (seen) => {
      if (seen.method === "POST" || seen.headers.get("accept-language") !== "attack") return SHARED;
      await gate.promise;
      return mine;
    });
    await ask(ATTACK);
    await eventually(() => origin.count(path) === 1);
    // The POST is over before the revalidation is answered.
    assert.equal((await edge.fetch(path, { method: "POST", headers: BROWSER, body: "x" })).status, 200);
    gate.resolve();
    await eventually(async () => (await ask(ATTACK)).text() === "mine");
    assert.equal(cacheStatus(await edge.isolate(1).fetch(path, { headers: BROWSER })).hit, false);
  });
});

test("an answer without Vary, to a request that a page's language selected, is not taken for all", async () => {
  let isGone = false;
  origin.on(path, (seen) => {
    if (seen.headers.get("accept-language") !== "attack")
      return { body: "for all", headers: { "cache-control": SHORT, vary: "Accept-Language" } };
    if (!isGone) return { body: "attacked", headers: { "cache-control": SHORT, vary: "Accept-Language" } };
    return { status: 404, body: "gone", headers: { "cache-control": LONG } };
  });
  await warm({ ...BROWSER, "accept-language": "attack" });
  isGone = true;
  await advance(2 * MINUTE);
  await ask({ ...BROWSER, "accept-language": "attack" });
  await stays(async () => {
    const answer = await ask();
    assert.deepEqual([answer.status, answer.text()], [200, "for all"]);
  });
});

describe("a page that scripts of another site are shown", () => {
  test("is invalidated by their POST", async () => {
    let version = "v1";
    const headers = { ...BROWSER, origin: "https://app.example" };
    origin.on(path, () => ({ body: version, headers: { "cache-control": LONG } }));
    await warm(headers);
    version = "v2";
    await edge.fetch(path, { method: "POST", headers, body: "x" });
    assert.equal((await ask(headers)).text(), "v2");
    assert.equal((await edge.isolate(1).fetch(path, { headers })).text(), "v2");
  });

  test("is stored under the key that No-Vary-Search says, too", async () => {
    const headers = { ...BROWSER, origin: "https://app.example" };
    origin.on(path, { body: "hello", headers: { "cache-control": LONG, "no-vary-search": 'params=("utm")' } });
    await hitOf(edge, `${path}?utm=1`, { headers });
    assert.equal(cacheStatus(await ask(headers, `${path}?utm=2`)).hit, true);
  });
});

for (const name of ["Host", "Connection", "Via", "X-Forwarded-Host", "CF-Connecting-IP"]) {
  test(`Vary: ${name}, of which each visitor's is the same to the origin, is no reason to miss`, async () => {
    origin.on(path, { body: "for all", headers: { "cache-control": LONG, vary: name } });
    await warm();
    origin.reset();
    await together(10, () => ask());
    assert.equal(origin.count(), 0);
  });
}

describe("a URL written in another way", () => {
  test("has its own page where the order of the parameters may count", async () => {
    origin.on("/combo", (seen) => ({ body: seen.path, headers: { "cache-control": LONG } }));
    await ask(BROWSER, "/combo?plugin.js&jquery.js");
    assert.equal((await ask(BROWSER, "/combo?jquery.js&plugin.js")).text(), "/combo?jquery.js&plugin.js");
  });

  test("does not revalidate the page by a URL that the origin redirects", async () => {
    const page = { body: "for all", headers: { "cache-control": SHORT } };
    origin.on(path, (seen) => (seen.path === path ? page : { status: 301, headers: { location: path, "cache-control": LONG } }));
    await warm();
    await advance(2 * MINUTE);
    await edge.fetch(path, { headers: BROWSER, raw: `${path}?` });
    await eventually(() => origin.count() > 1);
    await staysAHit("for all");
  });
});

test("a response that says it is stale once does not slow down the 304s that follow", async () => {
  const fields = { "cache-control": SHORT };
  origin.on(path, { body: "v1", etag: '"1"', headers: { ...fields, "x-nextjs-cache": "STALE" } });
  await eventually(async () => cacheStatus(await ask()).hit);
  origin.on(path, { body: "v1", etag: '"1"', headers: fields });
  for (let i = 0; i < 3; i += 1) {
    await advance(2 * MINUTE);
    origin.reset();
    await ask();
    await eventually(() => origin.count() === 1);
    await eventually(async () => {
      const { hit, ttl } = cacheStatus(await ask());
      return hit && ttl > 0;
    });
  }
});

test("a URL whose query does not count, and that fails, takes nothing from the others", async () => {
  origin.on(path, (seen) => {
    const params = { "cache-control": SHORT, "no-vary-search": 'params=("utm")' };
    return seen.path.includes("attack") ? { status: 500, body: "crashed" } : { body: "for all", headers: params };
  });
  await warm(BROWSER, `${path}?utm=1`);
  await purge(edge, { urls: [`https://www.example.com${path}?utm=1`], mode: "soft" });
  await ask(BROWSER, `${path}?utm=attack`);
  await stays(async () => assert.equal((await ask(BROWSER, `${path}?utm=2`)).text(), "for all"));
});
