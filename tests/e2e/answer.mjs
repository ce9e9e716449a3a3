/**
 * What an origin can say, well or badly. All fields are optional:
 *
 * | field | |
 * |---|---|
 * | `status` | 200 |
 * | `headers` | object or list of pairs; values: text, Buffer (raw bytes), list (a line each), null (no such field) |
 * | `body` | text, Buffer, or `{ bytes: n }`: so many, streamed, see `pattern` |
 * | `encoding` | `gzip`, `br`, `zstd`: encodes the body and says so |
 * | `chunked` | true: no Content-Length |
 * | `etag`, `lastModified` | validators; a matching conditional request gets 304 |
 * | `delayMs` | waits first |
 * | `breakAfter` | cuts the connection after so many bytes of the body |
 * | `breakBefore` | true: cuts it before the first byte of the head |
 * | `stall` | true: never answers |
 * | `raw` | text or Buffer: written to the socket in place of an answer, then closed |
 * | `webSocket` | `"echo"`, or a function from text to text: answers an upgrade |
 */

import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import zlib from "node:zlib";
import { now } from "./clock.mjs";
import { toWire } from "./fields.mjs";

const PIECE = 64 * 1024;
const ENCODE = { gzip: zlib.gzipSync, br: zlib.brotliCompressSync, zstd: zlib.zstdCompressSync };

export async function sendAnswer(spec, seen, response, hold) {
  if (spec.delayMs) await sleep(spec.delayMs);
  if (spec.stall) return;
  if (spec.breakBefore) return cut(response);
  if (spec.raw !== undefined) return response.socket.end(spec.raw);
  if (isNotModified(spec, seen)) return head(spec, 304, response).end();
  const body = encoded(spec);
  head(spec, spec.status ?? 200, response, body.length);
  if (seen.method === "HEAD" || !mayHaveBody(spec.status)) return response.end();
  await write(response, body, [hold?.afterBytes, spec.breakAfter], (sent) => {
    if (sent === spec.breakAfter) return cut(response);
    if (sent === hold?.afterBytes) return hold.pass();
  });
  response.end();
}

/** The bytes of `{ bytes: n }` from `from` to `to`: a piece that is lost or moved shows. */
export function pattern(from, to) {
  const bytes = Buffer.alloc(to - from);
  for (let i = 0; i < bytes.length; i += 1) {
    const at = from + i;
    bytes[i] = (at ^ (at >> 8) ^ (at >> 16) ^ (at >> 24)) & 0xff;
  }
  return bytes;
}

function encoded({ body = "", encoding }) {
  if (Number.isInteger(body?.bytes)) return { length: body.bytes, slice: pattern };
  const plain = Buffer.from(body);
  const bytes = encoding ? ENCODE[encoding](plain) : plain;
  return { length: bytes.length, slice: (from, to) => bytes.subarray(from, to) };
}

function head(spec, status, response, length) {
  const defaults = {
    Date: new Date(now()).toUTCString(),
    "Content-Encoding": spec.encoding,
    ETag: spec.etag,
    "Last-Modified": spec.lastModified,
    "Content-Length": spec.chunked || !mayHaveBody(status) ? undefined : length,
  };
  response.sendDate = false;
  response.writeHead(status, toWire(spec.headers, defaults));
  // Now, and not with the body: a break or a hold comes after the head was seen.
  // (`flushHeaders` would send them as UTF-8, and raw bytes twice encoded.)
  response.write(Buffer.alloc(0));
  return response;
}

/** Writes the body, in pieces that end at each of `stops`; waits there for `at`. */
async function write(response, body, stops, at) {
  const marks = stops.filter((stop) => stop <= body.length);
  for (let sent = 0; ; ) {
    if (marks.includes(sent)) await at(sent);
    if (sent === body.length || response.destroyed) return;
    const next = Math.min(sent + PIECE, body.length, ...marks.filter((mark) => mark > sent));
    if (!response.write(body.slice(sent, next))) await drained(response);
    sent = next;
  }
}

/** Resolves when there is room again, or no reader left. */
async function drained(response) {
  const either = new AbortController();
  const { signal } = either;
  await Promise.race([once(response, "drain", { signal }), once(response, "close", { signal })]);
  // The other one's listener, which would stay for every piece of a large body.
  either.abort();
}

/** Ends the connection in the middle, once what was written has left. */
async function cut(response) {
  const { socket } = response;
  if (!socket) return;
  await new Promise((left) => socket.write("", left));
  socket.destroy();
}

/** RFC 9110 §13.2.2: If-None-Match goes before If-Modified-Since. */
function isNotModified({ etag, lastModified, status = 200 }, { headers }) {
  if (status !== 200) return false;
  const tags = headers.get("if-none-match");
  if (tags !== undefined) return tags.trim() === "*" || opaque(tags).includes(opaque(etag)[0]);
  const since = headers.get("if-modified-since");
  return Boolean(lastModified && since) && Date.parse(lastModified) <= Date.parse(since);
}

/** §8.8.3.2: compared weakly, so without the W/. */
function opaque(tags = "") {
  return tags.match(/"[^"]*"/g) ?? [];
}

function mayHaveBody(status = 200) {
  return status !== 204 && status !== 304;
}
