/** Warmups of sitemaps, well-formed and not. */

import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { before, beforeEach, describe, test } from "node:test";
import { eventually, startEdge, startOrigin } from "./harness.mjs";
import { TOKEN, bearer } from "./purge.mjs";
import { at, counts, ended, passing, report, reported, started, warmed } from "./warmup.mjs";

const FRESH = { "cache-control": "s-maxage=3600" };
const MEBIBYTE = 1 << 20;
const XML = '<?xml version="1.0" encoding="UTF-8"?>\n';
const NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"';

const entries = (element, urls) => urls.map((url) => `<${element}>\n  <loc>${url}</loc>\n</${element}>\n`).join("");
const urlset = (...urls) => `${XML}<urlset ${NAMESPACE}>\n${entries("url", urls)}</urlset>\n`;
const index = (...urls) => `${XML}<sitemapindex ${NAMESPACE}>\n${entries("sitemap", urls)}</sitemapindex>\n`;

describe("a warmup of a sitemap", () => {
  let origin, edge, path, paths;
  let number = 0;

  before(async () => {
    origin = await startOrigin();
    const vars = { ORIGIN: origin.url, PURGE_TOKENS: TOKEN, WARM_PER_SECOND: 1000 };
    edge = await startEdge({ probe: true, coordinator: "on time", pages: true, vars });
  });
  beforeEach(() => {
    origin.reset();
    path = `/sitemap-${(number += 1)}`;
    paths = ["a", "b", "c", "d"].map((name) => `${path}/${name}`);
    for (const one of paths) origin.on(one, { body: one, headers: FRESH });
  });

  const sitemap = (name = "sitemap.xml") => `${path}/${name}`;
  const ofSitemap = (body, more = {}) => {
    origin.on(sitemap(), { body, headers: { "content-type": "application/xml" }, ...more });
    return warmed(edge, { sitemaps: [at(sitemap())] });
  };
  const fetched = () => origin.requests.map((seen) => seen.path).filter((one) => !/\.(xml|txt|gz)$/.test(one));
  const stop = (id) => edge.fetch(`/edge-isr/jobs/${id}`, { method: "DELETE", headers: bearer(TOKEN) });

  const later = (isSo) => passing(edge, 10_100, isSo);

  /** What the origin was asked for besides sitemaps is these pages, each once. */
  function areFetched(wanted) {
    assert.deepEqual(fetched().toSorted(), wanted.toSorted());
  }

  test("fetches its pages, and tells the origin what asks for the sitemap", async () => {
    const last = await ofSitemap(urlset(...paths.map(at)));
    assert.deepEqual([counts(last), last.lists_left], [{ asked: 4, stored: 4 }, 0]);
    areFetched(paths);
    assert.equal(origin.count(sitemap()), 1);
    const [{ headers }] = origin.to(sitemap());
    assert.equal(headers.get("x-edge-isr-warmup"), "1");
    assert.match(headers.get("accept"), /xml/);
  });

  test("shows lists that are left while a sitemap is fetched", async () => {
    origin.on(sitemap(), { body: urlset(at(paths[0])) });
    const hold = origin.hold(sitemap());
    const { id } = await started(edge, { sitemaps: [at(sitemap())] });
    await hold.arrived();
    const waiting = await reported(edge, id, () => true);
    assert.deepEqual([waiting.lists_left, waiting.asked], [1, 0]);
    hold.release();
    assert.deepEqual(counts(await ended(edge, id)), { asked: 1, stored: 1 });
  });

  test("fetches the pages of two sitemaps of an index", async () => {
    origin.on(sitemap("one.xml"), { body: urlset(at(paths[0]), at(paths[1])) });
    origin.on(sitemap("two.xml"), { body: urlset(at(paths[2]), at(paths[3])) });
    assert.deepEqual(counts(await ofSitemap(index(at(sitemap("one.xml")), at(sitemap("two.xml"))))), { asked: 4, stored: 4 });
    areFetched(paths);
  });

  test("reads no index in an index in an index", async () => {
    origin.on(sitemap("second.xml"), { body: index(at(sitemap("third.xml")), at(sitemap("page.xml"))) });
    origin.on(sitemap("third.xml"), { body: index(at(sitemap("fourth.xml"))) });
    origin.on(sitemap("fourth.xml"), { body: urlset(at(paths[3])) });
    const last = await ofSitemap(index(at(sitemap("second.xml"))));
    assert.equal(last.state, "done");
    assert.equal(origin.count(sitemap("fourth.xml")), 0);
    assert.ok(last.failures.length > 0, "it says so");
    areFetched([]);
  });

  test("reads an index that names itself no more often than twice", async () => {
    const last = await ofSitemap(index(at(sitemap()), at(sitemap())));
    assert.equal(last.state, "done");
    assert.ok(origin.count(sitemap()) <= 3, `${origin.count(sitemap())}`);
  });

  for (const [what, body, more] of [
    ["a gzip file", () => gzipSync(urlset(...paths.map(at))), { headers: { "content-type": "application/gzip" } }],
    ["gzip as its coding", () => urlset(...paths.map(at)), { encoding: "gzip" }],
    ["one URL a line", () => paths.map(at).join("\n"), { headers: { "content-type": "text/plain" } }],
    ["one URL a line, as Windows ends them, after a byte order mark", () => `\uFEFF${paths.map(at).join("\r\n")}\r\n\r\n`],
    ["a byte order mark", () => `\uFEFF${urlset(...paths.map(at))}`],
    ["no XML declaration", () => urlset(...paths.map(at)).slice(XML.length)],
    ["a prefix for its namespace", () => urlset(...paths.map(at)).replaceAll(/<(\/?)(?=[a-z])/g, "<$1s:")],
    ["CDATA", () => urlset(...paths.map((one) => `<![CDATA[${at(one)}]]>`))],
    ["comments", () => `<!-- <urlset> --> ${urlset(...paths.map(at))}`.replaceAll("<url>", "<url><!-- <loc>x</loc> -->")],
    ["comments and spaces in its URLs", () => urlset(...paths.map((one) => `\n\t<!-- here -->${at(one)} \n`))],
    ["letters as numbers", () => urlset(...paths.map(at)).replaceAll("sitemap-", "&#115;itemap&#x2D;")],
    [
      "elements that are no page's",
      () => urlset(...paths.map(at)).replaceAll("<loc>", "<lastmod>2026</lastmod><priority/><loc>"),
    ],
    ["attributes", () => urlset(...paths.map(at)).replaceAll("<loc>", "<loc a=\"1\" b='2'>")],
    ["each of its pages twice", () => urlset(...paths.map(at), ...paths.map(at))],
  ]) {
    test(`understands one with ${what}`, async () => {
      const last = await ofSitemap(body(), more);
      assert.deepEqual([counts(last), last.failures], [{ asked: 4, stored: 4 }, []]);
      areFetched(paths);
    });
  }

  test("understands &amp; in a query, in CDATA and out of it", async () => {
    for (const query of ["?x=1&y=2", "?x=1&y=3"]) origin.on(`${paths[0]}${query}`, { body: query, headers: FRESH });
    const urls = [`${at(paths[0])}?x=1&amp;y=2`, `<![CDATA[${at(paths[0])}?x=1&y=3]]>`];
    assert.deepEqual(counts(await ofSitemap(urlset(...urls))), { asked: 2, stored: 2 });
    areFetched([`${paths[0]}?x=1&y=2`, `${paths[0]}?x=1&y=3`]);
  });

  test("fetches pages alone: no images, videos or other languages", async () => {
    const image = `<image:image><image:loc>${at(paths[1])}</image:loc></image:image>`;
    const video = `<video:video><video:content_loc>${at(paths[2])}</video:content_loc></video:video>`;
    const other = `<xhtml:link rel="alternate" hreflang="de" href="${at(paths[3])}"/>`;
    const body = urlset(at(paths[0])).replace("</url>", `${image}${video}${other}</url>`);
    assert.deepEqual(counts(await ofSitemap(body)), { asked: 1, stored: 1 });
    areFetched([paths[0]]);
  });

  test("skips other hosts, with the reason", async () => {
    const last = await ofSitemap(urlset(at(paths[0]), "https://other.example/", "not a URL", at("/edge-isr/jobs")));
    assert.deepEqual(counts(last), { asked: 4, stored: 1, skipped: 3 });
    assert.equal(last.failures.length, 3);
    for (const { reason } of last.failures) assert.ok(reason.length > 10, reason);
    areFetched([paths[0]]);
  });

  for (const [what, answer, reason] of [
    [
      "is HTML",
      { body: "<!doctype html><html><body><p>Hello</p></body></html>", headers: { "content-type": "text/html" } },
      /html/,
    ],
    ["is a feed", { body: `${XML}<rss version="2.0"><channel/></rss>` }, /rss/],
    ["is JSON", { body: '{"urls":[]}' }, /./],
    ["is empty", { body: "" }, /./],
    ["is a text without URLs", { body: "hello\nworld" }, /./],
    ["is an image", { body: { bytes: 100_000 }, headers: { "content-type": "image/png" } }, /./],
    ["is gzip that breaks off", { body: gzipSync(urlset("https://www.example.com/x")).subarray(0, 60) }, /./],
    ["ends in the middle of a letter of a tag", { body: `${XML}<urlset><url><loc>https://other.example/</loc></url><é` }, /./],
    ["ends in an open tag", { body: `${XML}<` }, /./],
    ["is one open comment", { body: "<!--".repeat(1000) }, /./],
    ["does not exist", { status: 404, body: "no" }, /404/],
    ["may not be read", { status: 403, body: "no" }, /403/],
  ]) {
    test(`says so if it ${what}, and harms no other job`, async () => {
      origin.on(sitemap(), answer);
      const { id } = await started(edge, { sitemaps: [at(sitemap())], urls: [at(paths[0])] });
      const { stored } = await reported(edge, id, (one) => one.stored === 1);
      assert.equal(stored, 1);
      assert.equal((await warmed(edge, { urls: [at(paths[1])] })).stored, 1);
      if (answer.status) return;
      const last = await ended(edge, id);
      assert.deepEqual([last.state, last.lists_left], ["done", 0]);
      assert.equal(last.failures.length, 1, JSON.stringify(last));
      assert.match(last.failures[0].reason, reason);
    });
  }

  test("tries one again that fails, and not at once", async () => {
    origin.on(sitemap(), { status: 500, body: "broken" });
    const { id } = await started(edge, { sitemaps: [at(sitemap())] });
    await eventually(() => assert.equal(origin.count(sitemap()), 1));
    await warmed(edge, { urls: [at(paths[0])] });
    assert.equal(origin.count(sitemap()), 1, "an origin that has just failed is left alone for a while");
    origin.on(sitemap(), { body: urlset(at(paths[1])) });
    await later(() => assert.equal(origin.count(sitemap()), 2));
    const last = await ended(edge, id);
    assert.deepEqual([counts(last), last.failures], [{ asked: 1, stored: 1 }, []]);
  });

  test("tries one three times that fails, and then says so", async () => {
    origin.on(sitemap(), { status: 500, body: "broken" });
    const { id } = await started(edge, { sitemaps: [at(sitemap())] });
    await later(async () => assert.equal((await report(edge, id)).state, "done"));
    const last = await ended(edge, id);
    assert.deepEqual([counts(last), origin.count(sitemap())], [{ asked: 1, failed: 1 }, 3]);
    assert.equal(last.failures[0].url, at(sitemap()));
    assert.match(last.failures[0].reason, /500/);
  });

  test("expands no entities, neither of its own nor of files", async () => {
    const laughs = Array.from({ length: 30 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join("\n");
    const own = `<!DOCTYPE urlset [<!ENTITY l0 "lol"><!ENTITY file SYSTEM "file:///etc/passwd">${laughs}]>`;
    const urls = [`${at("/")}&l30;`, "&l30;", "&file;", at(paths[0])];
    const begun = Date.now();
    const last = await ofSitemap(urlset(...urls).replace("<urlset", `${own}\n<urlset`));
    assert.ok(Date.now() - begun < 5_000, `${Date.now() - begun} ms`);
    assert.equal(last.state, "done");
    assert.ok(last.asked <= 4 && last.stored >= 1, JSON.stringify(last));
    assert.ok(JSON.stringify(last).length < 5_000);
    assert.ok(fetched().every((one) => one.length < 100));
  });

  test("stops reading one that never ends", async () => {
    origin.on(sitemap(), { body: { bytes: 2 ** 40 }, chunked: true, headers: { "content-type": "application/xml" } });
    const last = await warmed(edge, { sitemaps: [at(sitemap())] });
    assert.deepEqual([last.state, last.failures.length], ["done", 1]);
    assert.match(last.failures[0].reason, /long/);
    await eventually(() =>
      assert.ok(
        origin.requests.every(({ isOpen }) => !isOpen),
        "the connection is closed",
      ),
    );
    assert.ok((await edge.coordinator.probe.memoryBytes()) < 100 * MEBIBYTE);
  });

  test("stops unpacking one that grows without end", async () => {
    const last = await ofSitemap(gzipSync(Buffer.alloc(200 * MEBIBYTE)), { headers: { "content-type": "application/gzip" } });
    assert.deepEqual([last.state, last.failures.length], ["done", 1]);
    assert.match(last.failures[0].reason, /long/);
    assert.ok((await edge.coordinator.probe.memoryBytes()) < 100 * MEBIBYTE);
  });

  test("takes 50,000 entries of one, and counts the rest as skipped", async () => {
    const urls = Array.from({ length: 50_010 }, (_, i) => `https://other.example/${i}`);
    const last = await ofSitemap(urlset(...urls));
    assert.deepEqual(counts(last), { asked: 50_010, skipped: 50_010 });
    assert.ok(last.failures.length > 0 && last.failures.length <= 50);
    assert.ok(
      last.failures.some(({ url }) => url === at(sitemap())),
      "it says that there are more",
    );
    areFetched([]);
  });

  test("takes tens of thousands of its own pages, and is stopped at once", async () => {
    const urls = Array.from({ length: 40_000 }, (_, i) => at(`${path}/many/${i}`));
    origin.on(sitemap(), { body: urlset(...urls) });
    const { id } = await started(edge, { sitemaps: [at(sitemap())] });
    await reported(edge, id, ({ asked }) => asked === 40_000);
    const begun = Date.now();
    const stopped = (await stop(id)).json();
    assert.equal(stopped.state, "stopped");
    assert.ok(stopped.left > 30_000, `${stopped.left}`);
    assert.ok(Date.now() - begun < 4_000, `${Date.now() - begun} ms`);
    assert.equal((await warmed(edge, { urls: [at(paths[0])] })).stored, 1);
  });
});
