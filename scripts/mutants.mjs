// npm run mutants -- [--shard K/N] [--file PATH]: changes the source in small ways, one at a time, and
// says which of these mutants no host test catches. Each that lives must stand in
// tests/mutants/alive.mjs with its reason; one that stands there and dies is to be taken out.
// The whole takes many hours: N shards take it in parts, K from 0 on.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ALIVE } from "../tests/mutants/alive.mjs";
import { start } from "./lib/child.mjs";
import { command } from "./lib/command.mjs";
import { Failure } from "./lib/failure.mjs";
import { at } from "./lib/paths.mjs";
import { requireCargo, rustEnv } from "./lib/rust.mjs";
import { setUpMutants } from "./lib/setup.mjs";

const USAGE = "npm run mutants -- [--shard K/N] [--file PATH] …";
const HOME = at("target", "mutants");
// The source is changed in a copy. What was built of its dependencies stays from one run to the next.
const TREE = join(HOME, "tree");
const OUTCOMES = join(HOME, "mutants.out", "outcomes.json");
const COPIED = ["Cargo.toml", "Cargo.lock", "src", "tests", "bench", "clippy.toml"];
const ALL = ["src/**/*.rs"];
/** What no host test runs: the end-to-end tests do. */
const NOT = "src/workers/**";
const HOST_TESTS = ["--test=pure", "--test=sim"];
const LEAST_KILLED = 0.95;
const RUN_BY = ["--in-place", "--no-shuffle", "--sharding=round-robin", "--colors=never", "--timeout-multiplier=4"];

command(async (given) => {
  const { shard, file } = options(given);
  requireCargo();
  const program = await setUpMutants();
  copyTree();
  const scope = [...file.flatMap((path) => ["--file", path]), "--exclude", NOT, "--dir", TREE];
  const env = rustEnv({ CARGO_TARGET_DIR: join(HOME, "build") });
  const known = await list(program, ["--exclude", NOT, "--dir", TREE], env);
  const args = ["mutants", ...RUN_BY, ...scope, "--output", HOME, ...HOST_TESTS.map((test) => `--cargo-arg=${test}`)];
  rmSync(OUTCOMES, { force: true });
  await start(program, [...args, ...(shard ? ["--shard", shard] : [])], { env, show: true }).ended;
  return verdict(outcomes(known), known, !shard && file === ALL);
});

function options(args) {
  try {
    const { values } = parseArgs({
      args,
      options: { shard: { type: "string" }, file: { type: "string", multiple: true, default: ALL } },
    });
    if (/^(\d+\/[1-9]\d*)?$/.test(values.shard ?? "")) return values;
  } catch {
    // Said below.
  }
  throw new Failure(`“${args.join(" ")}” is not understood: ${USAGE}`);
}

/** With new times, or cargo would take what was built of a mutant for what was built of the source. */
function copyTree() {
  rmSync(TREE, { recursive: true, force: true });
  mkdirSync(TREE, { recursive: true });
  for (const name of COPIED) cpSync(at(name), join(TREE, name), { recursive: true });
}

async function list(program, scope, env) {
  const child = start(program, ["mutants", "--list", "--json", ...scope], { env });
  let text = "";
  child.output.on("data", (more) => (text += more));
  const { code } = await child.ended;
  if (code !== 0) throw new Failure("cargo-mutants cannot list the mutants.", text.split("\n").slice(-20));
  return JSON.parse(text).map(mutant);
}

/** What became of each mutant that was run. Where there was none, cargo-mutants has said why. */
function outcomes(known) {
  const all = existsSync(OUTCOMES) ? JSON.parse(readFileSync(OUTCOMES, "utf8")).outcomes : [];
  const ran = all.filter(({ scenario }) => scenario.Mutant);
  if (!ran.length) throw new Failure("no mutant was run.");
  return ran.map(({ scenario, summary }) => ({ summary, ...known.find(({ name }) => name === scenario.Mutant.name) }));
}

/** What a mutant is known by: what it changes, and the lines that it takes away. */
function mutant({ name, diff }) {
  const removed = diff.split("\n").filter((line) => /^-(?!-- )/.test(line));
  return { name, change: name.replace(/^\S+?:\d+:\d+: /, ""), lines: removed.map((line) => line.slice(1).trim()) };
}

const is = (entry) => (mutant) => mutant.change === entry.mutant && (!entry.line || mutant.lines.includes(entry.line));

function verdict(ran, known, whole) {
  const viable = ran.filter(({ summary }) => summary !== "Unviable");
  const alive = viable.filter(({ summary }) => summary === "MissedMutant");
  const wrong = [
    ...alive.filter((mutant) => !ALIVE.some((entry) => is(entry)(mutant))).map(({ name }) => `lives, and is not listed: ${name}`),
    ...ALIVE.filter((entry) => viable.some(is(entry)) && !alive.some(is(entry))).map(
      ({ mutant }) => `is listed, and dies: ${mutant}`,
    ),
    ...ALIVE.filter((entry) => !known.some(is(entry))).map(({ mutant }) => `is listed, and is no mutant: ${mutant}`),
  ];
  const killed = 1 - alive.length / viable.length;
  if (whole && killed < LEAST_KILLED) wrong.push(`less than ${percent(LEAST_KILLED)} died`);
  for (const each of wrong) console.log(each);
  const run = `${ran.length} mutants of ${known.length} were run, ${viable.length} could be built`;
  console.log(`\n${run}: ${percent(killed)} died, ${alive.length} live. The list is tests/mutants/alive.mjs.`);
  return wrong.length ? 1 : 0;
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;
