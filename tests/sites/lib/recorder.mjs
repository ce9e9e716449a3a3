/**
 * A proxy between the Worker and a site. It changes nothing and writes down what it sees:
 *
 *     recorder.to("/account");    // [{ method, path, headers, status, headersBack }, …]
 *     recorder.count("/account");
 *     recorder.delayMs = 50;      // answers come later, so that requests overlap
 *
 * A test may also ask the site past the Worker (`direct`). Such requests are not written down.
 */

import http from "node:http";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { pipeline } from "node:stream/promises";
import { closeAtEnd, closed } from "../../e2e/closing.mjs";
import { Fields } from "../../e2e/fields.mjs";
import { fetch } from "../../e2e/visitor.mjs";

/** Where visitors find every site. */
export const PUBLIC = "https://www.example.com";

export async function startRecorder() {
  const recorder = new Recorder();
  await recorder.listen();
  return closeAtEnd(recorder);
}

class Recorder {
  /** Every request of the Worker, in the order of arrival. `status` is set when the site has answered. */
  requests = [];
  delayMs = 0;
  /** The address of the site. */
  target;
  #server = http.createServer({ maxHeaderSize: 1 << 20 }, (request, response) => this.#serve(request, response));

  /** The site without the Worker, told of the visitor as the Worker tells it. */
  direct = {
    fetch: (path, { headers, ...init } = {}) => {
      const { host, protocol } = new URL(PUBLIC);
      const told = { "X-Forwarded-Host": host, "X-Forwarded-Proto": protocol.slice(0, -1), "X-Forwarded-For": "203.0.113.7" };
      return fetch(this.url, new URL(path, PUBLIC), { ...init, headers: { ...told, ...headers } });
    },
  };

  async listen() {
    Object.assign(this.#server, { maxRequestsPerSocket: 1, maxHeadersCount: 0, requestTimeout: 0 });
    this.#server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 });
    await once(this.#server, "listening");
  }

  get url() {
    return `http://${this.#host}`;
  }

  /** The requests for a path. With a query: for exactly that; without: for every query of it. */
  to(path) {
    return this.requests.filter((seen) => seen.path === path || seen.pathname === path);
  }

  count(path) {
    return this.to(path).length;
  }

  reset() {
    this.requests = [];
  }

  async close() {
    this.#server.close();
    this.#server.closeAllConnections();
    closed(this);
  }

  get #host() {
    return `127.0.0.1:${this.#server.address().port}`;
  }

  async #serve(request, response) {
    try {
      const seen = this.#record(request);
      const back = await this.#ask(request, seen.path);
      seen.status = back.statusCode;
      seen.headersBack = new Fields(back.rawHeaders);
      if (this.delayMs) await sleep(this.delayMs);
      response.sendDate = false;
      response.writeHead(back.statusCode, back.rawHeaders);
      await pipeline(back, response);
    } catch (error) {
      // A visitor who has gone, or a site that does not answer.
      if (!response.headersSent) response.writeHead(502, { "x-recorder-error": error.message });
      response.end();
    }
  }

  #record(request) {
    const past = request.url.startsWith("http");
    const path = past ? request.url.replace(/^https?:\/\/[^/]+/, "") : request.url;
    const headers = new Fields(request.rawHeaders);
    const seen = { method: request.method, path, pathname: path.split("?", 1)[0], headers };
    if (!past) this.requests.push(seen);
    return seen;
  }

  /** Sends the request on. Its `Host` is the recorder's own, which the Worker takes for the site. */
  async #ask(request, path) {
    const { hostname, port } = new URL(this.target);
    const headers = request.rawHeaders.flatMap((name, i, lines) => {
      if (i % 2) return [];
      return [name, name.toLowerCase() === "host" ? this.#host : lines[i + 1]];
    });
    const forward = http.request({ hostname, port, method: request.method, path, headers, agent: false, maxHeaderSize: 1 << 20 });
    const answered = once(forward, "response");
    request.pipe(forward);
    const [back] = await answered;
    return back;
  }
}
