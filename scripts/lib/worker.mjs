// The Worker: built only when its source changed since the last build.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { ROOT, at } from "./paths.mjs";
import { step } from "./step.mjs";

const SOURCES = ["src", "Cargo.toml", "Cargo.lock", "build.rs", ".cargo/config.toml", "rust-toolchain.toml"];
const STAMP = at("build", ".stamp");
const SCRIPT = at("build", "index.js");
const WASM = at("build", "index_bg.wasm");

/** Builds unless what is built is of this source. `env` comes from `installTools`. */
export async function buildWorker(env) {
  const source = digest(
    SOURCES.map((name) => at(name))
      .filter(existsSync)
      .flatMap(filesOf),
  );
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === stamp(source)) return;
  await step("building the Worker", "worker-build", ["--release"], {
    env,
    hint: "the first time, about a minute",
    why: () => "the Worker does not build.",
  });
  await strip(WASM, env);
  writeFileSync(STAMP, stamp(source));
}

/** Takes the names of functions out of a wasm file, which worker-build leaves in: a sixth of its size. */
export async function strip(wasm, env) {
  const args = [wasm, "-o", wasm, "-Os", "--strip-debug", "--strip-producers"];
  await step("taking the names out of the wasm", env.WASM_OPT_BIN, args, { env });
}

/** The wasm's size as it counts against the platform's limit, in bytes. */
export const gzippedSize = () => gzipSync(readFileSync(WASM), { level: 9 }).length;

// With what came out of it, so that a build that broke off does not count.
const stamp = (source) => `${source} ${digest([SCRIPT, WASM].filter(existsSync))}\n`;

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
