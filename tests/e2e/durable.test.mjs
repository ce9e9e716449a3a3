/** The durable tier: data centres that share KV, and nothing else. */

import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { before, beforeEach, describe, test } from "node:test";
import { advance, cacheStatus, eventually, hitOf, startEdge, startOrigin } from "./harness.mjs";
import { TOKEN, purge } from "./purge.mjs";

const DAY = "s-maxage=3600, stale-if-error=86400";
const GZIP = { "accept-encoding": "gzip" };
const HOUR = 3_600_000;

describe("with the durable tier", () => {
  let origin, edge, near, far, path;
  let number = 0;

  before(async () => {
    origin = await startOrigin();
    const vars = { ORIGIN: origin.url, PURGE_TOKENS: TOKEN };
    edge = await startEdge({ probe: true, pages: true, dataCentres: 2, vars });
    [near, far] = [edge.dataCentre(0), edge.dataCentre(1)];
  });
  beforeEach(() => {
    origin.reset();
    edge.pages.heal();
    path = `/durable-${(number += 1)}`;
  });

  /** Stores the page in one data centre, and waits until it is in the tier. */
  async function stored(page, { entries = 1, headers } = {}) {
    origin.on(path, page);
    const before = edge.pages.dump("").length;
    await hitOf(near, path, { headers });
    await eventually(() => assert.ok(edge.pages.dump("").length >= before + entries, "the page is in the tier"));
    origin.reset();
  }

  test("a data centre that has never seen a page shows it, byte for byte, and asks the origin nothing", async () => {
    const body = gzipSync(Buffer.from("breads ".repeat(1000)));
    const headers = { "cache-control": DAY, "content-encoding": "gzip", "x-baker": "Zoë", etag: '"1"', "cache-tag": "bread" };
    // One that varies has an entry for the variant, and one that names the field.
    await stored({ body, headers }, { entries: 2, headers: GZIP });
    const answer = await far.fetch(path, { headers: GZIP });
    assert.deepEqual([cacheStatus(answer).hit, cacheStatus(answer).detail], [true, "durable"]);
    assert.deepEqual(answer.body, body);
    assert.equal(answer.headers.get("x-baker"), "Zoë");
    assert.equal(origin.requests.length, 0);
    assert.equal(
      cacheStatus(await far.fetch(path, { headers: GZIP })).detail,
      undefined,
      "it is the data centre's own from then on",
    );
  });

  test("with the origin down for an hour, each page that was stored is shown where it was never seen", async () => {
    await stored({ body: "before", headers: { "cache-control": DAY } });
    await advance(2 * HOUR);
    origin.on(path, { status: 503, body: "down" });
    const answer = await far.fetch(path);
    assert.deepEqual([answer.status, answer.text()], [200, "before"]);
    assert.equal(cacheStatus(answer).fwdStatus, 503);
  });

  test("a purge outdates the copy in the tier", async () => {
    await stored({ body: "before", headers: { "cache-control": DAY, "cache-tag": "bread" } });
    assert.equal((await purge(near, { tags: ["bread"], mode: "hard" })).status, 200);
    await advance(61_000);
    origin.on(path, { body: "after", headers: { "cache-control": DAY, "cache-tag": "bread" } });
    assert.equal((await far.fetch(path)).text(), "after");
  });

  test("an entry that is damaged counts as absent", async () => {
    await stored({ body: "before", headers: { "cache-control": DAY } });
    for (const { key } of edge.pages.dump("")) edge.pages.put(key, "\0\0\xff\xff{");
    origin.on(path, { body: "after", headers: { "cache-control": DAY } });
    assert.equal((await far.fetch(path)).text(), "after");
  });

  test("a tier that does not answer costs a tenth of a second, and no response", async () => {
    await stored({ body: "before", headers: { "cache-control": DAY } });
    origin.on(path, { body: "after", headers: { "cache-control": DAY } });
    const hold = edge.pages.hold("reads");
    assert.equal((await far.fetch(path)).text(), "after");
    hold.release();
  });
});
