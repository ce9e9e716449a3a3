/**
 * One clock for the world of a test file: the origin's Date, what KV lets
 * expire, and, in edges with a probe, the Worker's own time.
 *
 *     await advance(3_600_000);   // an hour passes
 *
 * Timers go on in real time, and so does the Cache API's own max-age.
 */

let ahead = 0;
const followers = new Set();

/** Milliseconds of the epoch. */
export function now() {
  return Date.now() + ahead;
}

/** Moves the clock on, everywhere at once. */
export async function advance(milliseconds) {
  ahead += milliseconds;
  await Promise.all([...followers].map((follow) => follow(ahead)));
}

/** Calls `follow` with the milliseconds that the clock is ahead, now and at each change. */
export async function followClock(follow) {
  followers.add(follow);
  await follow(ahead);
  return () => followers.delete(follow);
}
