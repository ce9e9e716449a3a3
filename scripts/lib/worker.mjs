// The Worker: built only when its source changed since the last build.
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { ROOT, at } from "./paths.mjs";
import { builtInRules } from "./rules.mjs";
import { withoutPaths } from "./rust.mjs";
import { step } from "./step.mjs";

/** What the Worker is built from. */
export const SOURCES = [
  "src",
  "tools",
  "rules.toml",
  "Cargo.toml",
  "Cargo.lock",
  "build.rs",
  ".cargo/config.toml",
  "rust-toolchain.toml",
];

/** What a deployment consists of, in the folder `build`. */
export const BUILT = ["index.js", "index_bg.wasm"];

// How the Worker is built counts as well.
const COUNTING = [...SOURCES, "scripts/lib/worker.mjs", "scripts/lib/rules.mjs", "scripts/lib/rust.mjs"];
/** The wasm with the names of its functions, as it was before they were taken out. */
export const NAMED = at("build", "named.wasm");

const STAMP = at("build", ".stamp");
const WASM = at("build", "index_bg.wasm");

/** Builds unless what is built is of this source. `env` comes from `installTools`. */
export async function buildWorker(env) {
  const source = digest(
    COUNTING.map((name) => at(name))
      .filter(existsSync)
      .flatMap(filesOf),
  );
  const isBuilt = existsSync(STAMP) && readFileSync(STAMP, "utf8") === stamp(source);
  if (isBuilt && existsSync(NAMED)) return;
  await compile(ROOT, env);
  writeFileSync(STAMP, stamp(source));
}

/** Builds what `folder` has of SOURCES into its folder `build`: the same bytes wherever the folder is. */
export async function compile(folder, env) {
  await step("building the Worker", "worker-build", ["--release"], {
    cwd: folder,
    env: withoutPaths(folder, { ...env, ...builtInRules(folder) }),
    hint: "the first time, about a minute",
    why: () => "the Worker does not build.",
  });
  await strip(join(folder, "build", "index_bg.wasm"), env);
}

/** Takes the names of functions out of a wasm file, which worker-build leaves in: a sixth of its size. */
export async function strip(wasm, env) {
  copyFileSync(wasm, join(dirname(wasm), "named.wasm"));
  await optimise(wasm, env, ["--strip-debug"]);
}

/** Makes a wasm file smaller. `options` say what becomes of the names. */
export async function optimise(wasm, env, options) {
  // The lowest kilobyte of memory is the far end of the stack. Functions of like names are alike: side by
  // side they are packed better, by one part in seventy.
  const passes = ["-Os", "--gufa", "-Os", "--low-memory-unused", "--reorder-functions-by-name", "--strip-producers"];
  const args = [wasm, "-o", wasm, ...passes, ...options];
  await step("making the wasm smaller", env.WASM_OPT_BIN, args, { env });
}

/** The wasm's size as it counts against the platform's limit, in bytes. */
export const gzippedSize = () => gzipSync(readFileSync(WASM), { level: 9 }).length;

/** A line for each file of a deployment: its digest and its name, as `sha256sum` writes them. */
export const digests = () => BUILT.map((name) => `${sha256(readFileSync(at("build", name)))}  build/${name}`);

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

// With what came out of it, so that a build that broke off does not count.
const stamp = (source) => `${source} ${digest(BUILT.map((name) => at("build", name)).filter(existsSync))}\n`;

function digest(files) {
  const hash = createHash("sha256");
  for (const file of files) {
    const name = relative(ROOT, file);
    const content = readFileSync(file);
    hash.update(`${name.length}:${name}${content.length}:`).update(content);
  }
  return hash.digest("hex");
}

function filesOf(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesOf(join(path, name)));
}
