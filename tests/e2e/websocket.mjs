/** The server's side of a WebSocket, as much as an echo needs (RFC 6455). */

import { createHash } from "node:crypto";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const TEXT = 1;
const CLOSE = 8;

/** `reply`: `"echo"`, or a function from the text received to the text sent. */
export function acceptWebSocket(request, socket, reply) {
  const accept = createHash("sha1")
    .update(request.headers["sec-websocket-key"] + GUID)
    .digest("base64");
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  const answer = reply === "echo" ? (text) => text : reply;
  let left = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    left = takeFrames(Buffer.concat([left, chunk]), ({ opcode, payload }) => {
      if (opcode === TEXT) socket.write(frame(TEXT, Buffer.from(answer(payload.toString()))));
      if (opcode === CLOSE) socket.end(frame(CLOSE, payload));
    });
  });
}

/** Hands every whole frame to `each`; gives back the bytes of the one to come. */
function takeFrames(bytes, each) {
  for (;;) {
    if (bytes.length < 6) return bytes;
    const { start, length } = extent(bytes);
    // A client's frame carries a mask of four bytes.
    const end = start + 4 + length;
    if (bytes.length < end) return bytes;
    const mask = bytes.subarray(start, start + 4);
    const payload = Buffer.from(bytes.subarray(start + 4, end)).map((byte, i) => byte ^ mask[i % 4]);
    each({ opcode: bytes[0] & 0x0f, payload });
    bytes = bytes.subarray(end);
  }
}

function extent(bytes) {
  const short = bytes[1] & 0x7f;
  return short === 126 ? { start: 4, length: bytes.readUInt16BE(2) } : { start: 2, length: short };
}

function frame(opcode, payload) {
  if (payload.length > 125) throw new RangeError("a frame of the harness is 125 bytes at most");
  return Buffer.concat([Buffer.from([0x80 | opcode, payload.length]), payload]);
}
