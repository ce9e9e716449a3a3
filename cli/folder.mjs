// The folder of a deployment: what is in it already, and what `init` writes there.
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { Failure } from "../scripts/lib/failure.mjs";
import { BUILT_SCRIPT } from "./wrangler-toml.mjs";

const CONFIGS = ["wrangler.toml", "wrangler.json", "wrangler.jsonc"];
const SECRETS = ".dev.vars";
const UNTRACKED = ["node_modules", ".wrangler", SECRETS];

/** Refuses a folder in which there is nothing to run. */
export function requireConfig(folder) {
  if (CONFIGS.some((name) => existsSync(join(folder, name)))) return;
  throw new Failure("there is no wrangler.toml in this folder: `npx edge-isr init` makes one.");
}

/** Refuses a folder that has what `init` would write. Nothing is overwritten. */
export function requireRoom(folder) {
  const there = [...CONFIGS, SECRETS].filter((name) => existsSync(join(folder, name)));
  if (there.length === 0) return;
  throw new Failure(`${there.join(" and ")} stays as it is: move it away, or run init in another folder.`);
}

/** The built Worker's path in wrangler.toml: in the folder's own node_modules, or in those above it. */
export function builtScript(folder) {
  for (let home = folder; ; home = dirname(home)) {
    const script = join(home, BUILT_SCRIPT);
    if (existsSync(script)) return relative(folder, script).replaceAll("\\", "/");
    if (home === dirname(home)) break;
  }
  throw new Failure("edge-isr is not installed in this folder: run `npm install edge-isr` here first.");
}

/** Writes wrangler.toml and .dev.vars, both or neither. */
export function writeNew(folder, config, secrets) {
  writeFileSync(join(folder, SECRETS), secrets, { flag: "wx", mode: 0o600 });
  try {
    writeFileSync(join(folder, "wrangler.toml"), config, { flag: "wx" });
  } catch (error) {
    rmSync(join(folder, SECRETS));
    throw error;
  }
}

/** Keeps the token and what can be made anew out of git. Returns the lines that were added. */
export function ignoreInGit(folder) {
  const path = join(folder, ".gitignore");
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  const present = text.split(/\r?\n/).map((line) => line.trim().replace(/^\/|\/$/g, ""));
  const missing = UNTRACKED.filter((name) => !present.includes(name));
  const lineEnd = text && !text.endsWith("\n") ? "\n" : "";
  if (missing.length) appendFileSync(path, `${lineEnd}${missing.join("\n")}\n`);
  return missing;
}
