/** Purges that meet renders, revalidations and each other, and what is stored that cannot be read. */

import assert from "node:assert/strict";
import { before, beforeEach, describe, test } from "node:test";
import { advance, cacheStatus, eventually, hitOf, startEdge, startOrigin, together } from "./harness.mjs";
import { Hold } from "./hold.mjs";
import { TOKEN, purge } from "./purge.mjs";

const MODES = ["soft", "hard"];
/** Past two memory windows: whatever an isolate knows of KV, it reads again before it uses it. */
const WINDOW = 21_000;
/** Longer than the skew: that the fence looks at the request's beginning must show. */
const RENDER = 8_000;

let origin, edge, path;
let number = 0;

before(async () => {
  origin = await startOrigin();
  const vars = { ORIGIN: origin.url, PURGE_TOKENS: TOKEN };
  edge = await startEdge({ probe: true, isolates: 2, vars });
});
beforeEach(() => {
  origin.reset();
  edge.kv.heal();
  number += 1;
  path = `/race-${number}`;
});

const tag = () => `race-${number}`;
const ofTag = (mode) => ({ tags: [tag()], mode });

function page(text, control = "s-maxage=6000, stale-while-revalidate=6000") {
  return { body: text, headers: { "cache-control": control, "cache-tag": tag() }, etag: `"${text}"` };
}

/** The origin gives these in turn, and the last one ever after. */
function inTurn(...answers) {
  let next = 0;
  origin.on(path, () => answers[Math.min((next += 1), answers.length) - 1]);
}

/** The origin renders a page as it is when it is asked, and answers when it is released. */
function rendered(render) {
  const hold = new Hold();
  origin.on(path, async (seen) => {
    const answer = render(seen);
    await hold.pass();
    return answer;
  });
  return hold;
}

/** Asks until the page is the one that is meant, and fresh. */
function becomes(at, text, init) {
  return eventually(async () => {
    const answer = await at.fetch(path, init);
    return answer.text() === text && cacheStatus(answer).hit && cacheStatus(answer).ttl > 0;
  });
}

/** What the first visitor past a purge may see: the page from before, but never as fresh. */
function isNotFresh(answer, mode, now) {
  const { hit, ttl } = cacheStatus(answer);
  if (mode === "hard") assert.equal(answer.text(), now);
  else assert.ok(answer.text() === now || (hit && ttl <= 0), `${answer.text()}: ${answer.headers.get("cache-status")}`);
}

describe("a purge during a revalidation", () => {
  const SHORT = "s-maxage=60, stale-while-revalidate=6000";

  for (const mode of MODES) {
    for (const [what, answer] of [
      ["304", () => page("old", SHORT)],
      ["200", () => page("between", SHORT)],
      ["500", () => ({ status: 500, headers: { "cache-control": "s-maxage=60" } })],
    ]) {
      for (const by of [0, 1]) {
        test(`that is answered by ${what}, ${mode}, by ${by ? "another" : "the same"} isolate, is not lost`, async () => {
          inTurn(page("old", SHORT), answer(), page("new"));
          await hitOf(edge, path);
          await advance(61_000);
          const hold = origin.hold(path);
          assert.equal((await edge.fetch(path)).text(), "old");
          await hold.arrived();
          assert.equal((await purge(edge.isolate(by), ofTag(mode))).status, 200);
          await advance(RENDER);
          hold.release();
          await advance(WINDOW);
          isNotFresh(await edge.fetch(path), mode, "new");
          await becomes(edge, "new");
          await becomes(edge.isolate(1), "new");
          assert.equal(origin.count(path), 3);
        });
      }
    }
  }
});

describe("a second purge", () => {
  for (const mode of MODES) {
    for (const by of [0, 1]) {
      const which = by ? "another" : "the same";

      test(`right after the page was fetched anew, ${mode}, by ${which} isolate, holds as well`, async () => {
        inTurn(page("one"), page("two"), page("three"));
        await hitOf(edge, path);
        await purge(edge, ofTag(mode));
        await becomes(edge, "two");
        await purge(edge.isolate(by), ofTag(mode));
        if (by) await advance(WINDOW);
        isNotFresh(await edge.fetch(path), mode, "three");
        await becomes(edge, "three");
        assert.equal(origin.count(path), 3);
      });

      test(`while the page is fetched anew, ${mode}, by ${which} isolate, holds as well`, async () => {
        inTurn(page("one"), page("two"), page("three"));
        await hitOf(edge, path);
        await purge(edge, ofTag(mode));
        const hold = origin.hold(path);
        const second = edge.fetch(path);
        await hold.arrived();
        await purge(edge.isolate(by), ofTag(mode));
        await advance(RENDER);
        hold.release();
        await second;
        if (by) await advance(WINDOW);
        isNotFresh(await edge.fetch(path), mode, "three");
        await becomes(edge, "three");
        assert.equal(origin.count(path), 3);
      });
    }
  }

  test("that is soft does not lengthen the stale window of the first", async () => {
    origin.on(path, page("old", "s-maxage=6000, stale-while-revalidate=30"));
    await hitOf(edge, path);
    origin.on(path, { breakBefore: true });
    await purge(edge, ofTag("soft"));
    assert.ok(cacheStatus(await edge.fetch(path)).ttl <= 0);
    await advance(20_000);
    await purge(edge, ofTag("soft"));
    for (const at of [edge, edge.isolate(1)]) {
      const seen = await at.fetch(path);
      assert.deepEqual([seen.text(), cacheStatus(seen).hit], ["old", true]);
      const { ttl } = cacheStatus(seen);
      assert.ok(-25 < ttl && ttl <= -20, `counted from the first: ${ttl}`);
    }
    await advance(WINDOW);
    for (const at of [edge, edge.isolate(1)]) assert.equal((await at.fetch(path)).status, 502);
  });
});

describe("the stale window of a soft purge", () => {
  const DAY = 86_400_000;
  const SHORT = "s-maxage=604800, stale-while-revalidate=3";

  async function isRevalidatedFirst(at) {
    const seen = await at.fetch(path);
    const { fwd, fwdStatus } = cacheStatus(seen);
    assert.deepEqual([seen.text(), fwd, fwdStatus], ["new", "stale", 200]);
  }

  for (const by of [0, 1]) {
    const where = by ? "another" : "the same";

    test(`has ended a day later, without a visit in between, in ${where} isolate`, async () => {
      inTurn(page("old", SHORT), page("new", SHORT));
      await hitOf(edge, path);
      await purge(edge, ofTag("soft"));
      await advance(DAY);
      await isRevalidatedFirst(edge.isolate(by));
    });

    test(`is not lengthened by a second purge, without a visit in between, in ${where} isolate`, async () => {
      inTurn(page("old", SHORT), page("new", SHORT));
      await hitOf(edge, path);
      await purge(edge, ofTag("soft"));
      await advance(DAY);
      await purge(edge, ofTag("soft"));
      await isRevalidatedFirst(edge.isolate(by));
      const [{ value }] = edge.kv.dump(`p/s/${tag()}`);
      const { at, replaced } = JSON.parse(value);
      assert.ok(at - Math.min(...replaced) >= DAY, value);
    });
  }
});

describe("a purge that KV takes at the second attempt", () => {
  for (const mode of MODES) {
    // Fails while the stamp that KV has refused goes on outdating what is fetched after it, for SKEW seconds.
    test(`costs the origin one request, ${mode}`, async () => {
      inTurn(page("one"), page("two"));
      await hitOf(edge, path);
      edge.kv.fail({ writes: 1, status: 429, prefix: "p/" });
      assert.equal((await purge(edge, ofTag(mode))).status, 200);
      isNotFresh(await edge.fetch(path), mode, "two");
      await becomes(edge, "two");
      assert.equal(origin.count(path), 2);
    });
  }
});

describe("a purged page", () => {
  const GRACE = "s-maxage=6000, stale-while-revalidate=30, stale-if-error=600";

  async function whileDown(act) {
    await origin.stop();
    await act().finally(() => origin.restart());
  }

  test("that was purged softly is shown while the origin is down, as stale, until its windows end", async () => {
    origin.on(path, page("old", GRACE));
    await hitOf(edge, path);
    origin.on(path, page("new", GRACE));
    await purge(edge, ofTag("soft"));
    await whileDown(async () => {
      const first = await edge.fetch(path);
      assert.deepEqual([first.text(), cacheStatus(first).hit, cacheStatus(first).ttl <= 0], ["old", true, true]);
      await advance(31_000);
      const inError = await edge.fetch(path);
      const { hit, ttl, fwdStatus } = cacheStatus(inError);
      assert.deepEqual([inError.text(), hit, ttl < -30, fwdStatus], ["old", true, true, 502]);
      await advance(600_000);
      assert.equal((await edge.fetch(path)).status, 502);
    });
    await eventually(async () => assert.equal((await edge.fetch(path)).text(), "new"));
  });

  test("that was purged hard is not shown, though the origin is down", async () => {
    origin.on(path, page("old", GRACE));
    await hitOf(edge, path);
    await purge(edge, ofTag("hard"));
    await whileDown(async () => assert.equal((await edge.fetch(path)).status, 502));
    await becomes(edge, "old");
  });

  for (const [status, control] of [
    [404, "s-maxage=60"],
    [410, "s-maxage=60"],
    [404, "no-store"],
  ]) {
    test(`is replaced by a ${status} with ${control}`, async () => {
      origin.on(path, page("old"));
      await hitOf(edge, path);
      origin.on(path, { status, body: "gone", headers: { "cache-control": control } });
      await purge(edge, ofTag("soft"));
      assert.equal((await edge.fetch(path)).text(), "old");
      await eventually(async () => (await edge.fetch(path)).status === status);
      origin.on(path, { breakBefore: true });
      const next = await edge.fetch(path);
      assert.deepEqual([next.status, next.text() === "old"], [control === "no-store" ? 502 : status, false]);
    });
  }

  for (const status of [500, 503]) {
    test(`is not replaced by a ${status}, though it says that it may be stored`, async () => {
      origin.on(path, page("old"));
      await hitOf(edge, path);
      origin.on(path, { status, body: "broken", headers: { "cache-control": "s-maxage=60" } });
      await purge(edge, ofTag("soft"));
      await eventually(async () => {
        const answer = await edge.fetch(path);
        assert.equal(answer.text(), "old");
        return cacheStatus(answer).detail === "origin-failed";
      });
      origin.on(path, page("new"));
      await advance(2_000);
      await becomes(edge, "new");
    });
  }

  test("has no variant that outlives a purge, and no waiting visitor gets another's answer", async () => {
    // A section of its own: nothing is known of what its pages vary by.
    path = "/in-languages/page";
    let version = "old";
    const hold = rendered((seen) => {
      const answer = page(`${version} in ${seen.headers.get("accept-language")}`);
      return { ...answer, headers: { ...answer.headers, vary: "accept-language" } };
    });
    const inLanguage = (language) => ({ headers: { "accept-language": language } });
    const first = edge.fetch(path, inLanguage("de"));
    await hold.arrived();
    await edge.probe.reset();
    const languages = ["de", "fr"];
    const waiters = together(20, (i) => edge.fetch(path, inLanguage(languages[i % 2])));
    await eventually(async () => (await edge.probe.cacheCalls()).length >= 20);
    assert.equal(hold.count, 1, "all wait for the first");
    version = "new";
    await purge(edge.isolate(1), ofTag("soft"));
    hold.release();
    assert.equal((await first).text(), "old in de");
    (await waiters).forEach((answer, i) => assert.ok(answer.text().endsWith(`in ${languages[i % 2]}`)));
    await advance(WINDOW);
    for (const language of languages) await becomes(edge, `new in ${language}`, inLanguage(language));
  });
});

describe("a purge record that cannot be read", () => {
  for (const [mode, key] of [
    ["soft", "p/s/"],
    ["hard", "p/h/"],
  ]) {
    for (const [what, value] of [
      ["is garbage", "\u0000garbage"],
      ["is empty", ""],
      ["is of another version", '{"v":9,"time":"2030-01-01T00:00:00Z"}'],
    ]) {
      test(`because it ${what} is a ${mode} purge, once, and is logged`, async () => {
        inTurn(page("old"), page("new"));
        await hitOf(edge, path);
        edge.logs.length = 0;
        edge.kv.put(key + tag(), value);
        // Past the minute in which the same fault is logged once.
        await advance(61_000);
        isNotFresh(await edge.fetch(path), mode, "new");
        await becomes(edge, "new");
        const said = `the ${mode} purge record of tag ${tag()} in KV is damaged`;
        await eventually(() => edge.logs.some(({ message }) => message.includes(said)));
        for (const at of [edge, edge.isolate(1)]) {
          await advance(WINDOW);
          const { hit, ttl } = cacheStatus(await at.fetch(path));
          assert.ok(hit && ttl > 0, "it knows of it, whoever reads it when");
        }
        assert.equal(origin.count(path), 2);
      });
    }
  }

  test("is replaced by the next purge, which holds", async () => {
    inTurn(page("one"), page("two"), page("three"));
    await hitOf(edge, path);
    edge.kv.put(`p/h/${tag()}`, "garbage");
    await advance(WINDOW);
    assert.equal((await edge.fetch(path)).text(), "two");
    await purge(edge.isolate(1), ofTag("hard"));
    await advance(WINDOW);
    assert.equal((await edge.fetch(path)).text(), "three");
    await becomes(edge, "three");
  });
});

describe("a stored response whose metadata cannot be read", () => {
  for (const [what, head] of [
    ["is garbage", "garbage"],
    ["is empty", ""],
    ["is of another version", '{"v":0,"response":{"status":200}}'],
    ["holds nothing", '{"v":1}'],
  ]) {
    test(`because it ${what} is a miss`, async () => {
      inTurn(page("old"), page("new"));
      await edge.probe.cache({ head });
      await edge.fetch(path);
      await edge.probe.cache({ head: null });
      const seen = await edge.fetch(path);
      assert.deepEqual([seen.status, seen.text(), cacheStatus(seen).fwd], [200, "new", "uri-miss"]);
      await becomes(edge, "new");
      assert.equal(origin.count(path), 2);
    });
  }
});
