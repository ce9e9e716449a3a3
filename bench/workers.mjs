// The four Workers, each in a runtime of its own, behind one origin.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { existsSync, readFileSync, statSync } from "node:fs";
import { Failure } from "../scripts/lib/failure.mjs";
import { at } from "../scripts/lib/paths.mjs";
import { step } from "../scripts/lib/step.mjs";
import { strip } from "../scripts/lib/worker.mjs";
import { closeAtEnd } from "../tests/e2e/closing.mjs";
import { Edge } from "../tests/e2e/edge.mjs";
import { startKv } from "../tests/e2e/kv.mjs";

const BARE = at("bench", "bare");
const TARGET = at("target", "bench");
const BUILT = at("target", "bench", "bare");

/**
 * `mark`: what the head of every hit matches. The bare ones pass on what the Cache API adds. `target`: of edge-isr's hits a
 * second, the part of this Worker's.
 */
export const WORKERS = [
  { name: "edge-isr", mark: "^cache-status: edge-isr; hit", coordinator: true, modules: () => rustModules(at("build")) },
  { name: "bare Rust", mark: "^cf-cache-status: HIT", target: 0.95, modules: () => rustModules(BUILT) },
  { name: "bare JavaScript", mark: "^cf-cache-status: HIT", target: 0.88, modules: () => script("bare.mjs") },
  { name: "JavaScript library", mark: "^cache-status: library; hit", modules: () => script("library.mjs") },
];

/** Builds the bare Rust Worker as edge-isr is built, unless what is there is newer than its source. */
export async function buildBare() {
  requireSameTerms();
  const sources = [`${BARE}/src/lib.rs`, `${BARE}/Cargo.toml`, `${BARE}/Cargo.lock`];
  const built = `${BUILT}/index_bg.wasm`;
  if (existsSync(built) && sources.every((source) => modified(source) < modified(built))) return;
  await step("building the bare Rust Worker", "worker-build", ["--release", "--out-dir", "../../target/bench/bare"], {
    cwd: BARE,
    env: { ...process.env, CARGO_TARGET_DIR: TARGET },
    hint: "the first time, about a minute",
    why: () => "the bare Rust Worker does not build.",
  });
  await strip(built, process.env);
}

/** Starts a Worker, and lets it store what it will be asked for. Gives its port and process as well. */
export async function startWorker({ name, modules, mark, coordinator }, origin, url) {
  const edge = await newEdge();
  // With a coordinator two runtimes start, and the one to measure is the second.
  const pid = await processOf(() => start(edge, modules(), origin, coordinator));
  await fill(edge, url, name, new RegExp(mark, "im"));
  return { name, mark, port: await portOf(edge, url), pid };
}

/**
 * Starts a Worker that has answered nothing yet, and gives the milliseconds that it took. It has no coordinator, which would
 * be a second runtime to start.
 */
export async function startCold({ modules }, origin) {
  const [edge, code] = [await newEdge(), modules()];
  const began = performance.now();
  await start(edge, code, origin);
  return { edge, milliseconds: performance.now() - began };
}

const newEdge = async () => closeAtEnd(new Edge(await startKv()));

function start(edge, modules, origin, coordinator) {
  const manifest = { mainModule: "index.js", modulesRoot: "/", modules };
  return edge.start({ ...compatibility(), manifest }, { vars: { ORIGIN: origin.url }, coordinator });
}

/** A comparison of two that are built differently would say nothing of the code. */
function requireSameTerms() {
  const [own, bare] = [at("Cargo.toml"), `${BARE}/Cargo.toml`].map((path) => readFileSync(path, "utf8"));
  const terms = [/^\[profile\.release\]\n(?:[^[\n].*\n|\n)*/m, /^wasm-bindgen = .*/m, /^worker = .*/m];
  for (const term of terms) {
    const [wanted, found] = [own, bare].map((text) => plain(term.exec(text)?.[0]));
    if (wanted !== found) {
      throw new Failure(`bench/bare/Cargo.toml says “${found}” where Cargo.toml says “${wanted}”: make them alike.`);
    }
  }
}

const plain = (toml = "") => toml.replace(/#.*/g, "").replace(/\s+/g, " ").trim();

function rustModules(folder) {
  return {
    "index.js": { type: "esm", contents: readFileSync(`${folder}/index.js`, "utf8") },
    "index_bg.wasm": { type: "wasm", contents: new Uint8Array(readFileSync(`${folder}/index_bg.wasm`)) },
  };
}

function script(name) {
  return { "index.js": { type: "esm", contents: readFileSync(at("bench", name), "utf8") } };
}

function compatibility() {
  const [, compatibilityDate] = readFileSync(at("wrangler.toml"), "utf8").match(/^compatibility_date = "(.+)"/m);
  return { compatibilityDate, compatibilityFlags: [] };
}

/** The id of the runtime that `work` starts. */
export async function processOf(work) {
  let pid;
  const heard = ({ process: child }) => child.once("spawn", () => /workerd/.test(child.spawnfile) && (pid = child.pid));
  subscribe("child_process", heard);
  try {
    await work();
  } finally {
    unsubscribe("child_process", heard);
  }
  return pid;
}

async function fill(edge, url, name, mark) {
  for (let tries = 0; tries < 50; tries += 1) {
    const answer = await edge.fetch(url);
    const head = answer.headers.lines.map((line) => line.join(": ")).join("\n");
    if (answer.status === 200 && mark.test(head)) return;
    await new Promise((soon) => setTimeout(soon, 20));
  }
  throw new Failure(`${name} does not answer the page from its cache.`);
}

/** Where the Worker itself listens: Miniflare's front is not to be measured. */
async function portOf(edge, url) {
  const { incoming } = await edge.open(url);
  const port = incoming.socket.remotePort;
  incoming.destroy();
  return port;
}

const modified = (path) => statSync(path).mtimeMs;
