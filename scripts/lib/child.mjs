// Child processes, each the leader of its own process group, so that ending one ends what it
// started too.
import { spawn } from "node:child_process";
import { ROOT } from "./paths.mjs";

const PATIENCE_MS = 5000;
const running = new Map(); // each child, and whom to signal to end it: its group, or it alone
let stopping = false;

// Descriptor 3 is a pipe that only this process holds open. Should this process be killed outright,
// the waiting `read` ends and takes the whole group with it. Stderr joins stdout, in order.
const GUARD = '(read -r _; kill -9 0) <&3 >/dev/null 2>&1 & exec "$@" 2>&1 3<&-';

/**
 * Starts a program. `output` is its stdout and stderr as a stream of text, or null with
 * `show: true`, which leaves both where ours are. `ended` resolves to how it ended, and by then its
 * whole group is gone.
 */
export function start(program, args, { cwd = ROOT, env = process.env, show = false } = {}) {
  const child = spawn("sh", ["-c", GUARD, "sh", program, ...args], {
    cwd,
    env,
    detached: true,
    stdio: ["ignore", show ? "inherit" : "pipe", "inherit", "pipe"],
  });
  child.stdout?.setEncoding("utf8");
  child.stdio[3].on("error", () => {});
  running.set(child, -child.pid);
  return { output: child.stdout, ended: end(child) };
}

/** Ends every child that still runs, politely, then by force. Nobody is told: all is over. */
export async function stopAll() {
  stopping = true;
  await Promise.all([...running.keys()].map(stop));
}

/** Runs a program that may ask questions: it shares the terminal and our process group. */
export function foreground(program, args, { cwd = ROOT, env = process.env } = {}) {
  const child = spawn(program, args, { cwd, env, stdio: "inherit" });
  running.set(child, child.pid);
  return end(child);
}

function end(child) {
  return new Promise((resolve) => {
    const settle = (code, signal) => {
      running.delete(child);
      if (!stopping) resolve({ code, signal });
    };
    child.on("error", () => settle(127, null));
    child.on("exit", (code, by) => {
      signal(child, "SIGKILL");
      // A daemon that left the group may hold the output open: one second, no longer.
      setTimeout(settle, 1000, code, by);
    });
    child.on("close", settle);
  });
}

function stop(child) {
  signal(child, "SIGTERM");
  const force = setTimeout(signal, PATIENCE_MS, child, "SIGKILL");
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.on("exit", resolve);
    child.on("error", resolve);
  }).finally(() => clearTimeout(force));
}

function signal(child, name) {
  try {
    if (child.pid) process.kill(running.get(child), name);
  } catch {
    // It is gone already.
  }
}
