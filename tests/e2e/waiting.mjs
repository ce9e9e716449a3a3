/** What a test does with time. */

import { setTimeout as sleep } from "node:timers/promises";
import { cacheStatus } from "./cache-status.mjs";

const STEP_MS = 20;

/** Tries `fn` until it neither throws nor gives false, and gives back what it gave. */
export async function eventually(fn, limitMs = 5000) {
  const end = Date.now() + limitMs;
  for (;;) {
    try {
      return await passing(fn);
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await sleep(STEP_MS);
  }
}

/**
 * Tries `fn` for a while, and fails when it does. For what must not happen late:
 * the Cache API stores a body that broke off some time after `put` has resolved.
 */
export async function stays(fn, forMs = 500) {
  const end = Date.now() + forMs;
  for (let result; ; ) {
    result = await passing(fn);
    if (Date.now() > end) return result;
    await sleep(STEP_MS);
  }
}

/** Calls `fn(0)` to `fn(n - 1)` at once, and waits for all. */
export function together(n, fn) {
  return Promise.all(Array.from({ length: n }, (_, i) => fn(i)));
}

/** Asks for a page until the edge has it stored, which is a moment after its first visitor has it. */
export function hitOf(at, path, init) {
  return eventually(async () => {
    const answer = await at.fetch(path, init);
    return cacheStatus(answer).hit && answer;
  });
}

async function passing(fn) {
  const result = await fn();
  if (result === false) throw new Error(`not yet, or no longer: ${fn}`);
  return result;
}
