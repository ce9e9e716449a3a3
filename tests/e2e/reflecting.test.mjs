/**
 * What one visitor sends never reaches another: a thousand random requests of
 * random visitors, before an origin that reflects all it is sent.
 *
 * Each value that a visitor sends holds a marker of that visitor's own. No answer
 * to another visitor may hold it, in its status line, its fields or its body.
 *
 *     REFLECTING_SEED=17 REFLECTING_REQUESTS=20000 node --test tests/e2e/reflecting.test.mjs
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { advance, cacheStatus, startEdge, startOrigin } from "./harness.mjs";
import { KNOWN_FIELDS } from "./known-fields.mjs";
import { Random } from "./random.mjs";
import { KINDS, reflect } from "./reflecting-origin.mjs";

const SEED = Number(process.env.REFLECTING_SEED ?? Date.now() % 2 ** 31);
const REQUESTS = Number(process.env.REFLECTING_REQUESTS ?? 1000);
const VISITORS = 40;
/** So many are under way at once, on a few of the URLs, so that some of them wait for others. */
const AT_ONCE = 12;
const URLS = Object.keys(KINDS).flatMap((kind) => [`/${kind}/1`, `/${kind}/2`, `/${kind}/3?b=1`]);
const METHODS = ["GET", "GET", "GET", "GET", "GET", "GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"];
const COOKIES = ["_ga", "csrftoken", "theme", "connect.sid", "PHPSESSID", "sessionid", "wordpress_logged_in_1", "lang", "AWSALB"];
/** What an origin is asked to do, by a field of any name. */
const ASKS = [
  "~200",
  "~301",
  "~302",
  "~307",
  "~401",
  "~403",
  "~404",
  "~410",
  "~429",
  "~500",
  "~503",
  "~private",
  "~cookie",
  "~age",
];

test("a thousand random requests: no answer holds what only another visitor sent", async (context) => {
  console.log(`REFLECTING_SEED=${SEED}`);
  const random = new Random(SEED);
  const origin = await startOrigin();
  for (const url of URLS) origin.on(url.split("?")[0], reflect);
  const edge = await startEdge({
    probe: true,
    isolates: 2,
    vars: { ORIGIN: origin.url, COOKIE_VARIANTS: String(random.chance(0.5)) },
  });
  const visitors = Array.from({ length: VISITORS }, (_, i) => visitor(random, i));
  const seen = { leaks: [], hits: 0, collapsed: 0 };
  for (let sent = 0; sent < REQUESTS; sent += AT_ONCE) {
    const urls = random.some(URLS, 3);
    const round = Array.from({ length: AT_ONCE }, () => request(random, random.one(visitors), random.one(urls)));
    await Promise.all(round.map((each) => answered(edge, each, visitors, seen)));
    if (random.chance(0.2)) await advance(random.between(1_000, 90_000));
    if (random.chance(0.1)) await sleep(50);
  }
  context.diagnostic(`${seen.hits} hits, ${seen.collapsed} collapsed, ${origin.count()} requests to the origin`);
  assert.equal(
    seen.leaks.length,
    0,
    `REFLECTING_SEED=${SEED}: ${seen.leaks.length} leaks:\n${seen.leaks.slice(0, 20).join("\n")}`,
  );
  // Where nothing is shared, nothing leaks, and the test would say nothing.
  const shared = seen.hits + seen.collapsed;
  assert.ok(shared > REQUESTS / 50, `only ${shared} answers were shared`);
});

/** Somewhat like a real visitor: most of what one sends, the same one sends again. */
function visitor(random, number) {
  const id = `${number.toString(36)}${random.between(0, 2 ** 31).toString(36)}`;
  const marker = `zq${id}qz`;
  const address = `2001:db8::${random.between(1, 0xffff).toString(16)}:${random.between(1, 0xffff).toString(16)}:${(number + 1).toString(16)}`;
  const cookies = random.chance(0.4) ? random.some(COOKIES, random.between(1, 3)) : [];
  // Some are quite bare, as most programs are.
  const names = random.chance(0.5) ? [] : random.some(KNOWN_FIELDS, random.between(1, 6));
  // No marker: what several visitors say alike, a page that varies by it may share.
  const language = random.one([undefined, "de", "fr"]);
  return { number, marker, address, cookies, names, language };
}

function request(random, visitor, url) {
  const value = () => `${visitor.marker}${random.chance(0.08) ? random.one(ASKS) : ""}`;
  const more = random.chance(0.2) ? random.some([...KNOWN_FIELDS, "Authorization"], random.between(1, 8)) : [];
  const headers = Object.fromEntries([...visitor.names, ...more].map((name) => [name, value()]));
  if (visitor.language) headers["Accept-Language"] = visitor.language;
  if (visitor.cookies.length) headers.Cookie = visitor.cookies.map((name) => `${name}=${value()}`).join("; ");
  headers["CF-Connecting-IP"] = visitor.address;
  const method = random.one(METHODS);
  const body = ["POST", "PUT"].includes(method) ? visitor.marker : undefined;
  return { visitor, url, isolate: random.between(0, 1), init: { method, headers, body } };
}

async function answered(edge, { visitor, url, isolate, init }, visitors, seen) {
  const answer = await edge.isolate(isolate).fetch(url, init);
  const said = [String(answer.incoming.statusMessage), ...answer.headers.lines.map((line) => line.join(": ")), answer.text()];
  const status = answer.headers.has("cache-status") ? cacheStatus(answer) : {};
  if (status.hit) seen.hits += 1;
  if (status.collapsed) seen.collapsed += 1;
  for (const other of visitors) {
    if (other === visitor) continue;
    const where = said.find((text) => text.includes(other.marker) || text.includes(other.address));
    if (where === undefined) continue;
    const line = where.split(/\n| \| /).find((text) => text.includes(other.marker) || text.includes(other.address));
    const by = answer.headers.get("cache-status");
    seen.leaks.push(
      `  ${init.method} ${url} of visitor ${visitor.number} holds visitor ${other.number}'s ${line.slice(0, 120)} (${answer.status}, ${by})`,
    );
  }
}
