// The tests of the host: how long each takes, and which mutants it reaches.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../failure.mjs";
import { progress } from "../step.mjs";
import { HOME } from "./build.mjs";
import { each, runTests } from "./process.mjs";

const REACHED = join(HOME, "reached");
const LIMIT_MS = 300_000;

/** All tests of these programs: `{ name, program, ms, reached }`. None of them may fail as it is. */
export async function measured(programs) {
  rmSync(REACHED, { recursive: true, force: true });
  mkdirSync(REACHED, { recursive: true });
  const tests = programs.flatMap(({ path }) => namesOf(path).map((name) => ({ name, program: path })));
  const shown = progress(`running ${tests.length} tests without a mutant`, { everyMs: 60_000 });
  const results = await each(
    tests.map((test, index) => ({ ...test, file: join(REACHED, String(index)) })),
    measure,
  );
  shown.end(true);
  const failed = results.filter(({ failed }) => failed);
  if (failed.length)
    throw new Failure(
      "tests fail without a mutant.",
      failed.map(({ name, failed }) => `${name}: ${failed}`),
    );
  return results;
}

function namesOf(program) {
  const { stdout } = spawnSync(program, ["--list", "--format=terse"], { encoding: "utf8" });
  return stdout.split("\n").flatMap((line) => /^(.+): test$/.exec(line)?.[1] ?? []);
}

async function measure({ name, program, file }) {
  const began = performance.now();
  const { failed } = await runTests(program, [name], { env: { MUTANTS_REACHED: file }, limitMs: LIMIT_MS });
  const ms = performance.now() - began;
  return { name, program, failed, ms, reached: existsSync(file) ? ids(file) : new Set() };
}

const ids = (file) => new Set(readFileSync(file, "utf8").trim().split("\n").map(Number));
