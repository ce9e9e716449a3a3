/** The smallest site: each of its answers is another one, public for an hour, with the tag `news`. */

import { once } from "node:events";
import { createServer } from "node:http";
import { closeAtEnd, closed } from "../e2e/closing.mjs";

export async function startNews() {
  let edition = 0;
  const server = createServer((_, answer) => {
    edition += 1;
    answer.writeHead(200, { "Content-Type": "text/html", "Cache-Control": "public, s-maxage=3600", "Cache-Tag": "news" });
    answer.end(`<p>edition ${edition}</p>`);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const news = {
    url: `http://127.0.0.1:${server.address().port}`,
    async close() {
      closed(news);
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return closeAtEnd(news);
}
