import { connect, createServer } from "node:net";
import { Failure } from "./failure.mjs";

const HOST = "127.0.0.1";

/** A port number out of an option's text. */
export function parsePort(text, option) {
  if (/^\d+$/.test(text) && text >= 1 && text <= 65535) return Number(text);
  throw new Failure(`${option} wants a port number from 1 to 65535, not “${text}”.`);
}

/** Refuses a port that something listens on, or that this user may not take. */
export async function requirePort(port, option) {
  const refusal = (await answers(port)) ? "EADDRINUSE" : await binding(port);
  if (!refusal) return;
  const reason = refusal === "EADDRINUSE" ? "is taken" : `may not be used (${refusal})`;
  throw new Failure(`port ${port} ${reason}: choose another one with ${option}.`);
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect({ host: HOST, port });
    const settle = (answer) => resolve(answer, socket.destroy());
    socket.on("connect", () => settle(true));
    socket.on("error", () => settle(false));
  });
}

function binding(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.on("error", (error) => resolve(error.code));
    server.listen({ host: HOST, port, exclusive: true }, () => server.close(() => resolve()));
  });
}
