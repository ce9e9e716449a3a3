// npm test: the tests, part by part. What each part says stands in target/test-output, and here
// its summary, or what failed. `npm test -- rust` runs one part, shows all that it says, and hands it
// what follows.
// Real sites and the npm package are no part of `npm test`: they take long, and need more packages.
import { readdirSync } from "node:fs";
import { command } from "./lib/command.mjs";
import { Failure } from "./lib/failure.mjs";
import { at } from "./lib/paths.mjs";
import { DJANGO_PACKAGE, EXAMPLE, PYTHON } from "./lib/python.mjs";
import { WASM, requireCargo, rustEnv } from "./lib/rust.mjs";
import { requireMachine, setUpPython, setUpTools, setUpWorker } from "./lib/setup.mjs";
import { SIMULATOR, simulated } from "./lib/simulator.mjs";
import { runTests } from "./lib/tests.mjs";

// `summary`: the lines in which the runner says how it went. `count`: how many tests passed.
// `failures`: from which line to which it tells of those that failed.
const CARGO = {
  summary: /^(test result:|\s+(Running|Doc-tests) )/,
  count: /^test result: .*\b(\d+) passed/,
  failures: { from: /^(failures:$|error(\[|:)|broken: )/, to: /^test result:/ },
};
const NODE = {
  summary: /^ℹ (tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /,
  count: /^ℹ pass (\d+)/,
  failures: { from: /^✖ failing tests:/, to: /^\0/ },
};
const UNITTEST = {
  summary: /^(Ran \d+ tests? in|OK\b|FAILED \()/,
  count: /^Ran (\d+) tests?/,
  failures: { from: /^={20,}/, to: /^FAILED \(/ },
};
/** It takes the whole machine, and has limits in seconds: nothing else runs beside it. */
const SCALE = "tests/e2e/scale.test.mjs";
const PARTS = {
  rust: {
    title: "Rust on the host",
    environment: rust,
    program: "cargo",
    args: ["test", "--no-fail-fast"],
    ...CARGO,
  },
  sim: {
    title: "a million requests in random histories",
    environment: histories,
    program: "cargo",
    args: SIMULATOR,
    ...CARGO,
    summary: /^(histories|requests|purges|until a purge|test result:)/,
  },
  broken: {
    title: "broken variants, which the histories must catch",
    environment: rust,
    program: "node",
    args: ["--test", "--test-reporter=spec", "tests/broken/*.test.mjs"],
    ...NODE,
  },
  wasm: {
    title: "Rust in wasm",
    environment: setUpTools,
    program: "cargo",
    args: ["test", "--target", WASM, "--test", "wasm"],
    ...CARGO,
  },
  e2e: {
    title: "end to end in the real runtime",
    environment: worker,
    program: "node",
    // Two files at a time, also on two cores: they wait more than they work.
    args: ["--test", "--test-reporter=spec", "--test-concurrency=2", ...endToEnd()],
    ...NODE,
  },
  scale: {
    title: "end to end, with as much at once as the machine can do",
    environment: worker,
    program: "node",
    args: ["--test", "--test-reporter=spec", SCALE],
    ...NODE,
  },
  docs: {
    title: "documents beside the code",
    environment: () => process.env,
    program: "node",
    args: ["--test", "--test-reporter=spec", "tests/docs/*.test.mjs"],
    ...NODE,
  },
  django: {
    title: "the package for Django",
    environment: python,
    program: PYTHON,
    args: ["tests/manage.py", "test"],
    cwd: DJANGO_PACKAGE,
    ...UNITTEST,
  },
  example: {
    title: "the example's, in Django",
    environment: python,
    program: PYTHON,
    args: ["manage.py", "test"],
    cwd: EXAMPLE,
    ...UNITTEST,
  },
  sites: {
    title: "real sites behind the edge",
    apart: true,
    environment: setUpWorker,
    program: "node",
    args: ["--test", "--test-reporter=spec", "--test-timeout=900000", "tests/sites/*.test.mjs"],
    ...NODE,
  },
  package: {
    title: "the npm package in an empty folder",
    apart: true,
    environment: setUpWorker,
    program: "node",
    args: ["--test", "--test-reporter=spec", "--test-timeout=1800000", "tests/package/*.test.mjs"],
    ...NODE,
  },
};

command(async ([name, ...more]) => {
  if (name) return one(name, more);
  requireMachine();
  await setUpTools();
  await setUpPython();
  const results = [];
  for (const [name, part] of Object.entries(PARTS)) if (!part.apart) results.push(await runTests({ name, ...part }));
  console.log("\n== summary of all parts");
  for (const { title, told, lines } of results) console.log(["", `-- ${title}: ${told}`, ...lines].join("\n"));
  return verdict(results);
});

async function one(name, more) {
  const part = PARTS[name];
  if (!part) throw new Failure(`there is no part “${name}” of the tests: it is one of ${Object.keys(PARTS).join(", ")}.`);
  return verdict([await runTests({ name, ...part, args: [...part.args, ...more] }, { live: true })]);
}

function verdict(results) {
  const failed = results.filter(({ failure }) => failure);
  for (const { title, failure } of failed) console.error(`edge-isr: ${title}: ${failure}`);
  return failed.length ? 1 : 0;
}

function endToEnd() {
  const files = readdirSync(at("tests", "e2e")).filter((name) => name.endsWith(".test.mjs"));
  return files.map((name) => `tests/e2e/${name}`).filter((path) => path !== SCALE);
}

async function rust() {
  requireCargo();
  return rustEnv();
}

async function histories() {
  return { ...(await rust()), ...simulated({ requests: 1_000_000 }) };
}

/** The end-to-end tests start the example too: PYTHON is what runs it. */
async function worker() {
  const env = await setUpWorker();
  await setUpPython();
  return { ...env, PYTHON };
}

async function python() {
  await setUpPython();
  return { ...process.env, PYTHONUNBUFFERED: "1" };
}
