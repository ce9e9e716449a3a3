/**
 * The simulator must be able to fail: all broken variants of the source are built into one program
 * beside it, which is one of them at a time, and run through the same random histories.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { VARIANTS } from "./variants.mjs";

const run = promisify(execFile);
const ROOT = new URL("../../", import.meta.url);
const TREE = new URL("target/broken/", ROOT);
// A target folder of its own, so that cargo does not mix the builds of the variants and of the source.
const BUILT = new URL("target/variants/", ROOT).pathname;
const OUTPUT_MOST = 64 << 20;
/** One history runs at a time, so that what is caught does not depend on the machine. */
const THREADS = "1";
const RUNS_AT_ONCE = 2;
/** Which variant the program is. */
const MODULE = `
pub fn is(variant: &str) -> bool {
    static VARIANT: std::sync::LazyLock<String> =
        std::sync::LazyLock::new(|| std::env::var("BROKEN").unwrap_or_default());
    *VARIANT == variant
}
`;

async function attempt(program, args, env = {}) {
  const options = { cwd: TREE, maxBuffer: OUTPUT_MOST, env: { ...process.env, ...env } };
  try {
    return { code: 0, ...(await run(program, args, options)) };
  } catch (error) {
    if (error.killed || error.code === undefined) throw error;
    return error;
  }
}

/** Builds the tree as it stands: the path of the program that runs the histories. */
async function build() {
  const args = ["test", "--quiet", "--offline", "--profile", "sim", "--test", "sim", "--no-run", "--message-format=json"];
  const { code, stdout, stderr } = await attempt("cargo", args, { CARGO_TARGET_DIR: BUILT });
  const messages = stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const errors = messages.filter(({ message }) => message?.level === "error").map(({ message }) => message.rendered);
  assert.equal(code, 0, errors.join("\n") || stderr);
  return messages.find(({ executable, target }) => executable && target.name === "sim").executable;
}

/** The histories of a variant, or of the source as it is, up to the one that breaks `until`. */
const histories = (program, variant, requests, until = "") =>
  attempt(program, ["hold_in_random_histories", "--nocapture"], {
    BROKEN: variant,
    SIM_REQUESTS: String(requests),
    SIM_SEED: "1",
    SIM_THREADS: THREADS,
    SIM_UNTIL: until,
    SIM_TERSE: "1",
    RUST_BACKTRACE: "0",
  });

/** One test of the simulator, in a variant or in the source as it is. */
const simulated = (program, variant, name) => attempt(program, ["--exact", name], { BROKEN: variant, RUST_BACKTRACE: "0" });

/** What a variant has in place of the source. */
function instead({ id }, before, variant) {
  const broken = `crate::broken::is("${id}")`;
  if (variant.includes("BROKEN")) return variant.replaceAll("BROKEN", broken);
  if (!before) return `if ${broken} { ${variant} }\n`;
  const either = `if ${broken} { ${variant} } else { ${before} }`;
  return before.endsWith(";") ? either : `(${either})`;
}

const MARK = /^ *\/\/ broken: (.*)\n/gm;

/** `source` with the changes of all variants that have a mark in it; `done` learns their marks. */
function broken(file, source, done) {
  for (const variant of VARIANTS) {
    for (const [mark, before, put] of variant.edits) {
      const at = [...source.matchAll(MARK)].filter(([, marks]) => marks.split(", ").includes(mark));
      if (!at.length) continue;
      assert.ok(at.length === 1 && !done.has(mark), `one place has the mark ${mark}`);
      const after = at[0].index + at[0][0].length;
      const from = source.indexOf(before, after);
      assert.ok(from >= 0, `${file} has this after the mark ${mark}: ${before}`);
      source = source.slice(0, from) + instead(variant, before, put) + source.slice(from + before.length);
      done.add(mark);
    }
  }
  return source;
}

/** A tree beside the source's, with all variants in it. */
async function makeTree() {
  await rm(TREE, { recursive: true, force: true });
  await mkdir(TREE, { recursive: true });
  for (const file of ["Cargo.toml", "Cargo.lock", "src", "tools", "tests/sim", "tests/wasm.rs", "bench/decision.rs"]) {
    await cp(new URL(file, ROOT), new URL(file, TREE), { recursive: true });
  }
  const [done, sources] = [new Set(), new URL("src/", TREE)];
  const files = (await readdir(sources, { recursive: true })).filter((file) => file.endsWith(".rs"));
  for (const file of files) {
    const source = await readFile(new URL(file, sources), "utf8");
    const changed = broken(file, source, done);
    if (changed !== source) await writeFile(new URL(file, sources), changed);
  }
  const missing = VARIANTS.flatMap(({ edits }) => edits.map(([mark]) => mark)).filter((mark) => !done.has(mark));
  assert.deepEqual(missing, [], "the source has these marks");
  const lib = new URL("lib.rs", sources);
  await writeFile(lib, `${await readFile(lib, "utf8")}\nmod broken;\n`);
  await writeFile(new URL("broken.rs", sources), MODULE);
}

describe("the simulator catches", { concurrency: RUNS_AT_ONCE }, () => {
  let program;
  before(async () => {
    await makeTree();
    program = await build();
    const { code, stdout } = await histories(program, "", 2_000);
    assert.equal(code, 0, `what is right passes: ${stdout}`);
  });
  after(() => rm(TREE, { recursive: true, force: true }));

  for (const { id, name, test: by } of VARIANTS.filter((variant) => variant.test)) {
    test(`${name}, in ${by}`, async () => {
      const right = await simulated(program, "", by);
      assert.match(right.stdout, /test result: ok. 1 passed/, `what is right passes: ${right.stdout}`);
      const { code, stdout } = await simulated(program, id, by);
      assert.ok(code !== 0 && /test result: FAILED/.test(stdout), `it was not caught: ${stdout.slice(-2000)}`);
    });
  }

  for (const { id, name, within, breaks } of VARIANTS.filter((variant) => !variant.test)) {
    test(`${name}, within ${within} requests`, async (t) => {
      const { code, stdout } = await histories(program, id, within, breaks);
      const caught = [...stdout.matchAll(/^broken: (.*?), by/gm)].map(([, invariant]) => invariant);
      const [, requests] = stdout.match(/^requests +(\d+)/m) ?? [];
      assert.ok(code !== 0 && caught.includes(breaks ?? caught[0]), `it was not caught: ${stdout.slice(-2000)}`);
      t.diagnostic(`after ${requests} requests: ${breaks ?? caught[0]}`);
    });
  }
});
