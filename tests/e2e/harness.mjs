/**
 * The end-to-end harness: the built Worker in the real runtime, before a real
 * origin, with time, KV and the connections in the test's hand.
 *
 *     import { startEdge, startOrigin } from "./harness.mjs";
 *
 * No fixed port, no network. What a test file starts is stopped when its tests
 * have ended, passed or failed.
 */

import { after } from "node:test";
import { closeAll } from "./closing.mjs";

export { pattern } from "./answer.mjs";
export { cacheStatus } from "./cache-status.mjs";
export { advance } from "./clock.mjs";
export { startEdge } from "./edge.mjs";
export { startOrigin } from "./origin.mjs";
export { eventually, hitOf, stays, together } from "./waiting.mjs";

after(closeAll);
