// The rules of a folder, as the program in tools/rules reads them.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { foreground } from "./child.mjs";
import { Failure } from "./failure.mjs";
import { at } from "./paths.mjs";
import { requireCargo, rustEnv } from "./rust.mjs";

const FILE = "rules.toml";
// The program is this project's, also for the rules of another folder.
const PROGRAM = ["run", "--quiet", "--manifest-path", at("Cargo.toml"), "--bin", "rules", "--"];

/** Runs the program with the terminal's own output. Returns its exit code. */
export async function rules(given) {
  requireCargo();
  if (!existsSync(at("target", "debug", "rules"))) {
    console.log("edge-isr: building the program that reads rules (the first time, about a minute) …");
  }
  const { code } = await foreground("cargo", [...PROGRAM, ...given], { env: rustEnv() });
  return code ?? 1;
}

/** The options of `wrangler deploy` that say which rules it deploys, as `check` takes them. */
export function checkedWith(given, { CLOUDFLARE_ENV } = process.env) {
  const options = { config: { type: "string", short: "c" }, env: { type: "string", short: "e" } };
  const { config, env = CLOUDFLARE_ENV } = parseArgs({ args: given, options, strict: false }).values;
  // An empty environment is how wrangler is told to take none.
  const named = Object.entries({ "--config": config, "--env": env });
  return named.filter(([, value]) => value && typeof value === "string").flat();
}

/** The variable that builds the rules.toml of a folder into the Worker. Without the file, it is unset. */
export function builtInRules(folder) {
  if (!existsSync(join(folder, FILE))) return { EDGE_ISR_RULES: undefined };
  const options = { cwd: folder, env: rustEnv(), encoding: "utf8" };
  const { status, stdout, stderr } = spawnSync("cargo", [...PROGRAM, "json", FILE], options);
  if (status !== 0) throw new Failure("rules.toml cannot be built into the Worker.", stderr.trim().split("\n"));
  return { EDGE_ISR_RULES: stdout.trim() };
}
