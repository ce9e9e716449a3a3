/**
 * How many instructions a hit takes on the host, without rules and with them, counted by valgrind. A
 * count does not move with what else the machine does.
 *
 * The hit is one of the simulator's: the edge's own code, and a cache that is a map.
 */

import { spawnSync } from "node:child_process";
import { at } from "../scripts/lib/paths.mjs";

const HITS = [200, 1200];
const BUILD = ["test", "--quiet", "--profile", "sim", "--test", "sim", "--no-run", "--message-format=json"];

const SETS = [
  ["no rules", []],
  ["1 rule, which holds", rules(1)],
  ["20 rules, of which the last holds", rules(20)],
  ["the same, which reads the query", rules(20, { key: { query: { except: "tracking" } } })],
  ["the same, with a cookie in the key", rules(20, { key: { cookies: { currency: ["EUR", "USD"] } } })],
];

/** glibc keeps what is freed, whatever its size, so that the cost of an allocation does not depend on those before it. */
const ALLOCATOR = { GLIBC_TUNABLES: "glibc.malloc.tcache_count=65535:glibc.malloc.tcache_max=65536" };

function rules(number, more) {
  const others = Array.from({ length: number - 1 }, (_, i) => ({
    path: `/section-${i >> 1}/{id}-*/**`,
    cache: i % 2 ? "forever" : "bypass",
  }));
  return [...others, { path: "/blog/**", cache: "force", ttl: 60, ...more }];
}

function instructions(program, list, hits) {
  const env = { ...process.env, ...ALLOCATOR, HITS: String(hits), HITS_RULES: JSON.stringify(list) };
  const counted = ["--tool=callgrind", "--callgrind-out-file=/dev/null", program];
  const only = ["--exact", "hits::are_shown", "--ignored", "--test-threads=1"];
  const { stdout, stderr, error } = spawnSync("valgrind", [...counted, ...only], { env, encoding: "utf8" });
  if (error) throw new Error(`valgrind does not run (${error.code}): install it, with apt install valgrind or brew`);
  if (!stdout.includes("1 passed")) throw new Error(`the hits were not shown:\n${stdout.slice(-1000)}`);
  const found = stderr.match(/Collected : (\d+)/);
  if (!found) throw new Error(stderr.slice(-1000));
  return Number(found[1]);
}

const built = spawnSync("cargo", BUILD, { cwd: at(), encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], maxBuffer: 1e8 });
const program = built.stdout
  .split("\n")
  .filter(Boolean)
  .map((line) => JSON.parse(line))
  .find(({ target, executable }) => executable && target.name === "sim")?.executable;
if (!program) throw new Error("the simulator was not built");

let first;
for (const [name, list] of SETS) {
  const [few, many] = HITS.map((hits) => instructions(program, list, hits));
  const each = (many - few) / (HITS[1] - HITS[0]);
  first ??= each;
  const more = list.length ? `  +${(each - first).toFixed(0)}, ${((each / first - 1) * 100).toFixed(1)} %` : "";
  console.log(`${name.padEnd(36)} ${each.toFixed(0).padStart(8)} instructions a hit${more}`);
}
