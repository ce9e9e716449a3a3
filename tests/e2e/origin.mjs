/**
 * A real HTTP server that counts: the origin behind the edge.
 *
 *     const origin = await startOrigin();
 *     origin.on("/page", { body: "hello", headers: { "cache-control": "s-maxage=60" } });
 *     const hold = origin.hold("/page");
 *     …
 *     await hold.arrived();
 *     hold.release();
 *     assert.equal(origin.count("/page"), 1);
 *
 * What an answer can be: see `answer.mjs`.
 */

import http from "node:http";
import { once } from "node:events";
import { sendAnswer } from "./answer.mjs";
import { closeAtEnd, closed } from "./closing.mjs";
import { now } from "./clock.mjs";
import { Fields } from "./fields.mjs";
import { Hold } from "./hold.mjs";
import { acceptWebSocket } from "./websocket.mjs";

/** Starts an origin on a free port of 127.0.0.1. */
export async function startOrigin() {
  const origin = new Origin();
  await origin.restart();
  return closeAtEnd(origin);
}

export class Origin {
  /** Every request, in the order of arrival: see `Seen`. */
  requests = [];
  #answers = new Map();
  #holds = new Map();
  #server;
  #port = 0;

  get url() {
    return `http://127.0.0.1:${this.#port}`;
  }

  /**
   * Sets the answer to a path (with a query: to exactly that; without: to every
   * query of it). `answer` is a spec, or a function of the request that gives
   * one, now or later.
   */
  on(path, answer) {
    this.#answers.set(path, answer);
    return this;
  }

  /** The requests for a path, as `on` understands it. */
  to(path) {
    return this.requests.filter((seen) => seen.path === path || seen.pathname === path);
  }

  count(path) {
    return path === undefined ? this.requests.length : this.to(path).length;
  }

  /** Forgets the requests seen; answers and holds stay. */
  reset() {
    this.requests = [];
  }

  /**
   * Holds the answers to a path from now on: before their first byte, or, with
   * `afterBytes`, once so many bytes of the body were sent.
   */
  hold(path, { afterBytes } = {}) {
    const hold = new Hold();
    hold.afterBytes = afterBytes;
    this.#holds.set(path, hold);
    return hold;
  }

  /** Refuses connections from now on; open ones are cut. */
  async stop() {
    if (!this.#server) return;
    const stopped = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    for (const socket of this.#server.upgraded) socket.destroy();
    this.#server = undefined;
    await stopped;
  }

  /** Listens, after `stop` on the same port as before. */
  async restart() {
    const server = http.createServer({ maxHeaderSize: 1 << 20 });
    // A connection each: a request lost on a reused one, the runtime sends again
    // by itself, and the count would be of more than the edge asked for.
    Object.assign(server, { maxRequestsPerSocket: 1, maxHeadersCount: 0, requestTimeout: 0 });
    server.upgraded = new Set();
    server.on("request", (request, response) => this.#serve(request, response));
    server.on("upgrade", (request, socket) => this.#upgrade(server, request, socket));
    server.listen({ port: this.#port, host: "127.0.0.1", backlog: 4096 });
    await once(server, "listening");
    this.#port = server.address().port;
    this.#server = server;
  }

  async close() {
    for (const hold of this.#holds.values()) hold.release();
    await this.stop();
    closed(this);
  }

  async #serve(request, response) {
    const seen = this.#record(request);
    response.on("close", () => Object.assign(seen, { isOpen: false, hungUp: !response.writableFinished }));
    const hold = find(this.#holds, seen);
    if (hold && hold.afterBytes === undefined) await hold.pass();
    try {
      await sendAnswer(await this.#answer(seen), seen, response, hold);
    } catch (error) {
      // A test whose own answer is wrong should hear of it, and not as a 502.
      if (!response.destroyed) response.writeHead(599, { "x-harness-error": error.message }).end();
      console.error(`origin: ${seen.method} ${seen.path}:`, error);
    }
  }

  #record(request) {
    const seen = new Seen(request);
    this.requests.push(seen);
    return seen;
  }

  async #answer(seen) {
    const answer = find(this.#answers, seen) ?? { status: 404, body: `no answer is set for ${seen.path}` };
    return typeof answer === "function" ? await answer(seen) : answer;
  }

  async #upgrade(server, request, socket) {
    server.upgraded.add(socket);
    socket.on("close", () => server.upgraded.delete(socket)).on("error", () => {});
    const seen = this.#record(request);
    const { webSocket } = await this.#answer(seen);
    if (webSocket) acceptWebSocket(request, socket, webSocket);
    else socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  }
}

/** A request as it arrived. */
class Seen {
  #body;

  constructor(request) {
    this.method = request.method;
    /** With the query, as it stood on the request line. */
    this.path = request.url;
    this.pathname = request.url.split("?", 1)[0];
    this.headers = new Fields(request.rawHeaders);
    /** Milliseconds of the epoch. */
    this.at = now();
    /** Whether the answer is still under way. */
    this.isOpen = true;
    /** Whether the connection ended before the answer did. */
    this.hungUp = false;
    this.#body = read(request);
  }

  /** The whole request body, as a Buffer. */
  body() {
    return this.#body;
  }
}

async function read(request) {
  const chunks = [];
  // One that breaks off is no error of the harness.
  await request.forEach((chunk) => chunks.push(chunk)).catch(() => {});
  return Buffer.concat(chunks);
}

function find(map, seen) {
  return map.get(seen.path) ?? map.get(seen.pathname);
}
