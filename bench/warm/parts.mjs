// What the benchmark of warmups measures. Each part gives rows of a table: what, what was asked for, what was seen.
import { readFileSync } from "node:fs";
import { Failure } from "../../scripts/lib/failure.mjs";
import { TOKEN, bearer } from "../../tests/e2e/purge.mjs";

const SITE = "https://www.example.com";
const READ = 0.5e-6;
const WRITE = 5e-6;

export const urlsOf = (folder, count) => Array.from({ length: count }, (_, i) => `${SITE}/${folder}/${i}`);

/** Warms pages of a sitemap: the time, the origin's rate, and the memory of the object's process. */
export async function large({ edge, origin }, pages, rate) {
  const memory = [];
  origin.sitemap("/large.xml", urlsOf("large", pages));
  const began = performance.now();
  const report = await warmed(edge, { sitemaps: [`${SITE}/large.xml`] }, ({ done }) => {
    if (done >= [0.1, 0.5, 1][memory.length] * pages) memory.push(residentMegabytes());
  });
  const seconds = (performance.now() - began) / 1000;
  return [
    [`${pages} pages at ${rate} a second`, `${pages / rate} s at least`, `${seconds.toFixed(0)} s, ${report.stored} stored`],
    ["most requests in any second", `${rate + 1}`, origin.mostInASecond()],
    ["pages fetched twice", 0, origin.twice()],
    ["memory of all runtimes at 10, 50 and 100 %", "flat", `${memory.join(", ")} MB`],
  ];
}

/** Counts what KV does for a page. */
export async function costs({ edge, origin }, pages) {
  const rows = [];
  const kinds = ["new", "fresh", "changed after a purge", "unchanged after a purge"];
  for (const kind of kinds) {
    const isPurged = kind.includes("purge");
    if (kind.startsWith("changed")) origin.version += 1;
    for (const kv of [edge.kv, edge.pages]) kv.reset();
    origin.requests.length = 0;
    if (isPurged) await warmedByPurge(edge, "costs");
    else await warmed(edge, { urls: urlsOf("costs", pages) });
    const [tier, graph] = [edge.pages.counts(), edge.kv.counts()].map(each(pages));
    const price = 1000 * (READ * (tier.reads + graph.reads) + WRITE * (tier.writes + graph.writes));
    rows.push([
      `${kind}: tier reads, writes; graph reads, writes; origin, a page`,
      "",
      [tier.reads, tier.writes, graph.reads, graph.writes, origin.requests.length / pages].map((n) => n.toFixed(2)).join(", "),
    ]);
    rows.push([`${kind}: KV for 1,000 pages`, "", `$${price.toFixed(4)}`]);
  }
  return rows;
}

/** Purges a tag with a warmup, while visitors go on asking. */
export async function purged({ edge, origin }, pages, rate) {
  origin.sitemap("/purged.xml", urlsOf("purged", pages));
  await warmed(edge, { sitemaps: [`${SITE}/purged.xml`] });
  origin.requests.length = 0;
  origin.version += 1;
  const [latencies, visiting] = [[], { goes: true }];
  const visitors = visit(edge, pages, latencies, visiting);
  const began = performance.now();
  await warmedByPurge(edge, "purged");
  const seconds = (performance.now() - began) / 1000;
  visiting.goes = false;
  await visitors;
  latencies.sort((a, b) => a - b);
  const at = (share) => `${latencies[Math.floor(share * (latencies.length - 1))].toFixed(1)} ms`;
  return [
    [`a purge of ${pages} pages, warmed at ${rate} a second`, "25 s", `${seconds.toFixed(1)} s`],
    ["requests to the origin", `${pages} and those of visitors`, origin.requests.length],
    ["visitors meanwhile: median, slowest", "none waits for the origin", `${at(0.5)}, ${at(1)} of ${latencies.length}`],
  ];
}

/** Visits pages that a data centre has never seen. */
export async function cold({ edge, origin }, pages, delay) {
  const [folder, far] = [`cold-${delay}`, edge.dataCentre(1)];
  await warmed(edge, { urls: urlsOf(folder, pages) });
  origin.requests.length = 0;
  for (const kv of [edge.kv, edge.pages]) kv.delay({ reads: delay, lists: delay });
  edge.pages.reset();
  const latencies = [];
  for (const url of urlsOf(folder, pages)) {
    const began = performance.now();
    const answer = await far.fetch(new URL(url).pathname);
    latencies.push(performance.now() - began);
    if (!answer.headers.get("cache-status").includes("durable"))
      throw new Failure(`${url}: ${answer.headers.get("cache-status")}`);
  }
  const reads = each(pages)(edge.pages.counts()).reads;
  for (const kv of [edge.kv, edge.pages]) kv.delay({ reads: 0, lists: 0 });
  latencies.sort((a, b) => a - b);
  return [
    [`first visit, KV at ${delay} ms: median`, "", `${latencies[pages >> 1].toFixed(1)} ms`],
    [`first visit, KV at ${delay} ms: requests to the origin`, 0, origin.requests.length],
    [`first visit, KV at ${delay} ms: a million cost`, "", `$${(1e6 * READ * reads).toFixed(2)}`],
  ];
}

async function visit(edge, pages, latencies, visiting) {
  while (visiting.goes) {
    const began = performance.now();
    await edge.fetch(`/purged/${Math.floor(Math.random() * pages)}`);
    latencies.push(performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function warmedByPurge(edge, tag) {
  const purge = await edge.fetch("/edge-isr/purge", {
    method: "POST",
    headers: bearer(TOKEN),
    body: JSON.stringify({ tags: [tag], warm: true }),
  });
  return ended(edge, purge.json().warmup.job);
}

async function warmed(edge, what, look) {
  const started = await edge.fetch("/edge-isr/warm", { method: "POST", headers: bearer(TOKEN), body: JSON.stringify(what) });
  if (started.status !== 202) throw new Failure(started.text());
  return ended(edge, started.json().id, look);
}

async function ended(edge, id, look = () => {}) {
  for (;;) {
    const report = (await edge.fetch(`/edge-isr/jobs/${id}`, { headers: bearer(TOKEN) })).json();
    look(report);
    if (report.failed > 0) throw new Failure(JSON.stringify(report.failures));
    if (report.done_at) return report;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const each =
  (pages) =>
  ({ get, bulkKeys, list, put, delete: deleted }) => ({
    reads: (get + bulkKeys) / pages,
    lists: list / pages,
    writes: (put + deleted) / pages,
  });

/** The memory of the runtimes that this process has started. */
function residentMegabytes() {
  const pid = process.pid;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
  const kilobytes = children.map((child) =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child}/status`, "utf8"))?.[1] ?? 0),
  );
  return Math.round(kilobytes.reduce((sum, one) => sum + one, 0) / 1024);
}
