/** A site that is written as the README of one of the four packages shows, behind the edge. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { closeAtEnd, closed } from "./closing.mjs";
import { PYTHON, freePort } from "./django.mjs";
import { startEdge } from "./harness.mjs";
import { eventually } from "./waiting.mjs";

const SITE = fileURLToPath(new URL("./four/", import.meta.url));
const TOKEN = "the-token-that-purges";

/** Starts the site of `package`, with a database of its own, and the edge before it: `{ site, edge, at, change }`. */
export async function startFour(name, options = {}) {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const edge = await startEdge({ vars: { ORIGIN: origin, PURGE_TOKENS: TOKEN }, ...options });
  const site = closeAtEnd(new Site(name, edge.url, await mkdtemp(join(tmpdir(), "edge-isr-four-"))));
  await site.run("migrate", "-v0", "--run-syncdb");
  await site.start(port);
  const at = { fetch: (path, init) => edge.fetch(`${edge.url}${path}`, init) };
  const change = async (python) => {
    const answer = await fetch(`${origin}/change/`, { method: "POST", body: python });
    if (answer.status !== 204) throw new Error(`${python}: ${answer.status} ${site.output.slice(-2000)}`);
  };
  return { site, edge, at, change };
}

class Site {
  output = "";
  #environment;
  #folder;
  #server;

  constructor(name, edge, folder) {
    this.#folder = folder;
    const own = { FOUR: name, DATABASE: join(folder, "db.sqlite3"), EDGE_URL: edge, EDGE_TOKEN: TOKEN, PYTHONUNBUFFERED: "1" };
    this.#environment = { ...process.env, ...own };
  }

  async start(port) {
    this.#server = this.#python("runserver", "--noreload", `127.0.0.1:${port}`);
    await eventually(() => fetch(`http://127.0.0.1:${port}/posts/`).then(({ ok }) => ok), 30_000).catch((error) => {
      throw new Error(`the site did not start: ${this.output}`, { cause: error });
    });
  }

  /** Runs a management command, and gives what it wrote. */
  async run(...words) {
    const before = this.output.length;
    const [code] = await once(this.#python(...words), "close");
    if (code !== 0) throw new Error(`manage.py ${words.join(" ")}: ${this.output.slice(before)}`);
    return this.output.slice(before);
  }

  async close() {
    closed(this);
    if (this.#server && this.#server.exitCode === null) {
      this.#server.kill("SIGKILL");
      await once(this.#server, "exit");
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  #python(...words) {
    const child = spawn(PYTHON, ["manage.py", ...words], {
      cwd: SITE,
      env: this.#environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (this.output += text));
    return child;
  }
}
