// Tests as processes of their own, few enough at once to leave the machine to others.
import { spawn } from "node:child_process";
import { at } from "../paths.mjs";

const AT_ONCE = 2;
// A mutant may take all memory that it can get.
const LIMITS = 'ulimit -v 3000000 2>/dev/null; exec nice -n 10 "$@"';
/** Little of what is random: each mutant runs it again. */
const SMALL = { SIM_REQUESTS: "2000", SIM_THREADS: "1", SIM_TERSE: "1", PROPTEST_CASES: "64" };
/** A case that a mutant fails is not written down: the next mutant would be held against it. */
const FORGETFUL = { PROPTEST_DISABLE_FAILURE_PERSISTENCE: "true" };

/**
 * Runs tests of one program, one after the other, until the first that fails. `failed` is its name,
 * or how the process ended otherwise, or nothing when all have passed.
 */
export function runTests(program, names, { env = {}, limitMs }) {
  const args = ["-c", LIMITS, "sh", program, "--test-threads=1", "--exact", ...names];
  const child = spawn("sh", args, {
    cwd: at(),
    env: { ...process.env, RUST_BACKTRACE: "0", PROPTEST_RNG_SEED: "1", ...FORGETFUL, ...SMALL, ...env },
    stdio: ["ignore", "pipe", "ignore"],
  });
  return new Promise((resolve) => {
    let output = "";
    const end = (failed) => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      resolve({ failed, output });
    };
    const timer = setTimeout(end, limitMs, "it took too long");
    child.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
      const failed = /^test (\S+)(?: - .*)? \.\.\. FAILED$/m.exec(output);
      if (failed) end(failed[1]);
    });
    child.on("close", (code, signal) => end(code === 0 ? undefined : `it ended with ${signal ?? code}`));
  });
}

/** Does `work` for each, two at a time. */
export async function each(of, work) {
  const left = of.map((one, index) => [one, index]);
  const results = [];
  const worker = async () => {
    for (let next = left.shift(); next; next = left.shift()) results[next[1]] = await work(next[0]);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}
