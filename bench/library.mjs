// The JavaScript Worker that does on a hit what cache libraries do: it reads metadata from a field of what
// `caches.default.match` gave, decides whether it is fresh, and changes a copy of the response.
const METADATA = "x-cache-metadata";

export default {
  async fetch(request, env) {
    const found = await caches.default.match(request.url);
    const metadata = found?.headers.get(METADATA);
    return metadata ? answer(found, JSON.parse(metadata)) : fill(request.url, env);
  },
};

function answer(found, { storedAt, lifetime }) {
  const age = Math.floor((Date.now() - storedAt) / 1000);
  const response = new Response(found.body, found);
  response.headers.delete(METADATA);
  response.headers.set("Age", String(age));
  response.headers.set("Cache-Status", `library; hit; ttl=${lifetime - age}`);
  return response;
}

/** Only the first request of a run comes here. */
async function fill(url, env) {
  const { pathname, search } = new URL(url);
  const response = await fetch(env.ORIGIN + pathname + search);
  const stored = new Response(response.clone().body, response);
  const tags = response.headers.get("Cache-Tag").split(", ");
  const lifetime = Number(/s-maxage=(\d+)/.exec(response.headers.get("Cache-Control"))[1]);
  stored.headers.set(METADATA, JSON.stringify({ storedAt: Date.now(), lifetime, tags }));
  await caches.default.put(url, stored);
  return response;
}
