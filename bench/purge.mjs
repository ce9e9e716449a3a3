// How long a purge takes of a tag that one page has, and of one that a hundred thousand have:
//
//     node bench/purge.mjs [--rounds 200] [--pages 100000]
//
// The built Worker in the real runtime, with the harness' KV, so that what is measured is the Worker
// and a local socket; the two are purged in turn, so that both see the same noise.
import { parseArgs } from "node:util";
import { command } from "../scripts/lib/command.mjs";
import { Failure } from "../scripts/lib/failure.mjs";
import { closeAll } from "../tests/e2e/closing.mjs";
import { startEdge } from "../tests/e2e/edge.mjs";
import { TOKEN, purge } from "../tests/e2e/purge.mjs";

const WARM_UP = 20;

command(async (args) => {
  const { values } = parseArgs({
    args,
    options: { rounds: { type: "string", default: "200" }, pages: { type: "string", default: "100000" } },
  });
  const [rounds, pages] = [positive("rounds", values.rounds), positive("pages", values.pages)];
  try {
    await bench(rounds, pages);
  } finally {
    await closeAll();
  }
});

function positive(name, text) {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new Failure(`--${name} is a number from 1, not ${text}.`);
}

async function bench(rounds, pages) {
  const edge = await startEdge({ vars: { ORIGIN: "http://127.0.0.1:1", PURGE_TOKENS: TOKEN } });
  const tags = [
    { name: "one", pages: 1, times: [] },
    { name: "many", pages, times: [] },
  ];
  for (const tag of tags) fill(edge, tag);
  for (let i = 0; i < WARM_UP; i += 1) await purge(edge, { tags: ["warm-up"] });
  edge.kv.reset();
  for (let i = 0; i < rounds; i += 1) for (const tag of tags) tag.times.push(await timed(edge, tag));
  console.log(`edge-isr: ${rounds} purges of each tag, node ${process.versions.node}\n`);
  for (const tag of tags) console.log(row(edge, tag, rounds));
}

/** The tag's list in KV, as it is once so many pages have it. */
function fill(edge, { name, pages }) {
  for (let i = 0; i < pages; i += 1) {
    const url = `https://www.example.com/${name}/${i}`;
    edge.kv.put(`t/${name}/${i.toString(16).padStart(64, "0")}`, "", { metadata: { url } });
  }
}

async function timed(edge, { name }) {
  const began = performance.now();
  const { status } = await purge(edge, { tags: [name] });
  if (status !== 200) throw new Failure(`a purge was answered ${status}.`);
  return performance.now() - began;
}

function row(edge, { name, pages, times }, rounds) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (q) => `${sorted[Math.floor(q * (rounds - 1))].toFixed(2)} ms`;
  const operations = edge.kv.operations.filter(({ keys }) => keys[0] === `p/s/${name}`).length / rounds;
  return `${String(pages).padStart(7)} pages: p50 ${at(0.5)}, p99 ${at(0.99)}, ${operations} KV operations each`;
}
