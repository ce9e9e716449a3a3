// A server that runs beside this command until the command ends.
import { setTimeout as sleep } from "node:timers/promises";
import { start } from "./child.mjs";
import { Failure } from "./failure.mjs";
import { relevant } from "./step.mjs";

const PATIENCE_MS = 60_000;
const KEPT_CHARS = 20_000;

/**
 * Starts a server and waits until `url` answers. `show()` prints what it writes from then on;
 * `failure` resolves to the reason when it ends by itself.
 */
export async function serve(name, url, [program, args], options) {
  const server = start(program, args, options);
  let output = "";
  let shown = false;
  server.output.on("data", (text) => {
    output = (output + text).slice(-KEPT_CHARS);
    if (shown) print(name, text);
  });
  const failure = server.ended.then(({ code, signal }) => {
    const how = signal ?? `exit code ${code}`;
    return new Failure(`${name} has ended by itself (${how}).`, relevant(output));
  });
  await Promise.race([answer(url), failure.then(reject), tooLate(name, url, () => output)]);
  return { failure, show: () => (shown = true) };
}

async function answer(url) {
  for (;;) {
    const response = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(5000) }).catch(() => undefined);
    if (response) return response.arrayBuffer();
    await sleep(200);
  }
}

async function tooLate(name, url, output) {
  await sleep(PATIENCE_MS, undefined, { ref: false });
  throw new Failure(`${name} does not answer at ${url}.`, relevant(output()));
}

function reject(failure) {
  throw failure;
}

function print(name, text) {
  for (const line of text.split("\n")) if (line.trim()) console.log(`${name.padEnd(6)} | ${line}`);
}
