/** Purges: which tokens may, what is answered, and what they do. Their races: `races.test.mjs`. */

import assert from "node:assert/strict";
import { before, beforeEach, describe, test } from "node:test";
import { advance, cacheStatus, eventually, hitOf, startEdge, startOrigin } from "./harness.mjs";
import { TOKEN, bearer, purge } from "./purge.mjs";

const SECOND = "the-second-token-that-purges";
const READER = "the-token-that-reads";
const FRESH = { "cache-control": "s-maxage=6000, stale-while-revalidate=6000" };

/** What the Worker wrote to KV since the last reset. */
function puts(edge, prefix) {
  return edge.kv.operations.filter(({ kind, keys }) => kind === "put" && keys[0].startsWith(prefix));
}

/** A receipt is written behind the answer's back. */
function receipts(edge, number) {
  return eventually(() => assert.equal(puts(edge, "r/").length, number));
}

function receipt(at, id, token = TOKEN) {
  return at.fetch(`/edge-isr/purges/${id}`, { headers: bearer(token) });
}

describe("control routes", () => {
  let origin, edge;

  before(async () => {
    origin = await startOrigin();
    const vars = {
      ORIGIN: origin.url,
      PURGE_TOKENS: `${TOKEN},${SECOND}`,
      READ_TOKENS: READER,
      PURGE_ITEMS_MAX: 10,
      HOSTS: "www.example.com",
    };
    edge = await startEdge({ vars });
  });
  beforeEach(() => edge.kv.reset());

  test("refuse a caller without the right token, and do nothing", async () => {
    const body = '{"tags":["a"]}';
    const ask = (headers) => edge.fetch("/edge-isr/purge", { method: "POST", headers, body });
    assert.equal((await ask({})).status, 401);
    assert.equal((await ask(bearer("wrong"))).status, 401);
    assert.equal((await ask(bearer(""))).status, 401);
    assert.equal((await ask({ authorization: `Basic ${TOKEN}` })).status, 401);
    const forbidden = await ask(bearer(READER));
    assert.equal(forbidden.status, 403);
    assert.equal(forbidden.headers.get("content-type"), "application/problem+json");
    assert.deepEqual(edge.kv.counts().put, 0);
    assert.equal((await ask(bearer(SECOND))).status, 200);
    assert.equal((await ask({ authorization: `bearer ${TOKEN}` })).status, 200);
    await receipts(edge, 2);
  });

  test("name the setting when no token is configured", async () => {
    const open = await startEdge({ vars: { ORIGIN: origin.url } });
    for (const answer of [await purge(open, { tags: ["a"] }), await open.fetch("/edge-isr/status?tag=a")]) {
      assert.equal(answer.status, 503);
      assert.equal(answer.json().field, "PURGE_TOKENS");
    }
    assert.equal(open.kv.counts().put, 0);
    await open.close();
  });

  for (const [body, field] of [
    ["", "body"],
    ["{", "body"],
    ["[]", "body"],
    ['{"tags":"a"}', "tags"],
    ['{"urls":[1]}', "urls"],
    ['{"everything":"yes"}', "everything"],
    ['{"tags":["a"],"mode":"firm"}', "mode"],
    ['{"tags":["a"],"tag":["a"]}', "tag"],
    ["{}", "tags"],
    ['{"tags":[],"everything":false}', "tags"],
  ]) {
    test(`answer 400 that names the field ${field} to ${body || "nothing"}`, async () => {
      const answer = await purge(edge, body);
      assert.deepEqual([answer.status, answer.json().field], [400, field]);
      assert.equal(edge.kv.counts().put, 0);
    });
  }

  test("answer 413 to too much, and name what to change", async () => {
    const tags = Array.from({ length: 11 }, (_, i) => `t${i}`);
    const tooMany = await purge(edge, { tags });
    assert.deepEqual([tooMany.status, tooMany.json().field], [413, "PURGE_ITEMS_MAX"]);
    // No setting allows more bytes.
    const tooLong = await purge(edge, { tags: ["x".repeat(1 << 20)] });
    assert.deepEqual([tooLong.status, tooLong.json().field], [413, undefined]);
    assert.match(tooLong.json().detail, /fewer or shorter entries/);
    assert.equal(edge.kv.counts().put, 0);
  });

  test("do the rest and list what is rejected with the reason", async () => {
    const answer = await purge(edge, {
      tags: ["Good", "bad tag", "", "ä"],
      urls: ["https://www.example.com/a?y=2&x=1", "https://other.example/", "/a"],
      prefixes: ["/blog/", "blog", `${"/a".repeat(17)}`],
      hosts: ["WWW.example.com"],
    });
    assert.equal(answer.status, 413);
    const fits = await purge(edge, {
      tags: ["Good", "bad tag", "", "ä"],
      urls: ["https://www.example.com/a?y=2&x=1", "https://other.example/"],
      prefixes: ["/blog/", "blog", `${"/a".repeat(17)}`],
      hosts: ["WWW.example.com"],
    });
    assert.equal(fits.status, 200);
    const receipt = fits.json();
    assert.match(receipt.id, /^[0-9a-f]{32}$/);
    assert.match(receipt.at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.equal(receipt.mode, "soft");
    assert.deepEqual(receipt.purged, {
      tags: ["good"],
      urls: ["https://www.example.com/a?y=2&x=1"],
      prefixes: ["/blog"],
      hosts: ["www.example.com"],
      everything: false,
    });
    assert.deepEqual(
      receipt.rejected.map(({ field, value }) => [field, value]),
      [
        ["tags", "bad tag"],
        ["tags", ""],
        ["tags", "ä"],
        ["urls", "https://other.example/"],
        ["prefixes", "blog"],
        ["prefixes", "/a".repeat(17)],
      ],
    );
    assert.ok(receipt.rejected.every(({ reason }) => reason.length > 10));
    await receipts(edge, 1);
    const none = await purge(edge, { tags: [""] });
    assert.deepEqual([none.status, none.json().rejected.length], [422, 1]);
    assert.deepEqual([puts(edge, "p/").length, edge.kv.counts().put], [4, 5]);
  });

  test("answer 405 with Allow to a wrong method, and 404 to what is none; the origin sees neither", async () => {
    const get = await edge.fetch("/edge-isr/purge", { headers: bearer(TOKEN) });
    assert.deepEqual([get.status, get.headers.get("allow")], [405, "POST"]);
    const post = await edge.fetch("/edge-isr/status?tag=a", { method: "POST", headers: bearer(TOKEN) });
    assert.deepEqual([post.status, post.headers.get("allow")], [405, "GET"]);
    const receipt = await edge.fetch(`/edge-isr/purges/${"0".repeat(32)}`, { method: "DELETE", headers: bearer(TOKEN) });
    assert.deepEqual([receipt.status, receipt.headers.get("allow")], [405, "GET"]);
    assert.equal((await edge.fetch("/edge-isr/stored/abc")).status, 404);
    assert.equal(origin.count(), 0);
  });

  test("list the URLs of a tag and the tags of a URL, unknown ones empty, long lists with a cursor", async () => {
    const status = async (query) => (await edge.fetch(`/edge-isr/status?${query}`, { headers: bearer(READER) })).json();
    assert.deepEqual(await status("tag=none"), { tag: "none", urls: [] });
    assert.deepEqual(await status("url=https://www.example.com/none"), { url: "https://www.example.com/none", tags: [] });
    origin.on("/listed", { body: "x", headers: { ...FRESH, "cache-tag": "Post:1, posts" } });
    await edge.fetch("/listed");
    const url = "https://www.example.com/listed";
    await eventually(async () => assert.deepEqual(await status("tag=post%3A1"), { tag: "post:1", urls: [url] }));
    await eventually(async () => assert.deepEqual((await status(`url=${encodeURIComponent(url)}`)).tags, ["post:1", "posts"]));
    assert.equal((await edge.fetch("/edge-isr/status", { headers: bearer(READER) })).status, 400);
  });
});

describe("a purge", () => {
  let origin, edge, path;
  let number = 0;
  const vars = { PURGE_TOKENS: TOKEN };

  before(async () => {
    origin = await startOrigin();
    edge = await startEdge({ probe: true, isolates: 2, dataCentres: 2, vars: { ...vars, ORIGIN: origin.url } });
  });
  beforeEach(() => {
    origin.reset();
    edge.kv.heal();
    path = `/purged-${(number += 1)}`;
  });

  const page = (text, more = {}) => ({ body: text, headers: { ...FRESH, "cache-tag": `tag-${number}`, ...more } });
  const tags = () => [`tag-${number}`];

  test("by tag shows the old page once while one request fetches the new page", async () => {
    origin.on(path, page("old"));
    await hitOf(edge, path);
    origin.on(path, page("new"));
    assert.equal((await purge(edge, { tags: tags() })).status, 200);
    assert.equal((await edge.fetch(path)).text(), "old");
    await eventually(async () => (await edge.fetch(path)).text() === "new");
    const again = await edge.fetch(path);
    assert.ok(cacheStatus(again).ttl > 5000, "fresh at once");
    assert.equal(origin.count(path), 2);
  });

  test("that is hard shows nothing old", async () => {
    origin.on(path, page("old"));
    await hitOf(edge, path);
    origin.on(path, page("new"));
    await purge(edge, { tags: tags(), mode: "hard" });
    const seen = await edge.fetch(path);
    assert.deepEqual([seen.text(), cacheStatus(seen).fwd, cacheStatus(seen).detail], ["new", "miss", "purged"]);
  });

  for (const [what, select] of [
    ["tag", () => ({ tags: tags() })],
    ["URL", () => ({ urls: [`https://www.example.com${path}`] })],
    ["prefix", () => ({ prefixes: [path] })],
    ["host", () => ({ hosts: ["www.example.com"] })],
    ["everything", () => ({ everything: true })],
  ]) {
    for (const mode of ["soft", "hard"]) {
      test(`by ${what}, ${mode}, during a cold render is not lost`, async () => {
        origin.on(path, page("old"));
        const hold = origin.hold(path);
        const first = edge.fetch(path);
        await hold.arrived();
        await purge(edge, { ...select(), mode });
        // Longer than the skew: that the fence looks at the request's beginning must show.
        await advance(8_000);
        hold.release();
        assert.equal((await first).text(), "old");
        origin.on(path, page("new"));
        await eventually(async () => (await edge.fetch(path)).text() === "new");
      });
    }
  }

  test("reaches the other isolate and the other data centre past two memory windows", async () => {
    origin.on(path, page("old"));
    const others = [edge.isolate(1), edge.dataCentre(1)];
    for (const other of [edge, ...others]) await hitOf(other, path);
    origin.on(path, page("new"));
    await purge(edge, { tags: tags(), mode: "hard" });
    await advance(21_000);
    for (const other of others) assert.equal((await other.fetch(path)).text(), "new");
  });

  test("is retried with a new stamp when KV refuses, and never said to be done when it is not", async () => {
    edge.kv.fail({ writes: 1, status: 429, prefix: "p/" });
    const answer = await purge(edge, { tags: tags() });
    assert.equal(answer.status, 200);
    const [{ value }] = edge.kv.dump(`p/s/${tags()}`);
    assert.ok(Date.parse(answer.json().at) < JSON.parse(value).at);
    edge.kv.fail({ writes: true, status: 429, prefix: "p/s/never" });
    const failed = await purge(edge, { tags: [...tags(), "never"] });
    assert.equal(failed.status, 503);
    assert.deepEqual([failed.json().purged.tags, failed.json().failed.tags], [tags(), ["never"]]);
    const { title, status, detail, ...said } = failed.json();
    const { spread, ...kept } = await found(failed);
    assert.deepEqual([kept, spread], [said, { durable: false, here: { seen: 1, of: 2 } }]);
  });

  test("past what one invocation may do says at once what was done, what was not, and why", async () => {
    const message = "Too many API requests by single Worker invocation.";
    edge.kv.fail({ writes: true, after: 25, message });
    edge.kv.reset();
    const many = Array.from({ length: 40 }, (_, i) => `${tags()}-${String(i).padStart(2, "0")}`);
    const start = Date.now();
    const answer = await purge(edge, { tags: many });
    assert.ok(Date.now() - start < 5_000, `${Date.now() - start} ms`);
    assert.equal(answer.status, 503);
    const { purged, failed, detail } = answer.json();
    assert.deepEqual([purged.tags.length, failed.tags.length], [25, 15]);
    assert.deepEqual([...purged.tags, ...failed.tags].sort(), many);
    assert.deepEqual(
      edge.kv.dump(`p/s/${tags()}-`).map(({ key }) => key.slice(4)),
      [...purged.tags].sort(),
    );
    assert.match(detail, /Too many API requests/);
    assert.match(detail, /PURGE_ITEMS_MAX/);
    const attempts = (tag) => puts(edge, `p/s/${tag}`).length;
    assert.deepEqual(
      failed.tags.filter((tag) => attempts(tag) > 1),
      [],
    );
  });

  /** The receipt that KV has, once it has it. */
  async function found(answer) {
    const { id } = answer.json();
    await eventually(() => assert.equal(edge.kv.dump(`r/${id}`).length, 1));
    return (await receipt(edge, id)).json();
  }

  test("leaves a receipt: the same again, where it is seen, and when it usually is everywhere", async () => {
    edge.kv.freeze({ dataCentre: 1 });
    const answer = await purge(edge, { tags: tags(), hosts: ["www.example.com"], mode: "hard" });
    const { spread, ...kept } = await found(answer);
    assert.deepEqual(kept, answer.json());
    assert.deepEqual([spread.durable, spread.here], [true, { seen: 2, of: 2 }]);
    const wait = Date.parse(spread.usually_everywhere_by) - Date.parse(kept.at);
    assert.ok(wait >= 80_000 && wait < 90_000, `${wait} ms`);
    const elsewhere = await receipt(edge.dataCentre(1), kept.id);
    assert.deepEqual([elsewhere.status, elsewhere.json().field], [404, "RECEIPT_LIFE"]);
    edge.kv.heal();
    await advance(2_000);
    assert.deepEqual((await receipt(edge.dataCentre(1), kept.id)).json().spread, spread);
  });

  test("is answered before its receipt is written, and leaves it for a day", async () => {
    const hold = edge.kv.hold("writes", { prefix: "r/" });
    edge.kv.reset();
    const answer = await purge(edge, { tags: tags() });
    assert.equal(answer.status, 200);
    const { id, at } = answer.json();
    await hold.arrived();
    assert.deepEqual(
      puts(edge, "").map(({ keys }) => keys[0]),
      [`p/s/${tags()}`, `r/${id}`],
    );
    assert.equal((await receipt(edge, id)).status, 404);
    hold.release();
    await eventually(() => assert.equal(edge.kv.dump(`r/${id}`).length, 1));
    const life = edge.kv.dump(`r/${id}`)[0].expiresAt - Date.parse(at) / 1000;
    assert.ok(life > 86_390 && life < 86_420, `${life} s`);
  });

  test("stands where KV takes no receipt, which the log says", async () => {
    edge.kv.fail({ writes: true, prefix: "r/" });
    assert.equal((await purge(edge, { tags: tags() })).status, 200);
    await eventually(() => edge.logs.some(({ message }) => message.includes("receipt could not be kept")));
    assert.equal(edge.kv.dump(`p/s/${tags()}`).length, 1);
  });
});

describe("a receipt", () => {
  let edge;
  const unknown = "0123456789abcdef".repeat(2);

  before(async () => {
    edge = await startEdge({ probe: true, vars: { ORIGIN: "http://127.0.0.1:1", PURGE_TOKENS: TOKEN, READ_TOKENS: READER } });
  });
  beforeEach(() => edge.kv.heal());

  test("is for callers that may read", async () => {
    assert.equal((await edge.fetch(`/edge-isr/purges/${unknown}`)).status, 401);
    assert.equal((await receipt(edge, unknown, "wrong")).status, 401);
    assert.equal((await receipt(edge, unknown, READER)).status, 404);
  });

  for (const id of ["0", unknown.toUpperCase(), `${unknown}0`, `${unknown}/`, `${"%30".repeat(32)}`]) {
    test(`is not known by the id ${id}`, async () => {
      edge.kv.reset();
      const answer = await receipt(edge, id);
      assert.deepEqual([answer.status, answer.json().field, edge.kv.operations.length], [400, "id", 0]);
    });
  }

  test("that is unknown or has expired is absent; a receipt that cannot be read is not", async () => {
    const { id } = (await purge(edge, { tags: ["a"] })).json();
    await eventually(() => assert.equal(edge.kv.dump(`r/${id}`).length, 1));
    edge.kv.fail({ reads: 1, prefix: "r/" });
    const unreadable = await receipt(edge, id);
    assert.deepEqual([unreadable.status, unreadable.headers.get("content-type")], [503, "application/problem+json"]);
    await advance(2_000);
    assert.equal((await receipt(edge, id)).status, 200);
    await advance(86_500_000);
    const expired = await receipt(edge, id);
    assert.deepEqual([expired.status, expired.headers.get("content-type")], [404, "application/problem+json"]);
    assert.match(expired.json().detail, /expired.*RECEIPT_LIFE.*86400.*minute/s);
  });

  test("of five hundred selectors is kept and read", async () => {
    const tags = Array.from({ length: 500 }, (_, i) => `${i}-${"x".repeat(1000)}`);
    const answer = await purge(edge, { tags });
    assert.equal(answer.status, 200);
    await eventually(() => assert.equal(edge.kv.dump(`r/${answer.json().id}`).length, 1));
    edge.kv.reset();
    const found = (await receipt(edge, answer.json().id)).json();
    assert.deepEqual([found.purged.tags.length, found.spread.here], [500, { seen: 500, of: 500 }]);
    const { bulk, bulkKeys } = edge.kv.counts();
    assert.deepEqual([bulk, bulkKeys], [6, 501]);
  });
});

describe("KV", () => {
  let origin, edge, path;
  let number = 0;

  before(async () => {
    origin = await startOrigin();
    edge = await startEdge({ probe: true, vars: { ORIGIN: origin.url, PURGE_TOKENS: TOKEN } });
  });
  beforeEach(() => {
    edge.kv.heal();
    path = `/kv-${(number += 1)}`;
    origin.on(path, { body: "hello", etag: '"1"', headers: { ...FRESH, "cache-tag": `a-${number}, b-${number}` } });
  });

  /** The page's own entry is written after its relations. */
  function graphWritten() {
    return eventually(() => edge.kv.dump("u/").some(({ value }) => value.includes(`${path}"`)));
  }

  test("is not read by a hit within the memory window, and once in the background past it", async () => {
    await hitOf(edge, path);
    await graphWritten();
    await hitOf(edge, path);
    edge.kv.reset();
    for (let i = 0; i < 20; i += 1) assert.ok(cacheStatus(await edge.fetch(path)).hit);
    assert.deepEqual(edge.kv.counts(), { get: 0, bulk: 0, bulkKeys: 0, put: 0, delete: 0, list: 0 });
    await advance(11_000);
    await hitOf(edge, path);
    await eventually(() => assert.equal(edge.kv.counts().bulk, 1));
    assert.equal(edge.kv.counts().put, 0);
  });

  test("is not written by a revalidation with unchanged tags", async () => {
    await hitOf(edge, path);
    await graphWritten();
    edge.kv.reset();
    for (let i = 2; i < 5; i += 1) {
      await advance(6_001_000);
      await hitOf(edge, path);
      await eventually(() => origin.count(path) === i);
      await eventually(async () => cacheStatus(await edge.fetch(path)).ttl > 0);
    }
    const { put, delete: deleted } = edge.kv.counts();
    assert.deepEqual([put, deleted], [0, 0]);
  });

  test("unreadable: the young is served, the old is revalidated first", async () => {
    await hitOf(edge, path);
    edge.kv.fail({ reads: true });
    assert.ok(cacheStatus(await edge.fetch(path)).hit);
    await advance(22_000);
    const old = await edge.fetch(path);
    assert.deepEqual([old.text(), cacheStatus(old).fwd, cacheStatus(old).fwdStatus], ["hello", "stale", 304]);
    await hitOf(edge, path);
    await advance(22_000);
    await origin.stop();
    assert.equal((await edge.fetch(path)).status, 502);
    await origin.restart();
  });

  test("that takes no graph write costs the visitor nothing", async () => {
    edge.kv.fail({ writes: true, status: 429, prefix: "t/" });
    edge.kv.fail({ writes: true, status: 429, prefix: "u/" });
    assert.equal((await edge.fetch(path)).status, 200);
    await hitOf(edge, path);
    assert.equal((await purge(edge, { tags: [`a-${number}`] })).status, 200);
    await eventually(() => edge.logs.some(({ message }) => message.includes("tag graph")));
  });
});
