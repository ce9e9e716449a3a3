/** The control routes, as an origin calls them. */

export const TOKEN = "the-token-that-purges";

export const bearer = (token) => ({ authorization: `Bearer ${token}` });

/** POSTs a purge: `what` is its selectors and mode, or the body as it is to be sent. */
export function purge(at, what, token = TOKEN) {
  const body = typeof what === "string" ? what : JSON.stringify(what);
  return at.fetch("/edge-isr/purge", { method: "POST", headers: bearer(token), body });
}
