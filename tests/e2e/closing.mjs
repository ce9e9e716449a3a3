/**
 * What was started is stopped: when the tests of the file have ended, however
 * they ended, and when the process dies, however it dies.
 */

import { spawn } from "node:child_process";
import { subscribe } from "node:diagnostics_channel";

const running = new Set();

/** Registers something with an async `close()`; gives it back. */
export function closeAtEnd(thing) {
  running.add(thing);
  return thing;
}

/** To be called by `close()` itself, so that nothing is closed twice. */
export function closed(thing) {
  running.delete(thing);
}

export function closeAll() {
  return all([...running].map((thing) => thing.close()));
}

/** Waits for all of them, though one fails; then fails as that one did. */
export async function all(ends) {
  const failed = (await Promise.allSettled(ends)).find(({ status }) => status === "rejected");
  if (failed) throw failed.reason;
}

// Miniflare ends its runtime when the process exits or is told to. That leaves
// the deaths that no handler hears of: SIGKILL, and an error thrown outside a test.
subscribe("child_process", ({ process: child }) => {
  child.once("spawn", () => /workerd/.test(child.spawnfile) && dieWithUs(child));
});

/** A shell that waits for the end of a pipe which only this process holds open. */
function dieWithUs(child) {
  const watch = spawn("sh", ["-c", `cat; kill -9 ${child.pid}`], {
    stdio: ["pipe", "ignore", "ignore"],
    // Ctrl-C in a terminal is for the whole group, and must not end the watch first.
    detached: true,
  });
  watch.unref();
  watch.stdin.unref?.();
  child.once("exit", () => watch.kill("SIGKILL"));
}
