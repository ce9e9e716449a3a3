// The origin: it answers at once, and notes when each page was requested last.
import { once } from "node:events";
import http from "node:http";
import { tagsOf } from "./traffic.mjs";

const BODY = `<!doctype html>\n<title>A page</title>\n${"<p>Text of a page.</p>\n".repeat(20)}`;

export class Origin {
  /** The virtual time of the last request for each path. */
  requestedAt = new Map();
  #timeline;
  #server = http.createServer((request, response) => this.#serve(request, response));

  constructor(timeline) {
    this.#timeline = timeline;
  }

  async listen() {
    this.#server.keepAliveTimeout = 0;
    this.#server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 });
    await once(this.#server, "listening");
    this.url = `http://127.0.0.1:${this.#server.address().port}`;
  }

  async close() {
    this.#server.closeAllConnections();
    await new Promise((stopped) => this.#server.close(stopped));
  }

  #serve({ url }, response) {
    this.requestedAt.set(url, this.#timeline.now);
    response.writeHead(200, {
      "Content-Type": "text/html; charset=utf-8",
      "Content-Length": BODY.length,
      "Cache-Control": "s-maxage=31536000, stale-while-revalidate=31536000",
      "Cache-Tag": tagsOf(url).join(", "),
    });
    response.end(BODY);
  }
}
