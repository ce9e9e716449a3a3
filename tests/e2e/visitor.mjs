/**
 * A visitor: an HTTP client that changes nothing. It does not decompress, follow,
 * join lines or retry, and it says whether the body broke off.
 */

import { createHash } from "node:crypto";
import http from "node:http";
import { Fields, toWire } from "./fields.mjs";

/** What Cloudflare tells a Worker of every request. */
const FROM_CLOUDFLARE = { "Accept-Encoding": "br, gzip", "CF-Connecting-IP": "203.0.113.7", "CF-Ray": "0123456789abcdef-AMS" };

/**
 * Sends a request and gives the answer as soon as its head is there.
 *
 * `socket` is where the edge listens (`http://127.0.0.1:port`), `url` what is
 * asked of it, of whatever scheme and host: it stands whole on the request line.
 * `raw` stands there in place of its path and query, as it is (`/a/../b`), and
 * `host` in place of its host (`127.1`).
 * `headers`: see `toWire`; a null removes a default. Rejects if no answer comes.
 */
export function open(socket, url, { method = "GET", headers = {}, body, signal, raw, host } = {}) {
  const { hostname, port } = new URL(socket);
  const target = new URL(url);
  target.hash = "";
  // As bytes: beside a text, Node would send the fields as UTF-8 too.
  const bytes = body === undefined ? undefined : Buffer.from(body);
  const defaults = { Host: host ?? target.host, ...FROM_CLOUDFLARE, "Content-Length": bytes?.length };
  const request = http.request({
    hostname,
    port,
    method,
    path: `${target.protocol}//${host ?? target.host}${raw ?? target.pathname + target.search}`,
    headers: toWire(headers, defaults),
    signal,
    maxHeaderSize: 1 << 20,
    // A connection each: a visitor, and not a neighbour's leftovers.
    agent: false,
  });
  return new Promise((resolve, reject) => {
    request.on("response", (incoming) => resolve(new Answer(incoming)));
    request.on("error", reject);
    request.end(bytes);
  });
}

/** Sends a request and reads the answer to its end. */
export async function fetch(socket, url, init = {}) {
  const answer = await open(socket, url, init);
  return answer.read(init);
}

class Answer {
  constructor(incoming) {
    /** Node's stream of the body, to be read slowly, in part, or not at all. */
    this.incoming = incoming;
    this.status = incoming.statusCode;
    this.headers = new Fields(incoming.rawHeaders);
  }

  /**
   * Reads the body: sets `body` (empty with `discard`, for large ones), `bytes`,
   * `sha256`, and `aborted`: whether it broke off. Never rejects.
   */
  async read({ discard = false } = {}) {
    const chunks = [];
    const hash = createHash("sha256");
    this.bytes = 0;
    try {
      for await (const chunk of this.incoming) {
        if (!discard) chunks.push(chunk);
        hash.update(chunk);
        this.bytes += chunk.length;
      }
    } catch {
      // `complete` says it.
    }
    this.body = Buffer.concat(chunks);
    this.sha256 = hash.digest("hex");
    this.aborted = !this.incoming.complete;
    return this;
  }

  text() {
    return this.body.toString();
  }

  json() {
    return JSON.parse(this.body.toString());
  }

  /** Goes away, as a visitor does who closes the page. */
  hangUp() {
    this.incoming.destroy();
  }
}
