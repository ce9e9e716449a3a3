// The wrangler.toml of a folder that deploys the built Worker.

/** Where npm puts the built Worker, below the folder that it installs into. */
export const BUILT_SCRIPT = "node_modules/edge-isr/build/index.js";

/** The file's text: thirty lines. `main` is the built Worker's path, `host` and `origin` are valid. */
export function wranglerToml({ main, host, origin }) {
  const docs = main.replace("build/index.js", "docs");
  return `# edge-isr for ${host}. All settings: ${docs}/settings.md
name = "${workerName(host)}"
main = "${main}"
compatibility_date = "2026-10-23"
send_metrics = false
workers_dev = false # On workers.dev the Cache API keeps nothing.
preview_urls = false

# For a host that has no DNS record yet: [{ pattern = "${host}", custom_domain = true }]
routes = ["${host}/*"]

# The tag graph. The first deployment makes the namespace.
[[kv_namespaces]]
binding = "TAGS"

# The durable tier: data centres share pages (${docs}/durable.md).
# [[kv_namespaces]]
# binding = "PAGES"

# The purge journal (${docs}/journal.md). The free plan has it.
[[durable_objects.bindings]]
name = "COORDINATOR"
class_name = "Coordinator"
[[migrations]]
tag = "coordinator"
new_sqlite_classes = ["Coordinator"]

[vars]
# Where pages come from, as https://host[:port].
ORIGIN = "${origin}"
`;
}

/** A name of its own for each host: a Worker of the same name would replace the first one. */
function workerName(host) {
  return `edge-isr-${host.replaceAll(".", "-")}`.slice(0, 63).replace(/-+$/, "");
}
