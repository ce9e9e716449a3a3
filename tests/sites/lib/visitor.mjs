/**
 * A visitor with a browser's headers and a jar of cookies.
 *
 *     const alice = new Visitor("Alice", edge);
 *     await alice.send("/login", { name: "Alice" });
 *     const page = await alice.ask("/account");
 */

import assert from "node:assert/strict";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { PUBLIC } from "./recorder.mjs";

const DECODE = { gzip: gunzipSync, br: brotliDecompressSync };

const PATIENCE_MS = 30_000;

const BROWSER = {
  "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  Accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "Accept-Language": "en-US,en;q=0.5",
};

export class Visitor {
  #at;
  #cookies = new Map();

  /** `at` is what the visitor asks: the edge, or the site directly. */
  constructor(name, at) {
    this.name = name;
    this.#at = at;
  }

  /**
   * `init` as in `tests/e2e/visitor.mjs`; `headers` go before the browser's own. The answer's `body`
   * is decompressed, its `sha256` is of the bytes that came.
   */
  async ask(path, { headers, ...init } = {}) {
    const cookie = this.cookies.length ? { Cookie: this.cookies } : {};
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const answer = await this.#at.fetch(path, { signal, ...init, headers: { ...BROWSER, ...cookie, ...headers } });
    for (const line of answer.headers.all("set-cookie")) this.#keep(line);
    const decode = DECODE[answer.headers.get("content-encoding")];
    if (decode && answer.body.length) answer.body = decode(answer.body);
    return answer;
  }

  /** Sends a form. `answered` is the status that is due. */
  send(path, fields, init) {
    const headers = { "Content-Type": "application/x-www-form-urlencoded", ...init?.headers };
    return this.post(path, new URLSearchParams(fields).toString(), { ...init, headers });
  }

  /** Sends anything. */
  async post(path, body, { answered = 302, headers } = {}) {
    const answer = await this.ask(path, { method: "POST", body, headers: { Origin: PUBLIC, ...headers } });
    assert.equal(answer.status, answered, `${this.name} at ${path}: ${answer.text().slice(0, 2000)}`);
    return answer;
  }

  /** The `Cookie` field. */
  get cookies() {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  setCookie(name, value) {
    this.#cookies.set(name, value);
  }

  cookie(name) {
    return this.#cookies.get(name);
  }

  /** The same jar at another place: signed in past the edge, a visitor of the edge. */
  movedTo(at) {
    const other = new Visitor(this.name, at);
    for (const [name, value] of this.#cookies) other.setCookie(name, value);
    return other;
  }

  #keep(line) {
    const [, name, value, attributes] = line.match(/^([^=]+)=([^;]*)(.*)$/);
    const over = /max-age=0\b/i.test(attributes) || Date.parse(attributes.match(/expires=([^;]+)/i)?.[1]) < Date.now();
    if (over) this.#cookies.delete(name);
    else this.#cookies.set(name, value);
  }
}
