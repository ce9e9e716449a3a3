// npm run mutants -- [--shard K/N] [--file PATH] [--again]: changes the source in small ways, one at a
// time, and says which of these mutants no native test catches. Each that lives must stand in
// tests/mutants/alive.mjs with its reason; one that stands there and dies is to be taken out.
// All are built at once, each behind a switch, and each runs the tests that reach it. N shards take
// them in parts, K from 0 on; PATH is a file or a folder of src; --again runs those that lived last time.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ALIVE } from "../tests/mutants/alive.mjs";
import { command } from "./lib/command.mjs";
import { Failure } from "./lib/failure.mjs";
import { attempts } from "./lib/mutants/attempt.mjs";
import { build, HOME } from "./lib/mutants/build.mjs";
import { measured } from "./lib/mutants/tests.mjs";
import { requireCargo } from "./lib/rust.mjs";

const USAGE = "npm run mutants -- [--shard K/N] [--file PATH] … [--again]";
const LIVED = join(HOME, "lived.json");
const LEAST_KILLED = 0.95;

command(async (given) => {
  const { shard, file, again } = options(given);
  requireCargo();
  const { mutants: known, programs } = await build();
  const chosen = known.filter(inFiles(file)).filter(inLast(again)).filter(inShard(shard));
  if (!chosen.length) throw new Failure("there is no mutant in what was asked for.");
  const ran = await attempts(chosen, await measured(programs));
  writeFileSync(LIVED, JSON.stringify(ran.filter(lives).map(({ key }) => key)));
  show(ran);
  return verdict(ran, known, chosen.length === known.length);
});

function options(args) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        shard: { type: "string", default: "0/1" },
        file: { type: "string", multiple: true, default: ["src"] },
        again: { type: "boolean", default: false },
      },
    });
    if (/^\d+\/[1-9]\d*$/.test(values.shard)) return values;
  } catch {
    // Said below.
  }
  throw new Failure(`“${args.join(" ")}” is not understood: ${USAGE}`);
}

const inFiles = (paths) => (mutant) => paths.some((path) => `${mutant.file}/`.startsWith(`${path.replace(/\/$/, "")}/`));

function inLast(again) {
  const last = again && existsSync(LIVED) ? JSON.parse(readFileSync(LIVED, "utf8")) : [];
  return ({ key }) => !again || last.includes(key);
}

function inShard(shard) {
  const [number, of] = shard.split("/").map(Number);
  return (_, index) => index % of === number;
}

const lives = ({ by }) => !by;
const is = (entry) => (mutant) => mutant.name === entry.mutant;

/** How many of each file died. */
function show(ran) {
  console.log("\nkilled   mutants  file");
  for (const file of [...new Set(ran.map(({ file }) => file))].sort()) {
    const of = ran.filter((mutant) => mutant.file === file);
    console.log(`${percent(killed(of)).padStart(7)} ${String(of.length).padStart(8)}  ${file}`);
  }
  console.log();
}

function verdict(ran, known, whole) {
  const alive = ran.filter(lives);
  const unlisted = alive.filter((mutant) => !ALIVE.some((entry) => is(entry)(mutant)));
  const wrong = [
    ...unlisted.map(({ file, line, name }) => `lives, and is not listed: ${file}:${line}: ${name}`),
    ...ALIVE.filter((entry) => ran.some(is(entry)) && !alive.some(is(entry))).map(
      ({ mutant }) => `is listed, and dies: ${mutant}`,
    ),
    ...ALIVE.filter((entry) => !known.some(is(entry))).map(({ mutant }) => `is listed, and is no mutant: ${mutant}`),
  ];
  if (whole && killed(ran) < LEAST_KILLED) wrong.push(`less than ${percent(LEAST_KILLED)} died`);
  for (const each of wrong) console.log(each);
  const run = `${ran.length} mutants of ${known.length} were run`;
  console.log(`\n${run}: ${percent(killed(ran))} died, ${alive.length} live. The list is tests/mutants/alive.mjs.`);
  return wrong.length ? 1 : 0;
}

const killed = (mutants) => 1 - mutants.filter(lives).length / mutants.length;
const percent = (share) => `${(100 * share).toFixed(1)} %`;
