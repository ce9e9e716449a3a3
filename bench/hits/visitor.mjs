// Requests over kept connections: tens of thousands of them are sent.
import http from "node:http";

const agent = new http.Agent({ keepAlive: true });

/** Ends the kept connections. */
export function hangUp() {
  agent.destroy();
}

/** Sends a request, and returns `{ status, headers, body }`. The URL stands whole on the request line. */
export function send(socket, url, { method = "GET", headers = {}, body } = {}) {
  const { hostname, port } = new URL(socket);
  const { host } = new URL(url);
  const length = body === undefined ? {} : { "Content-Length": Buffer.byteLength(body) };
  const fields = { Host: host, "CF-Connecting-IP": "203.0.113.7", "Accept-Encoding": "br, gzip", ...length, ...headers };
  return new Promise((resolve, reject) => {
    const request = http.request({ hostname, port, method, path: url, headers: fields, agent }, (incoming) => {
      const chunks = [];
      incoming.on("data", (chunk) => chunks.push(chunk));
      incoming.on("end", () => resolve({ status: incoming.statusCode, headers: incoming.headers, body: Buffer.concat(chunks) }));
      incoming.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}
