/**
 * A real browser, if the machine has one:
 *
 *     const browser = startChromium(edge.url + "/start");   // the page says the rest
 *     …
 *     await browser.close();
 *
 * It reaches nothing but 127.0.0.1.
 */

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { closeAtEnd, closed } from "./closing.mjs";

const NAMES = [process.env.CHROMIUM, "chromium", "chromium-browser", "google-chrome"].filter(Boolean);

/** The program, or undefined where there is none. */
export const CHROMIUM = NAMES.find((name) => spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0);

/** Opens a page with a profile of its own. */
export function startChromium(url) {
  return closeAtEnd(new Chromium(url));
}

class Chromium {
  #profile = mkdtempSync(join(tmpdir(), "edge-isr-chromium-"));
  #child;
  #output = "";

  constructor(url) {
    const args = [
      ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"],
      ...["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server"],
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
      // With it the browser stays until it is told to go.
      "--remote-debugging-port=0",
      `--user-data-dir=${this.#profile}`,
    ];
    // A group of its own, for it starts others.
    this.#child = spawn(CHROMIUM, [...args, url], { stdio: ["ignore", "ignore", "pipe"], detached: true });
    this.#child.stderr.on("data", (text) => (this.#output += text));
  }

  /** What it said of itself. */
  get output() {
    return this.#output;
  }

  async close() {
    closed(this);
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = once(this.#child, "exit");
      process.kill(-this.#child.pid, "SIGKILL");
      await gone;
    }
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}
