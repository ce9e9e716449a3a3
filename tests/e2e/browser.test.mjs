/** A real Chromium, which has a cache of its own, after a purge. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { CHROMIUM, startChromium } from "./chromium.mjs";
import { eventually, startEdge, startOrigin } from "./harness.mjs";
import { purge } from "./purge.mjs";

const TOKEN = "the-token-of-32-characters-or-so";
const skip = CHROMIUM ? false : "no Chromium was found (Debian: apt install chromium), nor does CHROMIUM name one";

/** The README's own header. */
const README = "public, max-age=0, s-maxage=3600, stale-while-revalidate=86400, stale-if-error=604800";

/** Reads the page, has it changed and purged, reads it again at once and a moment later. */
const SCRIPT = `<!doctype html><title>reader</title><script>
  const read = async () => (await fetch("/news")).text();
  (async () => {
    const said = [await read()];
    await fetch("/change", { method: "POST" });
    said.push(await read());
    await new Promise((resolve) => setTimeout(resolve, 300));
    said.push(await read());
    await fetch("/said", { method: "POST", body: JSON.stringify(said) });
  })().catch((error) => fetch("/said", { method: "POST", body: JSON.stringify([String(error)]) }));
</script>`;

test("after a hard purge a fetch() in Chromium shows the new page, not the browser's own copy", { skip }, async () => {
  assert.deepEqual(await readBy({}), ["old", "new", "new"]);
});

test("which it does not where KEEP_SHARED_DIRECTIVES hands the origin's directives on", { skip }, async () => {
  // So a browser that heeds stale-while-revalidate is what the other test was run with: it shows its copy once more.
  assert.deepEqual(await readBy({ KEEP_SHARED_DIRECTIVES: "true" }), ["old", "old", "new"]);
});

/** What the four reads of the script brought, with these settings. */
async function readBy(vars) {
  const origin = await startOrigin();
  const edge = await startEdge({ vars: { ORIGIN: origin.url, PURGE_TOKENS: TOKEN, ...vars } });
  const page = (text) => ({ body: text, etag: `"${text}"`, headers: { "cache-control": README, "cache-tag": "news" } });
  let said;
  origin.on("/start", { body: SCRIPT, headers: { "content-type": "text/html", "cache-control": "no-store" } });
  origin.on("/news", page("old"));
  origin.on("/change", async () => {
    origin.on("/news", page("new"));
    const { status } = await purge(edge, { tags: ["news"], mode: "hard" }, TOKEN);
    return { status };
  });
  origin.on("/said", async (seen) => {
    said = JSON.parse(await seen.body());
    return { status: 204 };
  });
  const browser = startChromium(`${edge.url}/start`);
  await eventually(() => said !== undefined, 60_000).catch((error) => {
    throw new Error(`the page said nothing in a minute: ${browser.output.slice(-1000)}`, { cause: error });
  });
  await browser.close();
  await edge.close();
  await origin.close();
  return said;
}
