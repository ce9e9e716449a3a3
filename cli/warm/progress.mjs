// How a job goes on, for a terminal and for a log.
const WIDTH = 24;
const LOG_EVERY_MS = 5_000;

/** Shows a job's reports as they come: one line that is drawn anew, or in a log a line now and then. */
export class Progress {
  #isTerminal;
  #write;
  #last = "";
  #lastAt = 0;

  constructor(stream = process.stdout) {
    this.#isTerminal = Boolean(stream.isTTY);
    this.#write = (text) => stream.write(text);
  }

  show(report, now = Date.now()) {
    const line = lineOf(report);
    if (this.#isTerminal) {
      this.#write(`\r\u001b[K${bar(report)} ${line}`);
    } else if (line !== this.#last && (now - this.#lastAt >= LOG_EVERY_MS || report.done_at)) {
      this.#write(`${line}\n`);
      this.#lastAt = now;
    }
    this.#last = line;
  }

  end() {
    if (this.#isTerminal) this.#write("\n");
  }
}

function bar({ asked, done }) {
  const full = asked === 0 ? 0 : Math.round((WIDTH * done) / asked);
  return `[${"#".repeat(full)}${".".repeat(WIDTH - full)}]`;
}

/** A report in a line. Counts of nothing are left out. */
export function lineOf(report) {
  const parts = [`${report.done} of ${report.asked} pages${report.lists_left > 0 ? " so far" : ""}`];
  const counts = { stored: "stored", unchanged: "unchanged", fresh: "fresh already", uncacheable: "uncacheable" };
  for (const [name, words] of Object.entries({ ...counts, failed: "failed", skipped: "skipped" })) {
    if (report[name] > 0) parts.push(`${report[name]} ${words}`);
  }
  if (report.state === "paused") parts.push(`the origin wants a pause until ${report.paused_until}`);
  else if (report.estimated_end)
    parts.push(`at most ${report.per_second} requests a second, probably done at ${report.estimated_end}`);
  return parts.join(", ");
}
