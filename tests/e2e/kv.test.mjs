/** The harness's KV: held against the runtime's own, and made to fail. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, beforeEach, describe, test } from "node:test";
import { advance, startEdge, stays, together } from "./harness.mjs";

const script = await readFile(new URL("stub-worker.mjs", import.meta.url), "utf8");

let edge;

before(async () => {
  edge = await startEdge({ script, dataCentres: 2, env: { REAL: { type: "kv", id: "real" } } });
});
beforeEach(() => {
  edge.kv.heal();
  edge.kv.reset();
});

/** One after the other, on an empty namespace: a later call sees what an earlier one wrote. */
const CALLS = [
  ["get", "absent"],
  ["get", "absent", { type: "json", cacheTtl: 30 }],
  ["get", "absent", { cacheTtl: 10 }],
  ["getWithMetadata", "absent"],
  ["put", "a/b c", "one", { metadata: { u: "é€" }, expirationTtl: 60 }],
  ["put", "short", "x", { expirationTtl: 59 }],
  ["put", "json", '{"a":1}'],
  ["put", "empty", ""],
  ["put", "k".repeat(512), "x"],
  ["put", "k".repeat(513), "x"],
  ["put", "é".repeat(257), "x"],
  ["put", "m", "x", { metadata: "m".repeat(1022) }],
  ["put", "m", "x", { metadata: "m".repeat(1023) }],
  ["get", "a/b c"],
  ["get", "json", "json"],
  ["get", "empty"],
  ["get", ""],
  ["get", ".."],
  ["getWithMetadata", "a/b c"],
  ["get", ["a/b c", "absent", "json"]],
  ["get", ["json"], "json"],
  ["get", ["json", "a/b c"], "json"],
  ["get", ["json"], { cacheTtl: 60 }],
  ["getWithMetadata", ["a/b c", "absent", "json"]],
  ["get", names(100)],
  ["get", names(101)],
  ["get", []],
  ...names(5).map((name, i) => ["put", `l/${name}`, "x", i % 2 ? { metadata: { i } } : {}]),
  ["list", { prefix: "l/", limit: 2 }],
  ["list", { prefix: "l/", limit: 3, cursor: Buffer.from("l/1").toString("base64") }],
  ["list", { prefix: "none" }],
  ["list", { limit: 1001 }],
  ["delete", "l/1"],
  ["delete", "absent"],
  ["list"],
];

test("answers every call as the runtime's own KV does", async () => {
  for (const [call, ...args] of CALLS) {
    const own = await ask(edge, "TAGS", call, args);
    const real = await ask(edge, "REAL", call, args);
    assert.deepEqual(withoutTime(own), withoutTime(real), `${call} ${JSON.stringify(args).slice(0, 80)}`);
  }
});

test("counts operations, and the keys of bulk reads", async () => {
  await kv("put", "key", "value");
  await kv("get", "key");
  await kv("get", ["key", "absent", "other"]);
  await kv("list");
  await kv("delete", "key");
  assert.deepEqual(edge.kv.counts(), { get: 1, bulk: 1, bulkKeys: 3, put: 1, delete: 1, list: 1 });
  edge.kv.reset();
  assert.equal(edge.kv.counts().put, 0);
});

describe("fails", () => {
  test("the next writes, with the runtime's own words", async () => {
    edge.kv.fail({ writes: 2, status: 429 });
    assert.deepEqual(await kv("put", "key", "1"), { error: "KV PUT failed: 429 Too Many Requests" });
    assert.deepEqual(await kv("delete", "key"), { error: "KV DELETE failed: 429 Too Many Requests" });
    assert.deepEqual(await kv("put", "key", "3"), { ok: null });
  });

  test("reads and lists, until it is healed", async () => {
    edge.kv.fail({ reads: true, lists: true });
    assert.deepEqual(await kv("get", "key"), { error: "KV GET failed: 500 Internal Server Error" });
    assert.deepEqual(await kv("get", ["key"]), { error: "KV GET_BULK failed: 500 Internal Server Error" });
    assert.match((await kv("list")).error, /500 Internal Server Error/);
    assert.deepEqual(await kv("put", "key", "value"), { ok: null });
    edge.kv.heal();
    assert.deepEqual(await kv("get", "key"), { ok: "value" });
  });

  test("only the keys of a prefix", async () => {
    edge.kv.fail({ writes: true, prefix: "t/", message: "no more" });
    assert.deepEqual(await kv("put", "t/a", "x"), { error: "KV PUT failed: 500 no more" });
    assert.deepEqual(await kv("put", "p/a", "x"), { ok: null });
  });

  test("all but the first so many", async () => {
    edge.kv.fail({ writes: 2, after: 1, prefix: "t/" });
    assert.deepEqual(await kv("put", "p/a", "x"), { ok: null });
    assert.deepEqual(await kv("put", "t/a", "x"), { ok: null });
    assert.match((await kv("put", "t/b", "x")).error, /500/);
    assert.match((await kv("put", "t/c", "x")).error, /500/);
    assert.deepEqual(await kv("put", "t/d", "x"), { ok: null });
  });

  test("by a lost connection", async () => {
    edge.kv.fail({ reads: 1, status: 0 });
    assert.deepEqual(await kv("get", "key"), { error: "Network connection lost." });
  });
});

test("holds a write before it has an effect", async () => {
  const hold = edge.kv.hold("writes");
  const written = kv("put", "held", "x");
  await hold.arrived();
  await stays(() => edge.kv.dump("held").length === 0, 100);
  hold.release();
  await written;
  assert.equal(edge.kv.dump("held").length, 1);
});

test("delays", async () => {
  edge.kv.delay({ reads: 150 });
  const start = Date.now();
  await kv("get", "key");
  assert.ok(Date.now() - start >= 150);
});

test("takes one write a second per key, when it is limited", async () => {
  edge.kv.limit();
  const refused = { error: "KV PUT failed: 429 Too Many Requests" };
  assert.deepEqual(await together(3, (i) => kv("put", `key-${i}`, "x")), Array(3).fill({ ok: null }));
  assert.deepEqual(await kv("put", "key-0", "y"), refused);
  assert.deepEqual(
    edge.kv.operations.map((operation) => operation.refused),
    [undefined, undefined, undefined, 429],
  );
  await advance(1000);
  assert.deepEqual([await kv("put", "key-0", "y"), await kv("put", "key-0", "z")], [{ ok: null }, refused]);
  edge.kv.heal();
  assert.deepEqual(await kv("put", "key-0", "z"), { ok: null });
});

test("tells how many operations were under way at once", async () => {
  await kv("get", "key");
  await kv("get", "key");
  assert.equal(edge.kv.mostAtOnce, 1);
  const hold = edge.kv.hold("reads");
  const read = together(4, () => kv("get", "key"));
  await hold.arrived(4);
  hold.release();
  await read;
  assert.equal(edge.kv.mostAtOnce, 4);
});

test("lets a data centre see writes late", async () => {
  edge.kv.put("seen", "old");
  edge.kv.freeze({ dataCentre: 1 });
  await kv("put", "seen", "new");
  assert.deepEqual(await kv("get", "seen"), { ok: "new" });
  assert.deepEqual(await ask(edge.dataCentre(1), "TAGS", "get", ["seen"]), { ok: "old" });
  edge.kv.heal();
  assert.deepEqual(await ask(edge.dataCentre(1), "TAGS", "get", ["seen"]), { ok: "new" });
});

function kv(call, ...args) {
  return ask(edge, "TAGS", call, args);
}

async function ask(at, binding, call, args) {
  const body = JSON.stringify({ binding, call, with: args });
  return (await at.fetch("/kv", { method: "POST", body })).json();
}

function names(n) {
  return Array.from({ length: n }, (_, i) => String(i));
}

/** The two were written a moment apart. */
function withoutTime({ ok, error }) {
  const keys = ok?.keys?.map(({ expiration, ...key }) => ({ ...key, expires: expiration > 0 }));
  return { error, ok: keys ? { ...ok, keys } : ok };
}
