/**
 * The example site in a real Django, and an editor who works in its admin.
 *
 *     const django = await startDjango({ edge: edge.url, token });
 *     const editor = await signIn(edge.url);
 *     await editor.change("/admin/blog/post/1/change/", { title: "new" });
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { closeAtEnd, closed } from "./closing.mjs";
import { eventually } from "./waiting.mjs";

const EXAMPLE = fileURLToPath(new URL("../../examples/django/", import.meta.url));
export const PYTHON = process.env.PYTHON ?? join(EXAMPLE, ".venv/bin/python");

/** Starts the site with a database of its own. `edge` may be set later, with `restart`. */
export async function startDjango({ edge = "", token = "" } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "edge-isr-django-"));
  const django = closeAtEnd(new Django(folder, { edge, token }));
  await django.manage("migrate", "--verbosity", "0");
  await django.manage("seed");
  await django.start();
  return django;
}

class Django {
  #folder;
  #settings;
  #server;
  #port;
  #output = "";

  constructor(folder, settings) {
    this.#folder = folder;
    this.#settings = settings;
  }

  get url() {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start() {
    this.#port ??= await freePort();
    const args = ["manage.py", "runserver", `127.0.0.1:${this.#port}`, "--noreload"];
    this.#server = this.#python(args);
    await eventually(() => fetch(`${this.url}/`).then(({ ok }) => ok), 30_000).catch((error) => {
      throw new Error(`Django did not start: ${this.#output}`, { cause: error });
    });
  }

  /** The same site, told of another edge. */
  async restart(settings) {
    this.#settings = { ...this.#settings, ...settings };
    await this.stop();
    await this.start();
  }

  async stop() {
    const server = this.#server;
    this.#server = undefined;
    if (!server || server.exitCode !== null) return;
    server.kill("SIGKILL");
    await once(server, "exit");
  }

  async close() {
    await this.stop();
    await rm(this.#folder, { recursive: true, force: true });
    closed(this);
  }

  /** Runs a management command and gives its exit code. */
  async manage(...args) {
    const command = this.#python(["manage.py", ...args]);
    const [code] = await once(command, "exit");
    return code;
  }

  #python(args) {
    const { edge, token } = this.#settings;
    const own = {
      DJANGO_DB: join(this.#folder, "db.sqlite3"),
      EDGE_ISR_URL: edge,
      EDGE_ISR_TOKEN: token,
      PYTHONUNBUFFERED: "1",
    };
    const child = spawn(PYTHON, args, { cwd: EXAMPLE, env: { ...process.env, ...own }, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (this.#output += text));
    return child;
  }
}

/** Django names no port of its own choosing, so one is found for it. */
export async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Signs in to the admin at `site` with the example's own login. */
export async function signIn(site) {
  const editor = new Editor(site);
  await editor.change("/admin/login/", { username: "admin", password: "admin" });
  return editor;
}

class Editor {
  #site;
  #cookies = new Map();

  constructor(site) {
    this.#site = site;
  }

  /** Opens a form, fills in some of its fields, and sends it as a browser would. */
  async change(path, fields) {
    const form = formFields(await (await this.ask(path)).text());
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    const answer = await this.ask(path, { method: "POST", body: form, headers: { origin: this.#site } });
    if (answer.status !== 302) throw new Error(`${path} was not taken: ${answer.status} ${await answer.text()}`);
  }

  async ask(path, { headers, ...init } = {}) {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(`${this.#site}${path}`, { redirect: "manual", headers: { ...headers, cookie }, ...init });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
      this.#cookies.set(name, value);
    }
    return answer;
  }
}

/** What a form of the admin would send if nothing were changed. */
export function formFields(html) {
  const form = new URLSearchParams();
  const text = (value) =>
    value.replaceAll("&quot;", '"').replaceAll("&#x27;", "'").replaceAll("&lt;", "<").replaceAll("&amp;", "&");
  for (const [tag] of html.matchAll(/<input\b[^>]*>/g)) {
    const { name, value = "", type = "text" } = attributes(tag);
    if (name && !["submit", "checkbox", "radio"].includes(type)) form.append(name, text(value));
  }
  for (const [, tag, value] of html.matchAll(/(<textarea\b[^>]*>)\r?\n?([^]*?)<\/textarea>/g))
    form.append(attributes(tag).name, text(value));
  for (const [, tag, options] of html.matchAll(/(<select\b[^>]*>)([^]*?)<\/select>/g)) {
    for (const [option] of options.matchAll(/<option\b[^>]*\bselected\b[^>]*>/g))
      form.append(attributes(tag).name, attributes(option).value);
  }
  return form;
}

function attributes(tag) {
  return Object.fromEntries([...tag.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
}
