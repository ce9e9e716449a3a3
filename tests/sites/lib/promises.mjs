/** What holds for every site behind the edge. Each function fails where it does not. */

import assert from "node:assert/strict";
import { cacheStatus, eventually, together } from "../../e2e/harness.mjs";

const SHOWN = 200;
const ROUNDS = 3;
const AT_ONCE = 4;

/** The answer's body matches. What it is instead is said in few words, as pages are long. */
export function shows(answer, pattern) {
  assert.ok(pattern.test(answer.text()), `no ${pattern} in ${inFewWords(answer)}`);
}

export function hides(answer, pattern) {
  assert.ok(!pattern.test(answer.text()), `${pattern} in ${inFewWords(answer)}`);
}

function inFewWords(answer) {
  const text = answer
    .text()
    .replaceAll(/<(script|style)[^]*?<\/\1>|<[^>]*>|\s+/g, " ")
    .trim()
    .slice(0, SHOWN);
  return `${answer.status}, ${answer.headers.get("cache-status")}: ${text}`;
}

/**
 * All `visitors` ask for `path` at once, cold and then warm, and then in turn. `own(visitor)` is the
 * text that the site shows to this one alone, or undefined for a stranger: each sees their own text
 * and no other's.
 */
export async function nobodySeesAnother(visitors, path, own) {
  for (let round = 0; round < ROUNDS; round += 1) {
    await Promise.all(visitors.map((visitor) => together(AT_ONCE, () => seesOwn(visitor, visitors, path, own))));
  }
  for (const visitor of [...visitors, ...visitors.toReversed()]) await seesOwn(visitor, visitors, path, own);
}

async function seesOwn(visitor, visitors, path, own) {
  const answer = await visitor.ask(path);
  const seen = `${answer.text()}\n${JSON.stringify(answer.headers)}`;
  const how = `${path}, answered ${answer.status}, ${answer.headers.get("cache-status")}`;
  for (const other of visitors) {
    if (other === visitor || !own(other)) continue;
    assert.ok(!seen.includes(own(other)), `${visitor.name} sees what is ${other.name}'s: ${how}`);
  }
  if (own(visitor)) assert.ok(seen.includes(own(visitor)), `${visitor.name} does not see their own: ${how}`);
}

/** `path` becomes a hit for the visitor, with a lifetime of `seconds`. Gives the answer. */
export async function becomesHit(visitor, path, seconds, init) {
  let last;
  const hit = async () => {
    last = await visitor.ask(path, init);
    return cacheStatus(last).hit && cacheStatus(last).ttl > 0 && last;
  };
  const answer = await eventually(hit).catch((error) => {
    throw new Error(`${path} is no hit for ${visitor.name}: ${last?.status} ${last?.headers.get("cache-status")}`, {
      cause: error,
    });
  });
  const { ttl } = cacheStatus(answer);
  assert.ok(ttl <= seconds && ttl > seconds * 0.9, `${path} lives ${seconds} s: ttl=${ttl}`);
  assert.equal(answer.headers.get("set-cookie"), undefined, `${path} sets no cookie from the cache`);
  return answer;
}

/**
 * `change` changes the page at `path` and has it purged: every visitor sees the `after` soon, and
 * none of them sees the `before` from then on.
 */
export async function purgeHolds(visitors, path, { before, after, change }) {
  for (const visitor of visitors) shows(await visitor.ask(path), before);
  await change();
  for (const visitor of visitors) {
    await eventually(async () => shows(await visitor.ask(path), after));
  }
  await together(10, async (i) => {
    const answer = await visitors[i % visitors.length].ask(path);
    shows(answer, after);
    hides(answer, before);
  });
}

/** After `outdate`, the stored page at `path` is fresh again, at the price of a 304. */
export async function revalidatesBy304({ recorder }, visitor, path, outdate) {
  const { sha256 } = await eventually(async () => {
    const answer = await visitor.ask(path);
    return cacheStatus(answer).hit && answer;
  });
  recorder.reset();
  await outdate();
  const fresh = async () => {
    const answer = await visitor.ask(path);
    return cacheStatus(answer).ttl > 0 && answer;
  };
  assert.equal((await eventually(fresh)).sha256, sha256);
  const costs = recorder.to(path).map(({ method, status }) => `${method} ${status}`);
  assert.deepEqual(costs, ["GET 304"]);
}

/** Of `visitors` at once, one has what the link gives once. `worked(answer)` says whether it did. */
export async function worksOnce(visitors, path, worked) {
  const answers = await Promise.all(visitors.map((visitor) => visitor.ask(path)));
  const said = answers.map(({ status, headers }) => `${status} ${headers.get("cache-status")}`).join("\n");
  assert.equal(answers.filter(worked).length, 1, `${path} works once:\n${said}`);
  for (const visitor of visitors) assert.ok(!worked(await visitor.ask(path)), `${path} works no second time`);
}
