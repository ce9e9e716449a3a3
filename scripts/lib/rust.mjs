// Rust as the machine has it: cargo, new enough, and the wasm32 target.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Failure } from "./failure.mjs";
import { CARGO_BIN, CARGO_HOME, ROOT, at, executable, onPath, pathWith } from "./paths.mjs";
import { step } from "./step.mjs";

export const WASM = "wasm32-unknown-unknown";

const SEPARATOR = "\x1f"; // of the flags in CARGO_ENCODED_RUSTFLAGS

/** Finds cargo, also where the shell has not been told of it yet, and refuses one that is too old. */
export function requireCargo() {
  if (!onPath("cargo") && !executable(`${CARGO_BIN}/cargo`)) {
    throw new Failure("cargo was not found: install Rust with rustup, https://rustup.rs, and try again.");
  }
  const [, needed] = readFileSync(at("Cargo.toml"), "utf8").match(/^rust-version = "(.+)"/m);
  const [, found] = rustc("--version").match(/^rustc (\d+\.\d+\.\d+)/);
  if (older(found, needed)) {
    throw new Failure(`Rust ${needed} or later is needed, this is ${found}: run \`rustup update\`.`);
  }
}

/** Adds the target that the Worker is compiled for, unless it is there. */
export async function requireWasmTarget() {
  if (existsSync(rustc("--print", "target-libdir", "--target", WASM))) return;
  if (!onPath("rustup") && !executable(`${CARGO_BIN}/rustup`)) {
    throw new Failure(
      `Rust's target ${WASM} is missing and there is no rustup to add it: install Rust with rustup, https://rustup.rs.`,
    );
  }
  await step(`adding Rust's target ${WASM}`, "rustup", ["target", "add", WASM], { env: rustEnv() });
}

/** The environment for cargo. A failing tool tells its reason, not its backtrace. */
export function rustEnv(extra = {}) {
  const PATH = onPath("cargo") ? process.env.PATH : pathWith(CARGO_BIN);
  return { ...process.env, PATH, RUST_BACKTRACE: "0", CARGO_TERM_COLOR: "never", ...extra };
}

/**
 * The environment in which the compiler leaves no path of this machine in what it builds from
 * `folder`. So a build is the same in every folder.
 */
export function withoutPaths(folder, env) {
  const target = env.CARGO_TARGET_DIR || join(folder, "target");
  // Of several that fit a path, the compiler takes the last.
  const names = [
    [rustc("--print", "sysroot"), "/rust"],
    [CARGO_HOME, "/cargo"],
    [folder, "/edge-isr"],
    [target, "/target"],
  ];
  const flags = names.map(([path, name]) => `--remap-path-prefix=${resolve(path)}=${name}`);
  return { ...env, CARGO_ENCODED_RUSTFLAGS: [...flagsOf(env), ...flags].join(SEPARATOR) };
}

function flagsOf({ CARGO_ENCODED_RUSTFLAGS: encoded, RUSTFLAGS: plain }) {
  return (encoded ? encoded.split(SEPARATOR) : (plain ?? "").split(/\s+/)).filter(Boolean);
}

/** The version of a crate in Cargo.lock. */
export function lockedVersion(crate) {
  const lock = readFileSync(at("Cargo.lock"), "utf8");
  return lock.match(new RegExp(`^name = "${crate}"\nversion = "(.+)"$`, "m"))[1];
}

function rustc(...args) {
  const { status, stdout, stderr } = spawnSync("rustc", args, { cwd: ROOT, env: rustEnv(), encoding: "utf8" });
  if (status === 0) return stdout.trim();
  throw new Failure(
    "rustc does not run: check `rustc --version`, or install Rust with rustup, https://rustup.rs.",
    lines(stderr),
  );
}

const lines = (text) => (text ?? "").split("\n").filter(Boolean);

function older(version, than) {
  const [a, b] = [version, than].map((text) => text.split(".").map(Number));
  return a[0] !== b[0] ? a[0] < b[0] : a[1] < b[1];
}
