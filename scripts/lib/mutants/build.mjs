// A copy of the project in which every mutant stands behind a switch, built once. Mutants that do not
// compile are removed, and the build is repeated.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { start } from "../child.mjs";
import { Failure } from "../failure.mjs";
import { at } from "../paths.mjs";
import { rustEnv } from "../rust.mjs";
import { progress, step } from "../step.mjs";

export const HOME = at("target", "mutants");
const TREE = join(HOME, "tree");
const MAP = join(HOME, "map.json");
// Mutants that did not compile the last time. Delete the file to try them again.
const DROPPED = join(HOME, "dropped.json");
const SCHEMATA = at("tests", "mutants", "schemata");
const COPIED = ["Cargo.toml", "Cargo.lock", "src", "tools", "tests", "bench"];
const ROUNDS_MOST = 12;
/** The targets of the tests that run natively. */
const TARGETS = ["pure", "sim"];
// As fast as the simulator, with all that a debug build checks.
const PROFILE = [
  "--profile=sim",
  ...["debug-assertions=true", "overflow-checks=true"].map((setting) => `--config=profile.sim.${setting}`),
  ...["debug-assertions=false", "overflow-checks=false"].map((setting) => `--config=profile.sim.package."*".${setting}`),
];

/** Builds all mutants into the tests. Returns the mutants, and the programs that are the tests. */
export async function build() {
  const schemata = await generator();
  copy();
  let dropped = existsSync(DROPPED) ? JSON.parse(readFileSync(DROPPED, "utf8")) : [];
  for (let round = 1; round <= ROUNDS_MOST; round += 1) {
    writeFileSync(DROPPED, JSON.stringify(dropped));
    await step("writing the mutants", schemata, [at("src"), join(TREE, "src"), MAP, DROPPED]);
    const { mutants, regions } = JSON.parse(readFileSync(MAP, "utf8"));
    const { programs, errors } = await compile(round);
    if (programs) return { mutants, programs };
    const ids = errors.flatMap((error) => blamed(error, regions));
    dropped = [...dropped, ...mutants.filter(({ id }) => ids.includes(id)).map(({ key }) => key)];
  }
  throw new Failure(`the mutants do not compile, ${ROUNDS_MOST} times over.`);
}

async function generator() {
  const target = join(HOME, "schemata");
  const args = ["build", "--locked", "--manifest-path", join(SCHEMATA, "Cargo.toml"), "--target-dir", target];
  await step("building what writes the mutants", "cargo", args, { env: rustEnv() });
  return join(target, "debug", "schemata");
}

/** Brings the copy up to date. What is the same stays as it is, so that cargo does not build it again. */
function copy() {
  const changed = (name) => name.startsWith("src/") && !name.startsWith("src/workers/");
  const files = COPIED.flatMap((name) => filesOf(at(), name));
  for (const name of filesOf(TREE, "")) {
    if (!files.includes(name) && name !== "src/mutant.rs") rmSync(join(TREE, name));
  }
  for (const name of files.filter((name) => !changed(name) || !existsSync(join(TREE, name)))) {
    const text = readFileSync(at(name));
    const to = join(TREE, name);
    if (existsSync(to) && text.equals(readFileSync(to))) continue;
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, text);
  }
}

/** The files below `name`, by their paths from `root` on. A crate of the tests' own is none of them. */
function filesOf(root, name) {
  const path = join(root, name);
  if (!existsSync(path) || path === SCHEMATA) return [];
  if (!statSync(path).isDirectory()) return [name];
  return readdirSync(path).flatMap((each) => filesOf(root, name ? `${name}/${each}` : each));
}

/** The programs that are the tests, or else the errors of the compiler. */
async function compile(round) {
  const shown = progress(`building the tests with all mutants in them, round ${round}`, { hint: "some minutes" });
  const args = ["test", "--no-run", "--locked", "--message-format=json", ...PROFILE, ...TARGETS.map((name) => `--test=${name}`)];
  const env = rustEnv({ CARGO_TARGET_DIR: join(HOME, "build"), RUSTFLAGS: "--cap-lints=allow" });
  const { code, messages, text } = await messagesOf(args, env);
  const programs = messages.filter(({ executable, target }) => executable && target.kind.includes("test"));
  if (code === 0) shown.end(true);
  if (code === 0) return { programs: programs.map(({ executable, target }) => ({ target: target.name, path: executable })) };
  const errors = messages.filter(({ message }) => message?.level === "error" && message.spans.length);
  shown.end(true, `${errors.length} errors`);
  if (!errors.length) throw new Failure("the mutants cannot be built.", text.split("\n").slice(-40));
  return { errors: errors.map(({ message }) => message) };
}

async function messagesOf(args, env) {
  const child = start("cargo", args, { cwd: TREE, env });
  let text = "";
  child.output.on("data", (more) => (text += more));
  const { code } = await child.ended;
  const lines = text.split("\n");
  const messages = lines.filter((line) => line.startsWith('{"reason"')).map((line) => JSON.parse(line));
  return { code, messages, text: lines.filter((line) => !line.startsWith('{"reason"')).join("\n") };
}

/** The mutants that an error takes out: those of the smallest part of the source around it. */
function blamed(error, regions) {
  const spans = error.spans.map(written).filter(Boolean);
  const ids = [...spans.filter((span) => span.is_primary), ...spans].map((span) => smallest(span, regions)).find(Boolean);
  if (!ids) throw new Failure("an error of the compiler is in no mutant.", error.rendered.split("\n"));
  return ids;
}

/** Where a macro stands that an error is in. */
function written(span) {
  let at = span;
  while (at && !at.file_name.startsWith("src/")) at = at.expansion?.span;
  return at && { ...at, is_primary: span.is_primary };
}

function smallest({ file_name: file, byte_start: start, byte_end: end }, regions) {
  const around = regions.filter((region) => region.file === file && region.start <= start && end <= region.end);
  return around.sort((a, b) => a.end - a.start - (b.end - b.start))[0]?.ids;
}
