// One runner of tests: its output in a file, how many tests passed in what time, and what it says of
// itself.
import { createWriteStream, mkdirSync } from "node:fs";
import { join, relative } from "node:path";
import { finished } from "node:stream/promises";
import { start } from "./child.mjs";
import { Failure } from "./failure.mjs";
import { at, ROOT } from "./paths.mjs";
import { elapsed, plain, progress } from "./step.mjs";

const OUTPUT = at("target", "test-output");
const SHOWN_LINES = 150;
const BEAT_MS = 60_000;

/**
 * Runs one part. `lines` are the runner's own summary; `failure` says why the part failed, if it
 * did. With `live` the output is shown as it comes; without, only what tells of a failure.
 */
export async function runTests(part, { live = false } = {}) {
  try {
    const env = await part.environment();
    if (live) console.log(`\n== ${part.title}\n`);
    return await new Run(part, live).result(env);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    error.printLines();
    return { title: part.title, told: "not run", lines: [], failure: error.message };
  }
}

class Run {
  #lines = [];
  #part;
  #live;
  #passed = 0;
  #output = [];
  #file;

  constructor(part, live) {
    mkdirSync(OUTPUT, { recursive: true });
    this.#part = part;
    this.#live = live;
    this.#file = join(OUTPUT, `${part.name}.log`);
  }

  async result(env) {
    const began = Date.now();
    const shown = this.#live ? { end() {} } : progress(this.#part.title, { everyMs: BEAT_MS });
    const failure = await this.#run(env);
    const told = `${failure ? "FAILED, " : ""}${this.#passed} passed`;
    shown.end(!failure, told);
    if (failure && !this.#live) this.#show();
    const file = relative(ROOT, this.#file);
    return { title: this.#part.title, told: `${told}, ${elapsed(began)}, ${file}`, lines: this.#lines, failure };
  }

  /** Why the part failed, if it did. */
  async #run(env) {
    const { program, args, cwd } = this.#part;
    const log = createWriteStream(this.#file);
    const child = start(program, args, { cwd, env });
    eachLine(child.output, (line) => this.#read(line, log));
    const { code, signal } = await child.ended;
    log.end();
    await finished(log);
    if (code !== 0) return `failed (${signal ?? `exit code ${code}`}).`;
    if (this.#lines.length === 0) return "its runner gave no summary.";
    if (this.#passed === 0) return "no test ran.";
  }

  #read(line, log) {
    const { summary, count } = this.#part;
    log.write(`${line}\n`);
    if (this.#live) console.log(line);
    this.#output.push(line);
    if (summary.test(line)) this.#lines.push(line);
    this.#passed += Number(count.exec(line)?.[1] ?? 0);
  }

  /** Shows what the runner says of the tests that failed or, where it says nothing, its last lines. */
  #show() {
    const told = failures(this.#output, this.#part.failures);
    const shown = told.length ? told.slice(0, SHOWN_LINES) : this.#output.slice(-SHOWN_LINES / 3);
    console.error(shown.map((line) => `  | ${line}`).join("\n"));
    const rest = told.length - SHOWN_LINES;
    if (rest > 0) console.error(`  | … and ${rest} lines more in ${relative(ROOT, this.#file)}`);
  }
}

/** The lines from each that is like `from` to the next that is like `to`. */
function failures(output, { from, to }) {
  let within = false;
  return output.filter((line) => {
    within ||= from.test(line);
    const wanted = within;
    if (to.test(line)) within = false;
    return wanted;
  });
}

function eachLine(output, read) {
  let rest = "";
  output.on("data", (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    for (const line of lines) read(plain(line));
  });
  output.on("end", () => rest && read(plain(rest)));
}
