// The programs that turn the crate into a Worker: built once by cargo, for every clone of this user.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { lives } from "./lock.mjs";
import { BIN, CACHE, CARGO_BIN, executable, folders, pathWith } from "./paths.mjs";
import { lockedVersion, rustEnv } from "./rust.mjs";
import { step } from "./step.mjs";

/** Makes sure of the tools in the versions of Cargo.lock. Returns the environment to build in. */
export async function installTools() {
  const bindgen = await install("wasm-bindgen-cli", lockedVersion("wasm-bindgen"), ["wasm-bindgen", "wasm-bindgen-test-runner"]);
  const workerBuild = await install("worker-build", lockedVersion("worker"), ["worker-build"]);
  return rustEnv({
    PATH: pathWith(BIN, workerBuild, bindgen, CARGO_BIN),
    WASM_BINDGEN_BIN: join(bindgen, "wasm-bindgen"),
    WASM_OPT_BIN: present(join(BIN, "wasm-opt")),
    ESBUILD_BIN: present(join(BIN, "esbuild")),
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER: join(bindgen, "wasm-bindgen-test-runner"),
  });
}

/** The folder that holds `programs` of exactly this version; built into the user's cache if none does. */
async function install(crate, version, programs) {
  const home = join(CACHE, `${crate}-${version}`);
  const found = [join(home, "bin"), ...folders(), CARGO_BIN].find((folder) => holds(folder, programs, version));
  if (found) return found;
  const root = workspace(crate);
  await step(
    `building ${crate} ${version}`,
    "cargo",
    [
      ...["install", crate, "--version", version, "--root", root],
      // Unoptimised: the tools take seconds to run and would take minutes to build.
      ...["--debug", "--config", "profile.dev.debug=false"],
      ...programs.flatMap((program) => ["--bin", program]),
    ],
    { env: rustEnv({ CARGO_TARGET_DIR: join(root, "target") }), hint: "once for this user, a minute or two", why },
  );
  if (!holds(join(home, "bin"), programs, version)) {
    // Another clone has not been faster.
    rmSync(join(root, "target"), { recursive: true, force: true });
    rmSync(home, { recursive: true, force: true });
    renameSync(root, home);
  }
  return join(home, "bin");
}

/** A folder to build in, of this process alone. Those that killed processes left behind are removed. */
function workspace(crate) {
  mkdirSync(CACHE, { recursive: true });
  for (const name of readdirSync(CACHE)) {
    const pid = /^\.building-.+-(\d+)$/.exec(name)?.[1];
    if (pid && !lives(Number(pid))) rmSync(join(CACHE, name), { recursive: true, force: true });
  }
  const root = join(CACHE, `.building-${crate}-${process.pid}`);
  process.on("exit", () => rmSync(root, { recursive: true, force: true }));
  return root;
}

function holds(folder, programs, version) {
  if (!programs.every((program) => executable(join(folder, program)))) return false;
  const { stdout } = spawnSync(join(folder, programs[0]), ["--version"], { encoding: "utf8" });
  return stdout?.trim().split(/\s+/).pop() === version;
}

/** worker-build downloads what it does not find, so it is never called with a path that is not there. */
function present(program) {
  if (executable(program)) return program;
  throw new Error(`${program} is missing; remove node_modules and try again`);
}

function why(output) {
  if (/linker `cc` not found/.test(output)) {
    return "Rust needs a C linker: install one (Debian, Ubuntu: apt install build-essential; macOS: xcode-select --install).";
  }
  if (/openssl-sys/.test(output) && /OpenSSL/.test(output)) {
    return "worker-build needs the OpenSSL headers: install them (Debian, Ubuntu: apt install pkg-config libssl-dev).";
  }
}
