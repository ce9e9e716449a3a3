// The server at which the isolates' calls wait until their virtual time has come.
import { once } from "node:events";
import http from "node:http";

export class Meter {
  #server = http.createServer((request, response) => this.#serve(request, response));
  #held = new Map();
  #onCall;

  /** `onCall` gets each call, with its `asker`. */
  async listen(onCall) {
    this.#onCall = onCall;
    this.#server.keepAliveTimeout = 0;
    this.#server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 });
    await once(this.#server, "listening");
    this.url = `http://127.0.0.1:${this.#server.address().port}/`;
  }

  /** The calls of an isolate that wait. */
  held(asker) {
    return this.#held.get(asker) ?? 0;
  }

  async close() {
    this.#server.closeAllConnections();
    await new Promise((stopped) => this.#server.close(stopped));
  }

  async #serve(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const call = JSON.parse(Buffer.concat(chunks));
    this.#held.set(call.asker, this.held(call.asker) + 1);
    this.#onCall(call, (reply) => {
      this.#held.set(call.asker, this.held(call.asker) - 1);
      response.end(JSON.stringify(reply));
    });
  }
}
