// The client, in a thread of its own: `concurrency` connections, each of which sends the request
// again as soon as the answer is whole. It reads no more of HTTP than it needs, so that it is not
// what is measured.
import { connect } from "node:net";
import { once } from "node:events";
import { parentPort, workerData } from "node:worker_threads";

const HEAD_END = Buffer.from("\r\n\r\n");
const REQUEST = Buffer.from(workerData.request);

parentPort.on("message", async (round) => {
  try {
    parentPort.postMessage(await run(round));
  } catch (error) {
    parentPort.postMessage({ error: error.message });
  }
});

/**
 * Asks for `seconds`; `mark` is a pattern that the head of every hit matches. Gives the latencies in
 * milliseconds, and how long it was.
 */
async function run({ port, seconds, concurrency, mark }) {
  const latencies = [];
  const loops = await Promise.all(Array.from({ length: concurrency }, () => Loop.open(port, mark, latencies)));
  const began = performance.now();
  const until = began + seconds * 1000;
  await Promise.all(loops.map((loop) => loop.askUntil(until)));
  return { latencies: Float64Array.from(latencies), seconds: (performance.now() - began) / 1000 };
}

class Loop {
  #socket;
  #mark;
  #latencies;
  #until;
  #sentAt;
  #head = null;
  #left = 0;
  #settle;

  static async open(port, mark, latencies) {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    await once(socket, "connect");
    return new Loop(socket, new RegExp(mark, "im"), latencies);
  }

  constructor(socket, mark, latencies) {
    this.#socket = socket;
    this.#mark = mark;
    this.#latencies = latencies;
    socket.on("data", (chunk) => this.#read(chunk));
    socket.on("error", (error) => this.#end(error));
    socket.on("close", () => this.#end(new Error("the Worker closed the connection")));
  }

  askUntil(until) {
    this.#until = until;
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#ask();
    });
  }

  #ask() {
    this.#sentAt = performance.now();
    this.#socket.write(REQUEST);
  }

  #read(chunk) {
    if (this.#left > 0) return this.#count(chunk.length);
    const head = this.#head ? Buffer.concat([this.#head, chunk]) : chunk;
    const end = head.indexOf(HEAD_END);
    if (end < 0) return (this.#head = head);
    this.#head = null;
    const text = head.latin1Slice(0, end + 2);
    const length = /^content-length: (\d+)/im.exec(text)?.[1];
    if (!text.startsWith("HTTP/1.1 200") || !length || !this.#mark.test(text)) {
      return this.#end(new Error(`this is not a hit: ${text.trim().split("\r\n").join(" | ")}`));
    }
    this.#left = Number(length);
    this.#count(head.length - end - HEAD_END.length);
  }

  #count(bytes) {
    this.#left -= bytes;
    if (this.#left < 0) return this.#end(new Error("an answer is longer than its Content-Length"));
    if (this.#left > 0) return;
    const now = performance.now();
    this.#latencies.push(now - this.#sentAt);
    if (now < this.#until) this.#ask();
    else this.#end();
  }

  #end(error) {
    if (error) this.#settle.reject(error);
    else this.#settle.resolve();
    this.#socket.removeAllListeners("close").destroy();
  }
}
