/** Warmups, as an operator asks for them. */

import { advance } from "./clock.mjs";
import { TOKEN, bearer } from "./purge.mjs";
import { eventually } from "./waiting.mjs";

const ENDED = ["done", "stopped"];
/** A job of these tests ends long before. */
const LIMIT_MS = 30_000;

/** The URL of a path of the site. */
export const at = (path) => `https://www.example.com${path}`;

/** POSTs a warmup: `what` is its urls, tags and sitemaps, or the body as it is to be sent. */
export function warm(edge, what, token = TOKEN) {
  const body = typeof what === "string" ? what : JSON.stringify(what);
  return edge.fetch("/edge-isr/warm", { method: "POST", headers: bearer(token), body });
}

/** Starts a job, and gives its first report. */
export async function started(edge, what) {
  const answer = await warm(edge, what);
  if (answer.status !== 202) throw new Error(`${answer.status} ${answer.text()}`);
  return answer.json();
}

/** Reads the report on a job. */
export async function report(edge, id) {
  const answer = await edge.fetch(`/edge-isr/jobs/${id}`, { headers: bearer(TOKEN) });
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text()}`);
  return answer.json();
}

/** Waits for the end of a job, and gives its report. */
export function ended(edge, id) {
  return reported(edge, id, ({ state }) => ENDED.includes(state));
}

/** Waits until a report is as wanted, and gives it. */
export async function reported(edge, id, isWanted) {
  let last;
  try {
    return await eventually(async () => {
      last = await report(edge, id);
      return isWanted(last) && last;
    }, LIMIT_MS);
  } catch (cause) {
    throw new Error(`the last report: ${JSON.stringify(last)}`, { cause });
  }
}

/** Starts a job, waits for its end, and gives its report. */
export async function warmed(edge, what) {
  const { id } = await started(edge, what);
  return ended(edge, id);
}

/** The counts of a report that are not nought. */
export function counts({ asked, stored, unchanged, fresh, uncacheable, failed, skipped }) {
  const all = { asked, stored, unchanged, fresh, uncacheable, failed, skipped };
  return Object.fromEntries(Object.entries(all).filter(([, count]) => count !== 0));
}

/**
 * So many milliseconds pass, again and again, until it is so. The object's alarm is set in real time, so it takes notice
 * of the clock when another job begins.
 */
export function passing(edge, milliseconds, isSo) {
  return eventually(async () => {
    await advance(milliseconds);
    await warmed(edge, { urls: [at("/none")] });
    await isSo();
  }, LIMIT_MS);
}
