// The frame of every command: one sentence for a failure, no stack trace, nothing left running.
import { stopAll } from "./child.mjs";
import { Failure } from "./failure.mjs";

// Not SIGHUP: `nohup npm start` is to stay; and where a hangup does end this process, its children
// end with it (child.mjs).
const SIGNALS = { SIGINT: 130, SIGTERM: 143 };
const OLDEST_NODE = 20;
let leaving;
let codeWhenInterrupted;

/**
 * Runs `main` with the command line's arguments; what it returns is the exit code (0 if nothing).
 * `windows`: it runs there too.
 */
export function command(main, { windows = false } = {}) {
  for (const signal of Object.keys(SIGNALS)) process.on(signal, () => interrupt(signal));
  process.stdout.on("error", () => leave(1)); // the reader has gone
  process.on("uncaughtException", (error) => leave(report(error)));
  leaveWithNpm();
  refuseUnfitMachine(windows);
  main(process.argv.slice(2)).then(
    (code) => leave(code ?? 0),
    (error) => leave(report(error)),
  );
}

/** From now on a Ctrl-C is how the command is meant to end. */
export function interruptIsTheEnd() {
  codeWhenInterrupted = 0;
}

function interrupt(signal) {
  if (!leaving) console.log("\nedge-isr: stopping …");
  leave(codeWhenInterrupted ?? SIGNALS[signal]);
}

function leave(code) {
  leaving ??= stopAll().finally(() => process.exit(code));
}

function report(error) {
  if (leaving) return 1;
  const failure = error instanceof Failure ? error : new Failure(`stopped by an unexpected error: ${error.message}`);
  failure.print();
  if (process.env.DEBUG && failure !== error) console.error(error.stack);
  return 1;
}

/** npm may be killed in a way that it cannot pass on; then this process gets another parent. */
function leaveWithNpm() {
  if (!process.env.npm_lifecycle_event) return;
  const npm = process.ppid;
  setInterval(() => process.ppid === npm || interrupt("SIGTERM"), 500).unref();
}

function refuseUnfitMachine(windows) {
  if (process.platform === "win32" && !windows) {
    refuse("these commands run on Linux and macOS; on Windows, run them in WSL.");
  }
  if (parseInt(process.versions.node, 10) < OLDEST_NODE) {
    refuse(`Node.js ${OLDEST_NODE} or later is needed, this is ${process.versions.node}: install it from https://nodejs.org.`);
  }
}

function refuse(sentence) {
  new Failure(sentence).print();
  process.exit(1);
}
