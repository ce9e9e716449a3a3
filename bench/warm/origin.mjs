// The origin of the benchmark of warmups: each page takes 50 ms, and each request is noted.
import { once } from "node:events";
import http from "node:http";

const TAKES_MS = 50;

export class Origin {
  /** The time of each request for a page, in milliseconds, and its path. */
  requests = [];
  version = 1;
  #server = http.createServer((request, response) => this.#answer(request, response));
  #sitemaps = new Map();

  async listen() {
    this.#server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 });
    await once(this.#server, "listening");
    this.url = `http://127.0.0.1:${this.#server.address().port}`;
  }

  close() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  sitemap(path, urls) {
    this.#sitemaps.set(path, `<urlset>${urls.map((url) => `<url><loc>${url}</loc></url>`).join("")}</urlset>`);
  }

  /** The most requests in any second. */
  mostInASecond() {
    const times = this.requests.map(({ at }) => at);
    let [most, from] = [0, 0];
    times.forEach((at, to) => {
      while (times[from] <= at - 1000) from += 1;
      most = Math.max(most, to - from + 1);
    });
    return most;
  }

  /** The pages that were asked for more than once. */
  twice() {
    return this.requests.length - new Set(this.requests.map(({ path }) => path)).size;
  }

  #answer(request, response) {
    const sitemap = this.#sitemaps.get(request.url);
    if (sitemap) return response.end(sitemap);
    this.requests.push({ at: performance.now(), path: request.url });
    const etag = `"${this.version}"`;
    const tag = request.url.split("/")[1];
    const headers = { "cache-control": "s-maxage=86400, stale-while-revalidate=86400", "cache-tag": tag, etag };
    setTimeout(() => {
      if (request.headers["if-none-match"] === etag) return response.writeHead(304, headers).end();
      response.writeHead(200, headers).end(`version ${this.version} of ${request.url} ${"x".repeat(2000)}`);
    }, TAKES_MS);
  }
}
