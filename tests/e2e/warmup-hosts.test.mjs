/** Warmups connect to nothing but the origin, whatever they are told: URLs come from requests, sitemaps and redirects. */

import assert from "node:assert/strict";
import net from "node:net";
import { once } from "node:events";
import { after, before, beforeEach, describe, test } from "node:test";
import { closeAtEnd } from "./closing.mjs";
import { startEdge, startOrigin } from "./harness.mjs";
import { Response } from "./internet.mjs";
import { TOKEN, bearer } from "./purge.mjs";
import { at, counts, ended, warm, warmed } from "./warmup.mjs";

const FRESH = { "cache-control": "s-maxage=3600" };

/** A server that nothing may connect to. */
async function startTrap() {
  const trap = { connections: 0 };
  const server = net.createServer((socket) => {
    trap.connections += 1;
    socket.end("HTTP/1.1 200 OK\r\nContent-Length: 6\r\nCache-Control: s-maxage=60\r\n\r\nsecret");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  trap.host = `127.0.0.1:${server.address().port}`;
  trap.url = `http://${trap.host}`;
  trap.close = () => server.close();
  return closeAtEnd(trap);
}

describe("with ORIGIN", () => {
  let origin, edge, trap, path;
  let number = 0;

  before(async () => {
    [origin, trap] = [await startOrigin(), await startTrap()];
    const vars = { ORIGIN: origin.url, PURGE_TOKENS: TOKEN, WARM_PER_SECOND: 1000, HOSTS: "www.example.com, shop.example.com" };
    edge = await startEdge({ probe: true, coordinator: "on time", pages: true, vars });
  });
  beforeEach(() => {
    origin.reset();
    path = `/hosts-${(number += 1)}`;
    origin.on(path, { body: "hello", headers: FRESH });
  });
  after(() => {
    assert.equal(trap.connections, 0, "something has connected to the server that nothing may connect to");
  });

  const skipped = [
    ["another host", "https://other.example/page"],
    ["a host that begins as a served one", "https://www.example.com.evil.example/"],
    ["a host that ends as a served one", "https://evil-www.example.com/"],
    ["a part of a served host", "https://example.com/"],
    ["the machine itself", "http://127.0.0.1/"],
    ["the machine itself, by name", "http://localhost/"],
    ["the machine itself, in IPv6", "http://[::1]/"],
    ["the machine itself, as one number", "http://2130706433/"],
    ["the machine itself, in octal digits", "http://0177.0.0.1/"],
    ["a cloud's metadata", "http://169.254.169.254/latest/meta-data/"],
    ["a cloud's metadata, mapped into IPv6", "http://[::ffff:169.254.169.254]/"],
    ["credentials", "https://user:password@www.example.com/page"],
    ["a name in place of credentials", "https://www.example.com@other.example/"],
    ["another port", "https://www.example.com:8443/page"],
    ["FTP", "ftp://www.example.com/page"],
    ["a file", "file:///etc/passwd"],
    ["a script", "javascript:alert(1)"],
    ["data", "data:text/html,hello"],
    ["a path alone", "/page"],
    ["a host alone", "www.example.com"],
    ["no scheme", "//www.example.com/page"],
    ["nothing", ""],
    ["a line break in the host", "https://www.example.com\r\nHost: other.example/"],
    ["a control route", "https://www.example.com/edge-isr/purge"],
    ["a control route with another spelling", "https://www.example.com/%65dge-isr/jobs"],
    ["a control route behind dots", "https://www.example.com/a/../edge-isr/jobs"],
    ["the control prefix itself", "https://www.example.com/edge-isr"],
  ];
  for (const [what, url] of skipped) {
    test(`a URL is refused that has ${what}`, async () => {
      const alone = await warm(edge, { urls: [url] });
      assert.equal(alone.status, 422, alone.text());
      const beside = await warmed(edge, { urls: [url, at(path)] });
      assert.deepEqual(counts(beside), { asked: 2, stored: 1, skipped: 1 });
      assert.deepEqual(
        beside.failures.map((failure) => failure.url),
        [url],
      );
      assert.ok(beside.failures[0].reason.length > 10, beside.failures[0].reason);
      assert.deepEqual(
        origin.requests.map((seen) => seen.path),
        [path],
      );
    });
  }

  test("a password in a URL is not repeated in the report", async () => {
    const { failures } = await warmed(edge, { urls: ["https://user:hunter2@www.example.com/", at(path)] });
    assert.doesNotMatch(failures.map(({ reason }) => reason).join(), /hunter2/);
  });

  test("a served host's page is fetched from ORIGIN, and tells which host is meant", async () => {
    assert.deepEqual(counts(await warmed(edge, { urls: [`https://shop.example.com${path}`] })), { asked: 1, stored: 1 });
    assert.equal(origin.requests[0].headers.get("x-forwarded-host"), "shop.example.com");
  });

  test("a host that HOSTS has may name another server: the request goes to ORIGIN all the same", async () => {
    const vars = { ORIGIN: origin.url, PURGE_TOKENS: TOKEN, HOSTS: `127.0.0.1, ${trap.host}` };
    const odd = await startEdge({ coordinator: "on time", pages: true, vars });
    const headers = bearer(TOKEN);
    const body = JSON.stringify({
      urls: [`${trap.url}${path}`, `http://127.0.0.1${path}`],
      sitemaps: [`${trap.url}/sitemap.xml`],
    });
    const answer = await odd.fetch("http://127.0.0.1/edge-isr/warm", { method: "POST", headers, body });
    if (answer.status === 202) {
      const jobs = `http://127.0.0.1/edge-isr/jobs/${answer.json().id}`;
      await ended({ fetch: () => odd.fetch(jobs, { headers }) }, answer.json().id);
    }
    assert.equal(trap.connections, 0);
    await odd.close();
  });

  test("a redirect to another server is stored as it is, and not followed", async () => {
    for (const [i, status] of [301, 302, 307, 308].entries()) {
      origin.on(`${path}/${i}`, { status, headers: { ...FRESH, location: `${trap.url}/secret` } });
    }
    const last = await warmed(edge, { urls: [0, 1, 2, 3].map((i) => at(`${path}/${i}`)) });
    assert.deepEqual(counts(last), { asked: 4, stored: 4 });
    assert.equal(origin.count(), 4);
    assert.equal(trap.connections, 0);
  });

  test("a sitemap that is redirected is not followed, on the host or off it", async () => {
    origin.on(`${path}/off.xml`, { status: 302, headers: { location: `${trap.url}/sitemap.xml` } });
    origin.on(`${path}/on.xml`, { status: 301, headers: { location: at(`${path}/real.xml`) } });
    const last = await warmed(edge, { sitemaps: [at(`${path}/off.xml`), at(`${path}/on.xml`)] });
    assert.deepEqual([last.failures.length, last.stored], [2, 0]);
    for (const { reason } of last.failures) assert.match(reason, /redirect/);
    assert.equal(origin.count(), 2);
    assert.equal(trap.connections, 0);
  });

  test("what a sitemap names of other servers is not connected to", async () => {
    const locs = (entry, ...urls) => urls.map((url) => `<${entry}><loc>${url}</loc></${entry}>`).join("");
    const pages = [
      `${trap.url}/page`,
      "http://169.254.169.254/",
      "https://user:x@www.example.com/",
      at("/edge-isr/jobs"),
      at(path),
    ];
    origin.on(`${path}/pages.xml`, { body: `<urlset>${locs("url", ...pages)}</urlset>` });
    const sitemaps = [`${trap.url}/sitemap.xml`, "file:///etc/passwd", at(`${path}/pages.xml`)];
    origin.on(`${path}/index.xml`, { body: `<sitemapindex>${locs("sitemap", ...sitemaps)}</sitemapindex>` });
    const last = await warmed(edge, { sitemaps: [at(`${path}/index.xml`)] });
    assert.deepEqual(counts(last), { asked: 7, stored: 1, skipped: 6 });
    assert.deepEqual(last.failures.map(({ url }) => url).toSorted(), [...sitemaps.slice(0, 2), ...pages.slice(0, 4)].toSorted());
    assert.equal(trap.connections, 0);
  });

  test("a sitemap of another host is refused", async () => {
    for (const url of [`${trap.url}/sitemap.xml`, "https://other.example/sitemap.xml", at("/edge-isr/sitemap.xml")]) {
      assert.equal((await warm(edge, { sitemaps: [url] })).status, 422, url);
    }
    assert.equal(origin.count(), 0);
  });
});

describe("without HOSTS", () => {
  test("the host of the asking request is served, and no other", async () => {
    const origin = await startOrigin();
    const vars = { ORIGIN: origin.url, PURGE_TOKENS: TOKEN };
    const edge = await startEdge({ probe: true, coordinator: "on time", pages: true, site: "https://shop.example.com", vars });
    origin.on("/page", { body: "hello", headers: FRESH });
    const urls = [at("/page"), "https://shop.example.com/page"];
    const last = await warmed(edge, { urls });
    assert.deepEqual(counts(last), { asked: 2, stored: 1, skipped: 1 });
    assert.equal(last.failures[0].url, at("/page"));
    assert.match(last.failures[0].reason, /HOSTS/);
    assert.equal(origin.requests[0].headers.get("x-forwarded-host"), "shop.example.com");
    await edge.close();
  });
});

describe("without ORIGIN", () => {
  test("pages are fetched from the host that was asked, and from no other", async () => {
    const asked = [];
    const internet = ({ url, headers }) => {
      asked.push([url, headers.get("x-edge-isr-warmup")]);
      const location = "https://other.example/secret";
      return url.endsWith("/moved")
        ? new Response(null, { status: 302, headers: { ...FRESH, location } })
        : new Response("hello", { headers: FRESH });
    };
    const edge = await startEdge({ probe: true, coordinator: "on time", pages: true, internet, vars: { PURGE_TOKENS: TOKEN } });
    const urls = [at("/page"), at("/moved"), "https://other.example/page", "http://127.0.0.1/page", at("/edge-isr/jobs")];
    const last = await warmed(edge, { urls });
    assert.deepEqual(counts(last), { asked: 5, stored: 2, skipped: 3 });
    const expected = [
      [at("/moved"), "1"],
      [at("/page"), "1"],
    ];
    assert.deepEqual(asked.toSorted(), expected);
    assert.equal((await edge.coordinator.fetch("/page")).text(), "hello");
    assert.equal(asked.length, 2);
    await edge.close();
  });
});
