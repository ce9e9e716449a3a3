/**
 * The simulator must be able to fail: each broken variant of the source is built beside it and run
 * through the same random histories.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { VARIANTS } from "./variants.mjs";

const run = promisify(execFile);
const ROOT = new URL("../../", import.meta.url);
const TREE = new URL("target/broken/", ROOT);
// Of its own: cargo would take what was built of a variant for what was built of the source.
const BUILT = new URL("target/variants/", ROOT).pathname;
const OUTPUT_MOST = 64 << 20;
/** One history runs at a time, so that what is caught does not depend on the machine. */
const THREADS = "1";

async function cargo(args, env = {}) {
  const options = { cwd: TREE, maxBuffer: OUTPUT_MOST, env: { ...process.env, ...env, CARGO_TARGET_DIR: BUILT } };
  try {
    return { code: 0, ...(await run("cargo", args, options)) };
  } catch (error) {
    if (error.killed || error.code === undefined) throw error;
    return error;
  }
}

/** Builds the tree as it stands; the histories that it then runs. */
async function histories(requests) {
  const build = ["test", "--quiet", "--offline", "--profile", "sim", "--test", "sim"];
  const built = await cargo([...build, "--no-run"]);
  assert.equal(built.code, 0, built.stderr);
  const env = { SIM_REQUESTS: String(requests), SIM_SEED: "1", SIM_THREADS: THREADS, SIM_TERSE: "1", RUST_BACKTRACE: "0" };
  return cargo([...build, "--", "hold_in_random_histories", "--nocapture"], env);
}

async function change([file, before, put]) {
  const path = new URL(file, TREE);
  const source = await readFile(path, "utf8");
  assert.equal(source.split(before).length, 2, `${file} has this once: ${before}`);
  await writeFile(path, source.replace(before, () => put));
}

const sources = (file) => cp(new URL(file, ROOT), new URL(file, TREE), { recursive: true });

describe("the simulator catches", () => {
  before(async () => {
    await rm(TREE, { recursive: true, force: true });
    await mkdir(TREE, { recursive: true });
    for (const file of ["Cargo.toml", "Cargo.lock", "src", "tests/sim", "tests/wasm.rs", "bench/decision.rs"]) await sources(file);
    const { code, stdout } = await histories(2_000);
    assert.equal(code, 0, `what is right passes: ${stdout}`);
  });
  after(() => rm(TREE, { recursive: true, force: true }));

  for (const { name, within, breaks, edits } of VARIANTS) {
    test(`${name}, within ${within} requests`, async (t) => {
      for (const edit of edits) await change(edit);
      try {
        const { code, stdout } = await histories(within);
        const [, caught] = stdout.match(/^broken: (.*)$/m) ?? [];
        const [, requests] = stdout.match(/^requests +(\d+)/m) ?? [];
        assert.ok(code !== 0 && caught, `it was not caught: ${stdout.slice(-2000)}`);
        t.diagnostic(`after ${requests} requests: ${caught}`);
        if (breaks) assert.ok(caught.startsWith(breaks), caught);
      } finally {
        for (const [file] of edits) await sources(file);
      }
    });
  }
});
