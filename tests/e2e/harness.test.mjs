/** The harness itself: that it can do what the other tests rely on. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { before, beforeEach, describe, test } from "node:test";
import zlib from "node:zlib";
import { advance, cacheStatus, eventually, pattern, startEdge, startOrigin, stays, together } from "./harness.mjs";

const script = await readFile(new URL("stub-worker.mjs", import.meta.url), "utf8");
const MEGABYTE = 1 << 20;

describe("origin", () => {
  let origin, edge;

  before(async () => {
    origin = await startOrigin();
    edge = await startEdge({ script, vars: { ORIGIN: origin.url } });
  });
  beforeEach(() => origin.reset());

  test("counts requests and keeps them as they came", async () => {
    origin.on("/page", { body: "hello" });
    await edge.fetch("/page?a=1", { headers: { "X-Name": "café" } });
    await edge.fetch("/page?a=2", { method: "POST", body: "sent" });
    assert.equal(origin.count("/page"), 2);
    assert.equal(origin.count("/page?a=1"), 1);
    assert.equal(origin.requests[0].headers.get("x-name"), "café");
    assert.equal((await origin.requests[1].body()).toString(), "sent");
  });

  test("holds answers until they are released", async () => {
    origin.on("/held", { body: "late" });
    const hold = origin.hold("/held");
    let answered = 0;
    const pages = together(5, async () => {
      const page = await edge.fetch("/held");
      answered += 1;
      return page.text();
    });
    await hold.arrived(5);
    await stays(() => answered === 0, 100);
    hold.release();
    assert.deepEqual(await pages, Array(5).fill("late"));
  });

  test("holds an answer in the middle of its body", async () => {
    origin.on("/half", { body: "first second" });
    const hold = origin.hold("/half", { afterBytes: 6 });
    const page = await edge.open("/half");
    const [first] = await once(page.incoming, "data");
    assert.equal(first.toString(), "first ");
    hold.release();
    await page.read();
    assert.equal(page.text(), "second");
  });

  test("sees a visitor of its own hang up", async () => {
    origin.on("/long", { body: { bytes: 100 * MEGABYTE } });
    (await edge.open("/long")).hangUp();
    await eventually(() => origin.requests[0].hungUp);
  });

  for (const chunked of [false, true]) {
    test(`breaks off in the middle of a body, ${chunked ? "chunked" : "with Content-Length"}`, async () => {
      origin.on("/broken", { body: { bytes: 1000 }, breakAfter: 400, chunked });
      const page = await edge.fetch("/broken");
      assert.equal(page.status, 200);
      assert.deepEqual([page.bytes, page.aborted], [400, true]);
    });
  }

  test("breaks off before the head, refuses, comes back", async () => {
    origin.on("/fragile", { breakBefore: true });
    assert.equal((await edge.fetch("/fragile")).status, 502);
    assert.equal(origin.count("/fragile"), 1);
    await origin.stop();
    assert.equal((await edge.fetch("/fragile")).status, 502);
    await origin.restart();
    origin.on("/fragile", { status: 204 });
    assert.equal((await edge.fetch("/fragile")).status, 204);
  });

  test("stalls before the head", async () => {
    origin.on("/never", { stall: true });
    const signal = AbortSignal.timeout(200);
    await assert.rejects(edge.fetch("/never", { signal }), { name: "AbortError" });
    assert.equal(origin.count("/never"), 1);
  });

  test("sends any byte in a field, and repeated lines", async () => {
    const bytes = Buffer.from([0x61, 0xe9, 0xff]);
    origin.on("/raw", {
      headers: [
        ["X-Bytes", bytes],
        ["X-Text", "€"],
        ["Set-Cookie", ["a=1", "b=2"]],
      ],
    });
    const { headers } = await edge.fetch("/raw");
    assert.deepEqual(headers.bytes("x-bytes"), bytes);
    assert.equal(headers.get("x-text"), "€");
    assert.deepEqual(headers.all("set-cookie"), ["a=1", "b=2"]);
  });

  for (const [encoding, decode] of Object.entries({
    gzip: zlib.gunzipSync,
    br: zlib.brotliDecompressSync,
    zstd: zlib.zstdDecompressSync,
  })) {
    test(`sends ${encoding}, and the visitor gets the bytes as they are`, async () => {
      origin.on("/raw", { body: "again ".repeat(500), encoding, headers: { "content-type": "text/html" } });
      const page = await edge.fetch("/raw");
      assert.equal(page.headers.get("content-encoding"), encoding);
      assert.equal(decode(page.body).toString(), "again ".repeat(500));
    });
  }

  test("answers conditional requests", async () => {
    origin.on("/tagged", { body: "x", etag: '"v1"', lastModified: "Wed, 21 Oct 2015 07:28:00 GMT" });
    const asked = async (headers) => (await edge.fetch("/tagged", { headers })).status;
    assert.equal(await asked({ "If-None-Match": 'W/"v1"' }), 304);
    assert.equal(await asked({ "If-None-Match": '"v0", "v2"' }), 200);
    assert.equal(await asked({ "If-Modified-Since": "Wed, 21 Oct 2015 07:28:01 GMT" }), 304);
  });

  test("streams 100 MB", async () => {
    const bytes = 100 * MEGABYTE;
    origin.on("/large", { body: { bytes } });
    const page = await edge.fetch("/large", { discard: true });
    assert.deepEqual([page.bytes, page.aborted], [bytes, false]);
    assert.notDeepEqual(pattern(0, 1000), pattern(MEGABYTE, MEGABYTE + 1000));
  });

  test("answers a WebSocket upgrade", async () => {
    origin.on("/socket", { webSocket: (text) => `${text}, too` });
    const socket = new WebSocket(`${edge.url.replace("http", "ws")}/socket`);
    await once(socket, "open");
    socket.send("you");
    const [{ data }] = await once(socket, "message");
    assert.equal(data, "you, too");
    socket.close();
  });
});

describe("edge", () => {
  test("asks for any scheme and host", async () => {
    const edge = await startEdge({ script });
    assert.equal((await edge.fetch("/url?a=%2F")).text(), "https://www.example.com/url?a=%2F");
    assert.equal((await edge.fetch("http://other.example:81/url")).text(), "http://other.example:81/url");
  });

  test("two isolates share the cache and no memory", async () => {
    const edge = await startEdge({ script, isolates: 2 });
    const calls = async (i) => (await edge.isolate(i).fetch("/calls")).text();
    assert.deepEqual([await calls(0), await calls(0), await calls(1)], ["1", "2", "1"]);
    await edge.isolate(0).fetch("/remember", { headers: { "X-Value": "here" } });
    assert.equal((await edge.isolate(1).fetch("/recall")).text(), "here");
    await edge.dataCentre(0).emptyCache();
    assert.equal((await edge.isolate(1).fetch("/recall")).text(), "nothing");
  });

  test("two data centres share KV and no cache", async () => {
    const edge = await startEdge({ script, dataCentres: 2 });
    await edge.dataCentre(0).fetch("/remember", { headers: { "X-Value": "here" } });
    assert.equal((await edge.dataCentre(1).fetch("/recall")).text(), "nothing");
    await kv(edge.dataCentre(0), "put", "key", "value");
    assert.deepEqual(await kv(edge.dataCentre(1), "get", "key"), { ok: "value" });
    assert.deepEqual(
      edge.kv.operations.map(({ dataCentre }) => dataCentre),
      [0, 1],
    );
  });

  test("keeps what the Workers log", async () => {
    const edge = await startEdge({ script });
    await edge.fetch("/log");
    await eventually(() => edge.logs.some(({ level, message }) => level === "warn" && /seen by the log/.test(message)));
  });

  test("takes 1,000 visitors at once", async () => {
    const edge = await startEdge({ script });
    const statuses = await together(1000, async () => (await edge.fetch("/url")).status);
    assert.deepEqual(new Set(statuses), new Set([200]));
  });
});

describe("probe", () => {
  test("sees how the origin request is made", async () => {
    const origin = await startOrigin();
    const edge = await startEdge({ script, probe: true, vars: { ORIGIN: origin.url } });
    await edge.fetch("/no-store");
    await edge.fetch("/raw", { headers: { "X-Own": "1" } });
    const [first, second] = await edge.probe.fetches();
    assert.deepEqual([first.url, first.cache, first.redirect], [`${origin.url}/no-store`, "no-store", "manual"]);
    assert.deepEqual([second.encodeResponseBody, second.headers["x-own"]], ["manual", "1"]);
    await edge.probe.reset();
    assert.deepEqual(await edge.probe.fetches(), []);
  });

  test("lets the Cache API fail, or keep nothing", async () => {
    const edge = await startEdge({ script, probe: true });
    const remember = async () => (await edge.fetch("/remember", { headers: { "X-Value": "here" } })).json();
    const recall = async () => (await edge.fetch("/recall")).text();
    await edge.probe.cache({ put: "reject" });
    assert.deepEqual(await remember(), { error: "the cache cannot be written" });
    await edge.probe.cache({ put: "drop" });
    assert.deepEqual([await remember(), await recall()], [{ ok: null }, "nothing"]);
    await edge.probe.cache({ put: null });
    assert.deepEqual([await remember(), await recall()], [{ ok: null }, "here"]);
    await edge.probe.cache({ match: "miss" });
    assert.equal(await recall(), "nothing");
    assert.deepEqual((await edge.probe.cacheCalls()).at(-1), { call: "match", url: "https://cache.example/kept" });
  });

  test("moves the clock on, for the Worker, the origin and KV", async () => {
    const HOUR = 3_600_000;
    const origin = await startOrigin();
    const edge = await startEdge({ script, probe: true, vars: { ORIGIN: origin.url } });
    edge.kv.put("short", "x", { ttl: 60 });
    await advance(HOUR);
    const later = await startEdge({ script, probe: true });
    const date = (await edge.fetch("/dated")).headers.get("date");
    const times = [...(await edge.fetch("/clock")).json(), ...(await later.fetch("/clock")).json(), Date.parse(date)];
    for (const time of times) assert.ok(Math.abs(time - Date.now() - HOUR) < 5000, String(time));
    assert.deepEqual(edge.kv.dump(), []);
    await advance(-HOUR);
  });

  test("reads the memory of the built Worker, bare and probed alike to a visitor", async () => {
    const origin = await startOrigin();
    origin.on("/page", { body: "hello" });
    const edge = await startEdge({ probe: true, vars: { ORIGIN: origin.url } });
    assert.equal((await edge.fetch(`${origin.url}/page`)).text(), "hello");
    const bytes = await edge.probe.memoryBytes();
    assert.ok(bytes > 0 && bytes % 65536 === 0, `${bytes} bytes`);
  });
});

describe("what a test file leaves behind", () => {
  const START = `
    import { startEdge } from ${JSON.stringify(new URL("harness.mjs", import.meta.url).href)};
    const { url } = await startEdge({ script: "export default { fetch() { return new Response() } }" });
    console.log(url, (await fetch(url)).status);
  `;
  const WAIT = "setInterval(() => {}, 1000);";

  for (const [how, rest, signal] of [
    ["passes", "import test from 'node:test'; test('passes', () => {});"],
    ["fails", "import test from 'node:test'; test('fails', () => { throw new Error('on purpose') });"],
    ["throws outside a test", "throw new Error('on purpose');"],
    ["is interrupted", WAIT, "SIGINT"],
    ["is terminated", WAIT, "SIGTERM"],
    ["is killed", WAIT, "SIGKILL"],
  ]) {
    test(`is nothing when it ${how}`, async () => {
      const flags = ["--input-type=module", "-e", START + rest];
      const child = spawn(process.execPath, flags, { stdio: ["ignore", "pipe", "ignore"] });
      const exited = once(child, "exit");
      const [, url] = await said(child, /(http:\S+) 200/);
      if (signal) child.kill(signal);
      await exited;
      await eventually(() => assert.rejects(fetch(url)));
    });
  }
});

test("cacheStatus reads the last member", () => {
  const read = (line) => {
    const answer = { status: 200, headers: { get: () => line } };
    return cacheStatus(answer);
  };
  assert.deepEqual(read('other; hit, "edge; isr"; fwd=stale; fwd-status=304;ttl=-3; stored; detail="a, \\"b\\""'), {
    ...{ cache: "edge; isr", hit: false, stored: true, collapsed: false },
    ...{ fwd: "stale", fwdStatus: 304, ttl: -3, detail: 'a, "b"' },
  });
  assert.equal(read("edge-isr; hit; ttl=5").hit, true);
  assert.throws(() => read(undefined), /no Cache-Status/);
});

async function kv(at, call, ...args) {
  const body = JSON.stringify({ call, with: args });
  return (await at.fetch("/kv", { method: "POST", body })).json();
}

/** Waits for a process to print something. */
async function said(child, pattern) {
  let all = "";
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    all += chunk;
    if (pattern.test(all)) return all.match(pattern);
  }
  throw new Error(`it never said ${pattern}: ${all}`);
}
