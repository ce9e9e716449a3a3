/**
 * An origin that reflects all it is sent, into status, header fields and body.
 *
 * How a page may be cached depends on its URL: `/<kind>/<n>`, of `KINDS`. What a
 * value asks for (`~403`, `~private`, `~cookie`, `~age`) is done, wherever it
 * stands, as an application does that looks at some field of a request.
 */

/** Pages as origins mark them, well and badly; none says all that it depends on. */
export const KINDS = {
  shared: { "cache-control": "public, s-maxage=60, stale-while-revalidate=120, stale-if-error=600" },
  browser: { "cache-control": "max-age=60" },
  swr: { "cache-control": "s-maxage=5, stale-while-revalidate=600" },
  stale: { "cache-control": "max-age=0" },
  "no-cache": { "cache-control": "no-cache" },
  "public-no-cache": { "cache-control": "public, no-cache" },
  cookie: { "cache-control": "public, s-maxage=60", vary: "Cookie" },
  language: { "cache-control": "public, s-maxage=60, stale-while-revalidate=60", vary: "Accept-Language" },
  cors: { "cache-control": "public, s-maxage=60", vary: "Origin, X-Requested-With" },
  targeted: { "cache-control": "private, no-store", "cdn-cache-control": "max-age=60" },
  search: { "cache-control": "public, s-maxage=60", "no-vary-search": 'params=("utm_source")' },
  groups: { "cache-control": "public, s-maxage=600", "cache-groups": '"g"', "cache-tag": "g" },
  private: { "cache-control": "private, max-age=60" },
  silent: {},
};

export function reflect(seen) {
  const sent = seen.headers.lines.map(([name, value]) => `${name}: ${value}`);
  const asks = new Set(sent.flatMap((line) => [...line.matchAll(/~([a-z0-9]+)/g)].map(([, word]) => word)));
  const kind = KINDS[seen.pathname.split("/")[1]];
  const headers = {
    "content-type": "text/plain",
    // One tag for all visitors: a 304 says nothing of whose the page is.
    etag: '"same"',
    ...kind,
    "x-reflected": sent.join(" | ").slice(0, 8_000),
    ...(asks.has("private") && { "cache-control": "private" }),
    ...(asks.has("cookie") && { "set-cookie": `reflected=${encodeURIComponent(sent.join()).slice(0, 2_000)}` }),
    ...(asks.has("age") && { age: "30" }),
  };
  const status = Number([...asks].find((word) => /^[2-5]\d\d$/.test(word)) ?? 200);
  if (status >= 300 && status < 400) headers.location = `/shared/0?${encodeURIComponent(sent.join()).slice(0, 2_000)}`;
  if (seen.method !== "GET" && seen.method !== "HEAD") headers["cache-group-invalidation"] = '"g"';
  if (status === 200 && seen.headers.get("if-none-match")?.includes('"same"')) return { status: 304, headers };
  return { status, headers, body: [`${seen.method} ${seen.path}`, ...sent].join("\n") };
}
