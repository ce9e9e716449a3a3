/**
 * The internet, as a function: for tests of hosts that are not this machine's.
 *
 *     const edge = await startEdge({ internet: ({ url }) => new Response(`a page of ${url}`), … });
 */

export { Response } from "miniflare";

/** The entry of a Worker's `dev`: its requests go to the function. */
export function outboundTo(internet) {
  return internet && { outboundService: { type: "fetcher", handler: internet } };
}
