/**
 * A small Worker to try the harness on: a route for each thing that the harness
 * says of the runtime. Never part of what is tested elsewhere.
 */

let calls = 0;

export default {
  async fetch(request, env) {
    const { pathname, search } = new URL(request.url);
    const route = ROUTES[pathname];
    return route ? route(request, env) : forward(env.ORIGIN + pathname + search, request);
  },
};

const ROUTES = {
  "/url": ({ url }) => new Response(url),
  "/calls": () => new Response(String((calls += 1))),
  // biome-ignore lint/complexity/useDateNow: the time as a Date without arguments has it.
  "/clock": () => Response.json([Date.now(), new Date().getTime()]),
  "/log": () => {
    console.warn("seen by the log");
    return new Response();
  },
  "/raw": ({ headers }, env) => fetch(`${env.ORIGIN}/raw`, { headers, encodeResponseBody: "manual" }),
  "/no-store": (_, env) => fetch(`${env.ORIGIN}/no-store`, { cache: "no-store", redirect: "manual" }),
  "/remember": async ({ headers }) => {
    const value = new Response(headers.get("x-value"), { headers: { "cache-control": "max-age=60" } });
    return outcome(() => caches.default.put("https://cache.example/kept", value));
  },
  "/recall": async () => (await caches.default.match("https://cache.example/kept")) ?? new Response("nothing"),
  "/kv": async (request, env) => {
    const { binding = "TAGS", call, with: args } = await request.json();
    return outcome(() => env[binding][call](...args));
  },
};

/** Uncaught, a lost connection would cost the visitor his. */
async function forward(url, request) {
  try {
    return await fetch(url, request);
  } catch ({ message }) {
    return new Response(message, { status: 502 });
  }
}

/** What a call gave, or the words of its error. */
async function outcome(call) {
  try {
    const result = await call();
    return Response.json({ ok: result instanceof Map ? Object.fromEntries(result) : (result ?? null) });
  } catch ({ message }) {
    return Response.json({ error: message });
  }
}
