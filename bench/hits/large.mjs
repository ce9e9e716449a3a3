// Large purges, large tag sets and large journals.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { start } from "../../scripts/lib/child.mjs";
import { Failure } from "../../scripts/lib/failure.mjs";
import { print } from "../report.mjs";
import { PRICES } from "./report.mjs";
import { World } from "./world.mjs";

const COLD = fileURLToPath(new URL("cold.mjs", import.meta.url));
const TAGS_OF_PURGE = 500;
const TAGS_OF_PAGE = 200;
const ENTRIES = 250_000;
/** PURGE_ITEMS_MAX can be no more. */
const ITEMS_MOST = 15_000;
const VISITS = 100;
const VISIT_EVERY = 7_000;
const CPU_TARGET = 10;

export async function large() {
  const rows = [];
  const visits = [];
  for (const journal of [true, false]) {
    rows.push(await inWorld(journal, largePurge));
    for (const path of ["/topic-1/story-1", `/many-${TAGS_OF_PAGE}/story-1`]) visits.push(await inWorld(journal, visitsOf(path)));
  }
  console.log(`\nA purge of ${TAGS_OF_PURGE} tags\n`);
  print([["", "status", "object requests", "rows written", "KV writes", "answered after ms", "$"], ...rows]);
  console.log(`\nA page of 5 tags, and one of ${TAGS_OF_PAGE}: a hit every ${VISIT_EVERY / 1000} s in one isolate\n`);
  print([["", "tags", "hits", "waited", "KV keys", "object requests"], ...visits]);
  await inWorld(true, largeJournal, { PURGE_ITEMS_MAX: ITEMS_MOST });
}

async function inWorld(journal, work, vars = {}) {
  const world = await World.start({ isolates: { "isolate-0": {} }, journal, vars });
  try {
    await visit(world, "/topic-1/story-1");
    await world.pass(120_000);
    world.reset();
    return await work(world, journal ? "journal" : "no journal");
  } finally {
    await world.close();
  }
}

/** Visits a page. Returns the milliseconds until the response. */
async function visit(world, path) {
  const began = world.timeline.now;
  let took = 0;
  await world.visit("isolate-0", path, () => (took = world.timeline.now - began));
  await world.drain();
  return took;
}

async function largePurge(world, name) {
  const rowsWritten = async () => (name === "journal" ? world.rowsWritten() : 0);
  const [began, before] = [world.timeline.now, await rowsWritten()];
  let [status, answeredAt] = [0, 0];
  const tags = Array.from({ length: TAGS_OF_PURGE }, (_, i) => `post-${i}`);
  await world.purge(tags, (response) => ([status, answeredAt] = [response.status, world.timeline.now]));
  await world.drain();
  // The publication in KV comes later, and is counted as well.
  await world.pass(5_000);
  const rows = (await rowsWritten()) - before;
  const [requests, writes] = [world.objectRequests.length, world.kv.writes.length];
  const dollars = (requests * PRICES.objectRequests + rows * PRICES.rowsWritten + writes * PRICES.keysWritten) / 1e6;
  return [name, status, requests, rows, writes, answeredAt - began, dollars.toFixed(6)].map(String);
}

function visitsOf(path) {
  return async (world, name) => {
    await visit(world, path);
    await world.pass(60_000);
    world.reset();
    let waited = 0;
    for (let i = 0; i < VISITS; i += 1) {
      await world.pass(VISIT_EVERY);
      if ((await visit(world, path)) > 3) waited += 1;
    }
    const tags = path.startsWith("/many-") ? TAGS_OF_PAGE : 5;
    const here = world.kv.reads.filter(({ dataCentre }) => dataCentre === 0);
    return [name, tags, VISITS, waited, here.length, world.objectRequests.length].map(String);
  };
}

async function largeJournal(world) {
  const journals = [await withNews(world, ["t0"])];
  for (let from = 0; from < ENTRIES; from += ITEMS_MOST) {
    const count = Math.min(ITEMS_MOST, ENTRIES - from);
    await purged(
      world,
      Array.from({ length: count }, (_, i) => `t${from + i}`),
    );
  }
  journals.push(await withNews(world, ["t0"]));
  const rows = [];
  for (const journal of journals) rows.push(...coldRows(journal, await hitTimes(journal)));
  console.log(`\nAn isolate takes entries over: CPU of its hit in ms, in Node's V8 (a warm hit: ${rows[0].warm} ms)\n`);
  print([["", "bytes", "from the object", "from the shared copy", "target"], ...rows.map(({ cells }) => cells)]);
}

/** The object's replies: all entries, and after one more purge what is new. */
async function withNews(world, tags) {
  const whole = await world.journal();
  const number = (at) => whole.readBigUInt64BE(at).toString(16);
  await purged(world, tags);
  return { whole, news: await world.journal(`${number(8)} ${number(16)}`) };
}

async function purged(world, tags) {
  let status;
  await world.purge(tags, (response) => (status = response.status));
  await world.pass(10_000);
  if (status !== 200) throw new Failure(`a purge of ${tags.length} tags was answered ${status}.`);
}

/** The CPU milliseconds that `cold.mjs` measures, in a process of its own. */
async function hitTimes(replies) {
  const folder = await mkdtemp(join(tmpdir(), "edge-isr-bench-"));
  try {
    for (const [name, bytes] of Object.entries(replies)) await writeFile(join(folder, name), bytes);
    const cold = start(process.execPath, ["--single-threaded", COLD, folder]);
    const [printed, { code }] = await Promise.all([text(cold.output), cold.ended]);
    if (code !== 0) throw new Failure(`the CPU time could not be measured: ${printed}`);
    return JSON.parse(await readFile(join(folder, "times.json"), "utf8"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function coldRows({ whole, news }, { first, next, warm }) {
  const entries = Number(whole.readBigUInt64BE(64)).toLocaleString("en");
  const row = (name, bytes, { object, shared }) => {
    const shown = [object, shared].map((time) => time.toFixed(1));
    const target = `≤ ${CPU_TARGET}${Math.max(object, shared) <= CPU_TARGET ? "" : " ✗"}`;
    return { warm: warm.toFixed(1), cells: [name, bytes.toLocaleString("en"), ...shown, target] };
  };
  return [row(`${entries} entries, new isolate`, whole.length, first), row(`one more purge after ${entries}`, news.length, next)];
}
