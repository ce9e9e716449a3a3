/**
 * A site behind the built Worker: visitor → Worker → recorder → site.
 *
 *     const { edge, recorder, visitor } = await behindEdge(startExpress);
 *     const alice = visitor("Alice");
 *
 * `start(told)` starts the site. It is told where the edge is and the token with which it may purge,
 * in the variables `EDGE_URL` and `EDGE_TOKEN`. `vars` are the Worker's settings beyond the necessary.
 */

import assert from "node:assert/strict";
import { bearer } from "../../e2e/purge.mjs";
import { startEdge } from "../../e2e/harness.mjs";
import { startRecorder } from "./recorder.mjs";
import { Visitor } from "./visitor.mjs";

const TOKEN = "the-token-of-a-site";

export async function behindEdge(start, { vars = {} } = {}) {
  const recorder = await startRecorder();
  const edge = await startEdge({ vars: { ORIGIN: recorder.url, PURGE_TOKENS: TOKEN, ...vars } });
  const site = await start({ EDGE_URL: edge.url, EDGE_TOKEN: TOKEN });
  recorder.target = site.url;
  return {
    edge,
    recorder,
    site,
    /** A new visitor of the edge, with an empty jar. */
    visitor: (name) => new Visitor(name, edge),
    /** A new visitor of the site itself. */
    insider: (name) => new Visitor(name, recorder.direct),
    purge: async (what) => {
      const body = JSON.stringify(what);
      const answer = await edge.fetch("/edge-isr/purge", { method: "POST", headers: bearer(TOKEN), body });
      assert.equal(answer.status, 200, answer.text());
    },
  };
}
