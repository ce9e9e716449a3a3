// One runner of tests: its output as it comes, and what it says of itself.
import { start } from "./child.mjs";
import { Failure } from "./failure.mjs";
import { plain } from "./step.mjs";

const COLOUR = process.stdout.isTTY ? { CARGO_TERM_COLOR: "always", FORCE_COLOR: "1" } : {};

/** Runs one part. `lines` are the runner's own summary; `failure` says why the part failed, if it did. */
export async function runTests(part) {
  console.log(`\n== ${part.title}\n`);
  const result = { title: part.title, lines: [], failure: undefined };
  try {
    const env = { ...(await part.environment()), ...COLOUR };
    result.failure = await run(part, env, result.lines);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    error.printLines();
    result.failure = error.message;
  }
  return result;
}

async function run({ program, args, cwd, summary, count }, env, lines) {
  const child = start(program, args, { cwd, env });
  let passed = 0;
  const read = (line) => {
    if (summary.test(line)) lines.push(line);
    passed += Number(count.exec(line)?.[1] ?? 0);
  };
  eachLine(child.output, read);
  const { code, signal } = await child.ended;
  if (code !== 0) return `failed (${signal ?? `exit code ${code}`}).`;
  if (passed === 0) return "no test ran.";
}

function eachLine(output, read) {
  let rest = "";
  output.on("data", (text) => {
    process.stdout.write(text);
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    for (const line of lines) read(plain(line));
  });
  output.on("end", () => rest && read(plain(rest)));
}
