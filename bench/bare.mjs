// The bare JavaScript Worker that edge-isr is measured beside: it hands back what
// `caches.default.match` gave.
export default {
  async fetch(request, env) {
    const found = await caches.default.match(request.url);
    return found ?? fill(request.url, env);
  },
};

/** Only the first request of a run comes here. */
async function fill(url, env) {
  const { pathname, search } = new URL(url);
  const response = await fetch(env.ORIGIN + pathname + search);
  await caches.default.put(url, response.clone());
  return response;
}
