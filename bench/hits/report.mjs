// What was measured, as tables to read, beside what it should be.
import { print } from "../report.mjs";

/** Dollars per million (developers.cloudflare.com/kv/platform/pricing, …/durable-objects/platform/pricing). */
export const PRICES = { keysRead: 0.5, keysWritten: 5, objectRequests: 0.15, rowsWritten: 1 };
/** Milliseconds: a hit that takes longer than the cache by more has waited. */
const WAITED = 3;
const DAY = 24 * 60 * 60;

export function report(rows) {
  console.log("\nWhat a hit waits for, beyond the cache\n");
  print([["", "rate", "isolates", "hits", "waited", "target", "p50 ms", "p95 ms", "p99 ms"], ...rows.map(waits)]);
  console.log("\nWhat hits cost\n");
  const costs = ["KV keys/hit", "per million", "object/million hits", "per half bound", "target", "a day", "$/million hits"];
  print([["", "rate", "isolates", ...costs], ...rows.map(cost)]);
  console.log("\nHow long hits do not see a purge, and what a purge writes\n");
  print([
    ["", "rate", "isolates", "purges", "median s", "worst s", "target s", "object requests", "KV writes"],
    ...rows.map(purges),
  ]);
}

const named = ({ name, rate, isolates }) => [name, `${rate}/s`, String(isolates)];

function waits(row) {
  const { hits } = row;
  const at = (share) => (hits[Math.min(hits.length - 1, Math.floor(share * hits.length))] ?? Number.NaN).toFixed(0);
  const waited = hits.filter((latency) => latency > WAITED).length / hits.length;
  return [
    ...named(row),
    String(hits.length),
    percent(waited),
    beside(waited, waitTarget(row), percent),
    ...[0.5, 0.95, 0.99].map(at),
  ];
}

function waitTarget({ bound, rate }) {
  if (bound === 30) return rate < 2 ? 0.015 : 0.003;
  return bound === 5 && rate >= 2 ? 0.005 : undefined;
}

function cost(row) {
  const { hits, keysRead, objectReads, seconds, bound, rate } = row;
  const million = (count) => (count / hits.length) * 1e6;
  const perHalf = bound && objectReads / (seconds / (bound / 2));
  const dollars = million(keysRead * PRICES.keysRead + objectReads * PRICES.objectRequests) / 1e6;
  return [
    ...named(row),
    (keysRead / hits.length).toFixed(3),
    Math.round(million(keysRead)).toLocaleString("en"),
    Math.round(million(objectReads)).toLocaleString("en"),
    bound ? perHalf.toFixed(2) : "–",
    bound ? beside(perHalf, rate === 200 ? 1.5 : undefined, String) : "",
    bound ? Math.round((objectReads / seconds) * DAY).toLocaleString("en") : "–",
    dollars.toFixed(3),
  ];
}

/** A purge is seen within the bound and a journey to the object and back: 60 ms. */
function purges(row) {
  const { unseen, bound, appends, keysWritten, seconds } = row;
  const worst = unseen.at(-1);
  const each = (count) => (count / (seconds / 30)).toFixed(1);
  return [
    ...named(row),
    String(unseen.length),
    seconds3(unseen[Math.floor((unseen.length - 1) / 2)]),
    seconds3(worst),
    beside(worst, bound && bound + 0.06, (target) => target.toFixed(2)),
    each(appends),
    each(keysWritten),
  ];
}

const seconds3 = (seconds) => (seconds === undefined ? "–" : seconds.toFixed(2));
const percent = (share) => `${(share * 100).toFixed(2)} %`;

/** A target, with a mark where it is missed. */
function beside(value, target, shown) {
  if (target === undefined) return "";
  return `≤ ${shown(target)}${value <= target ? "" : " ✗"}`;
}
