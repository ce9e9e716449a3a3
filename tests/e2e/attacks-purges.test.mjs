/** Attacks by requests that invalidate, and on the tokens that purge. */

import assert from "node:assert/strict";
import net from "node:net";
import { before, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { advance, cacheStatus, eventually, hitOf, startEdge, startOrigin, stays } from "./harness.mjs";
import { purge } from "./purge.mjs";

const SHARED = { "cache-control": "public, s-maxage=600" };
const SWR = { "cache-control": "public, s-maxage=600, stale-while-revalidate=600" };
const TOKEN = "the-token-of-32-characters-or-so";

let origin, path;
let number = 0;

before(async () => {
  origin = await startOrigin();
});
beforeEach(() => {
  origin.reset();
  path = `/purges-${(number += 1)}`;
});

const started = (vars, more) => startEdge({ ...more, vars: { ORIGIN: origin.url, PURGE_TOKENS: TOKEN, ...vars } });

/** The purge records that were written, by the beginning of their keys. */
const records = (edge, prefix = "p/") =>
  edge.kv.operations.filter(({ kind, keys }) => kind === "put" && keys[0].startsWith(prefix)).length;

describe("anonymous purges", () => {
  for (const status of [200, 204, 201, 302, 303]) {
    test(`by POSTs that are answered with ${status} write no record for the world`, async () => {
      const edge = await started({});
      for (let i = 0; i < 60; i += 1) {
        const each = `${path}-${i}`;
        const victim = { location: `${path}-victim-${i}`, "content-location": `${path}-other-${i}` };
        origin.on(each, (seen) => (seen.method === "POST" ? { status, headers: victim } : { body: "hello", headers: SHARED }));
        await edge.fetch(each);
        await edge.fetch(each, { method: "POST", body: "x" });
      }
      await sleep(300);
      assert.equal(records(edge), 0);
      await edge.close();
    });
  }

  for (const method of ["PUT", "PATCH", "DELETE", "LOCK", "MKCOL"]) {
    test(`by ${method} neither`, async () => {
      const edge = await started({});
      origin.on(path, (seen) => (seen.method === method ? { status: 204 } : { body: "hello", headers: SHARED }));
      await hitOf(edge, path);
      await edge.fetch(path, { method });
      await sleep(200);
      assert.equal(records(edge), 0);
      assert.equal(cacheStatus(await edge.fetch(path)).hit, false, "the duty is met where the request came");
      await edge.close();
    });
  }

  test("do not reach another data centre, where INVALIDATION is here", async () => {
    const edge = await started({ INVALIDATION: "here" }, { dataCentres: 2 });
    origin.on(path, (seen) =>
      seen.method === "POST"
        ? { status: 204, headers: { "cache-group-invalidation": '"g"' } }
        : { body: "hello", headers: SHARED },
    );
    await hitOf(edge, path);
    await hitOf(edge.dataCentre(1), path);
    await edge.fetch(path, { method: "POST", body: "x" });
    await sleep(200);
    assert.equal(records(edge), 0);
    assert.equal(cacheStatus(await edge.fetch(path)).hit, false);
    assert.equal(cacheStatus(await edge.dataCentre(1).fetch(path)).hit, true);
    await edge.close();
  });

  test("by URL are soft, and within the day's budget, where INVALIDATION is everywhere", async () => {
    const edge = await started({ INVALIDATION: "everywhere", VISITOR_WRITES_PER_DAY: 20 });
    for (let i = 0; i < 60; i += 1) {
      const each = `${path}-${i}`;
      origin.on(each, (seen) => (seen.method === "POST" ? { status: 204 } : { body: "hello", headers: SWR }));
      await edge.fetch(each);
      await edge.fetch(each, { method: "POST", body: "x" });
    }
    await sleep(500);
    assert.equal(records(edge, "p/h/"), 0);
    assert.ok(records(edge) > 0 && records(edge) <= 20, `${records(edge)} records`);
    await edge.close();
  });

  test("by cache groups share one budget, and leave authenticated purges theirs", async () => {
    const edge = await started({ INVALIDATION: "groups", VISITOR_WRITES_PER_DAY: 20 });
    for (let i = 0; i < 20; i += 1) {
      const groups = Array.from({ length: 50 }, (_, j) => `"group-${i}-${j}"`).join(", ");
      origin.on(`${path}-${i}`, { status: 204, headers: { "cache-group-invalidation": groups } });
      await edge.fetch(`${path}-${i}`, { method: "POST", body: "x" });
    }
    await sleep(500);
    assert.equal(records(edge, "p/h/"), 0);
    assert.ok(records(edge) > 0 && records(edge) <= 20, `${records(edge)} records`);
    const before = records(edge);
    assert.equal((await purge(edge, { tags: ["a", "b"] }, TOKEN)).status, 200);
    assert.equal(records(edge), before + 2);
    await edge.close();
  });

  test("have their budget back the next day", async () => {
    const edge = await started({ INVALIDATION: "groups", VISITOR_WRITES_PER_DAY: 2 }, { probe: true });
    origin.on(path, () => ({ status: 204, headers: { "cache-group-invalidation": `"group-${origin.count()}"` } }));
    for (let day = 1; day <= 2; day += 1) {
      for (let i = 0; i < 5; i += 1) await edge.fetch(path, { method: "POST", body: "x" });
      await sleep(300);
      assert.equal(records(edge), 2 * day);
      await advance(86_500_000);
    }
    await edge.close();
  });
});

describe("a visitor that hangs up", () => {
  for (const method of ["POST", "DELETE"]) {
    test(`before the response to a ${method} does not keep the old page`, async () => {
      const edge = await started({});
      // Over the runtime's front, which notices at once that a connection is gone.
      const { hostname, port } = new URL(edge.url);
      const page = async () => (await fetch(new URL(path, edge.url))).text();
      origin.on(path, { body: "old", headers: SWR });
      await page();
      origin.on(path, { body: "new", headers: SWR });
      await stays(async () => assert.equal(await page(), "old"), 500);
      const hold = origin.hold(path);
      const visitor = net.connect(Number(port), hostname).on("error", () => {});
      visitor.write(`${method} ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Length: 1\r\n\r\nx`);
      await hold.arrived();
      visitor.resetAndDestroy();
      await sleep(500);
      hold.release();
      await eventually(async () => assert.equal(await page(), "new"));
      await edge.close();
    });
  }
});

describe("safe methods", () => {
  for (const method of ["PROPFIND", "SEARCH", "REPORT", "OPTIONS", "TRACE"]) {
    test(`${method} invalidates nothing`, async () => {
      const edge = await started({});
      origin.on(path, (seen) =>
        seen.method === method ? { status: 207, body: "<multistatus/>" } : { body: "hello", headers: SHARED },
      );
      await hitOf(edge, path);
      await edge.fetch(path, { method });
      await sleep(100);
      assert.deepEqual([cacheStatus(await edge.fetch(path)).hit, records(edge)], [true, 0]);
      await edge.close();
    });
  }
});

describe("tokens", () => {
  for (const name of ["PURGE_TOKENS", "READ_TOKENS"]) {
    for (const token of ["short", "fifteen-letters", "replace-me", "replace-me-too", `${TOKEN},short`]) {
      test(`${name} ${token} is refused by name`, async () => {
        const edge = await startEdge({ vars: { ORIGIN: origin.url, PURGE_TOKENS: TOKEN, [name]: token } });
        const answer = await edge.fetch("/");
        const asked = await purge(edge, { tags: ["a"] }, token.split(",").at(-1));
        await edge.close();
        assert.deepEqual([answer.status, asked.status], [500, 500]);
        assert.match(answer.text(), new RegExp(name));
        assert.ok(!answer.text().includes(token), "a secret is not echoed");
      });
    }
  }

  test("of sixteen characters are taken", async () => {
    const edge = await startEdge({ vars: { ORIGIN: origin.url, PURGE_TOKENS: "sixteen-letters!" } });
    assert.equal((await purge(edge, { tags: ["a"] }, "sixteen-letters!")).status, 200);
    await edge.close();
  });
});
