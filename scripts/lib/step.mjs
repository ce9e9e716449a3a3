// A step that may take long: it says what it does, shows that it lives, and keeps its output for
// the case that it fails.
import { start } from "./child.mjs";
import { Failure } from "./failure.mjs";

const KEPT_CHARS = 200_000;
const SHOWN_LINES = 40;
const BUILD_SCRIPT = /^\s*cargo:/; // what a crate's build script tells cargo
const FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
const TERMINAL = process.stdout.isTTY && !process.env.CI;

/**
 * Runs `program` as a step called `label`; `hint` says how long it may take. When it fails,
 * `why(output)` may name a likelier cause than the program's last lines do.
 */
export async function step(label, program, args, { hint, why = () => undefined, ...options } = {}) {
  const shown = progress(label, { hint });
  const child = start(program, args, options);
  let output = "";
  child.output.on("data", (text) => (output = (output + text).slice(-KEPT_CHARS)));
  const { code, signal } = await child.ended;
  shown.end(code === 0);
  if (code === 0) return;
  const how = signal ? `ended by ${signal}` : `exit code ${code}`;
  throw new Failure(why(output) ?? `${label} failed (${how}).`, relevant(output));
}

/**
 * Shows that `label` is under way, each `everyMs` where there is no terminal. `end` says that it
 * went well, and `told` of it, or takes what is shown away.
 */
export function progress(label, { hint, everyMs = 15_000 } = {}) {
  return TERMINAL ? spinner(label, hint) : heartbeat(label, hint, everyMs);
}

/** Text without colours. */
export const plain = (text) => text.replace(/\x1b\[[0-9;]*[A-Za-z]/g, "");

/** The lines from the first error on, or else the last ones. */
export function relevant(output) {
  const lines = plain(output)
    .split(/\r?\n|\r/)
    .filter((line) => line.trim() && !BUILD_SCRIPT.test(line));
  const first = lines.findIndex((line) => /^\s*(npm )?error\b/i.test(line));
  return first < 0 ? lines.slice(-SHOWN_LINES / 2) : lines.slice(first, first + SHOWN_LINES);
}

function heartbeat(label, hint, everyMs) {
  const began = Date.now();
  console.log(`edge-isr: ${label}${hint ? ` (${hint})` : ""} …`);
  const beat = setInterval(() => console.log(`edge-isr: … ${label}, ${elapsed(began)}`), everyMs);
  return {
    end(well, told = "done") {
      clearInterval(beat);
      if (well) console.log(`edge-isr: ${label}: ${told} in ${elapsed(began)}`);
    },
  };
}

function spinner(label, hint) {
  const began = Date.now();
  const write = (mark, rest = "") => process.stdout.write(`\r\x1b[K${mark} ${label}, ${elapsed(began)}${rest}`);
  const rest = hint ? ` (${hint})` : "";
  let frame = 0;
  const turn = setInterval(() => write(FRAMES[frame++ % FRAMES.length], rest), 100);
  return {
    end(well, told = "") {
      clearInterval(turn);
      write(well ? "✓" : "✗", `${told && `, ${told}`}\n`);
    },
  };
}

/** The time since then, in words. */
export const elapsed = (began) => `${Math.round((Date.now() - began) / 1000)} s`;
