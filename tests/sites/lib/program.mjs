/**
 * A site's server: on a free port of 127.0.0.1, with a process group of its own. The whole group is
 * ended by its id when the tests have ended, and ends by itself when the process of the tests dies.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { closeAtEnd, closed } from "../../e2e/closing.mjs";
import { eventually } from "../../e2e/waiting.mjs";

const PATIENCE_MS = 60_000;

// Descriptor 3 is a pipe that only this process holds open: its end takes the group with it.
const GUARD = '(read -r _; kill -9 0) <&3 >/dev/null 2>&1 & exec "$@" 2>&1 3<&-';

/**
 * Starts `program` with the arguments that `args(port)` gives, now or later, and waits until it answers. The
 * program also finds its port in the variable `PORT`. `ready` is a path that the site answers.
 */
export async function startProgram(program, args, { cwd, env, ready = "/" }) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const answers = async () => {
    const answer = await fetch(`${url}${ready}`, { redirect: "manual", signal: AbortSignal.timeout(10_000) });
    return answer.status < 500;
  };
  const server = await startDaemon(program, await args(port), { cwd, env: { PORT: String(port), ...env }, answers });
  return Object.assign(server, { url });
}

/** Starts a program that is no web server. `answers()` neither throws nor gives false once it is there. */
export async function startDaemon(program, args, { cwd, env, answers }) {
  const daemon = closeAtEnd(new Program(spawnGuarded(program, args, { cwd, env: { ...process.env, ...env } })));
  await daemon.starts(answers);
  return daemon;
}

/** Runs a program to its end, and gives what it wrote. */
export async function runProgram(program, args, { cwd, env } = {}) {
  const child = spawnGuarded(program, args, { cwd, env: { ...process.env, ...env } });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (output += text));
  // The guard waits for the end of its pipe.
  child.once("exit", () => child.stdio[3].destroy());
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}:\n${output.slice(-4000)}`);
  return output;
}

class Program {
  output = "";
  #child;

  constructor(child) {
    this.#child = child;
    child.stdout.setEncoding("utf8").on("data", (text) => {
      this.output = (this.output + text).slice(-20_000);
      if (process.env.SITE_LOGS) process.stderr.write(text);
    });
  }

  async starts(answers) {
    try {
      await eventually(() => this.#ended || answers(), PATIENCE_MS);
      if (this.#ended) throw new Error("it has ended by itself");
    } catch (error) {
      await this.close();
      throw new Error(`${this.#child.spawnargs[4]} did not start: ${this.output}`, { cause: error });
    }
  }

  /** Lets it end as it wants to, so that its files are whole. */
  async stop() {
    const ended = once(this.#child, "exit");
    process.kill(this.#child.pid, "SIGTERM");
    await ended;
    await this.close();
  }

  async close() {
    closed(this);
    this.#child.stdio[3].destroy();
    if (this.#ended) return;
    const ended = once(this.#child, "exit");
    process.kill(-this.#child.pid, "SIGKILL");
    await ended;
  }

  get #ended() {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}

function spawnGuarded(program, args, { cwd, env }) {
  const child = spawn("sh", ["-c", GUARD, "sh", program, ...args], {
    cwd,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "inherit", "pipe"],
  });
  child.stdio[3].on("error", () => {});
  return child;
}

/** Some servers cannot choose a port, so one is found for them. */
export async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
