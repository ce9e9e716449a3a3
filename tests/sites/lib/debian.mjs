/**
 * Programs of Debian packages, unpacked into a folder: nothing is installed on the machine, no
 * service is started, and no rights are needed. What the machine has already is taken from it.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { folders, onPath, pathWith } from "../../../scripts/lib/paths.mjs";
import { runProgram } from "./program.mjs";

/** Why packages cannot be had here, or undefined. */
export function withoutDebian(packages) {
  for (const program of ["apt-get", "apt-cache", "dpkg-deb"]) if (!onPath(program)) return `this machine has no ${program}`;
  const { stdout } = spawnSync("apt-cache", ["policy", ...packages], { encoding: "utf8" });
  const missing = packages.filter((name) => !new RegExp(`^${name}:\\n.*\\n  Candidate: \\d`, "m").test(stdout ?? ""));
  if (missing.length) return `apt-get offers no package ${missing.join(", ")} (apt-get update may help)`;
}

/** Unpacks packages into `root`: `whole` with all that the machine lacks for them, `alone` as they are. */
export async function unpack(root, { whole, alone }) {
  const plan = await runProgram("apt-get", ["--simulate", "install", "--no-install-recommends", ...whole]);
  const lacking = [...plan.matchAll(/^Inst (\S+)/gm)].map(([, name]) => name);
  const debs = join(root, "debs");
  mkdirSync(debs, { recursive: true });
  await runProgram("apt-get", ["download", ...lacking, ...alone], { cwd: debs });
  for (const deb of readdirSync(debs)) await runProgram("dpkg-deb", ["--extract", join(debs, deb), root]);
}

/** The environment in which the programs below `root` are found, with their libraries. */
export function unpackedEnv(root) {
  const libraries = [join(root, "usr/lib"), ...architectures(join(root, "usr/lib"))];
  const own = ["usr/sbin", "usr/bin", "sbin", "bin"].map((folder) => join(root, folder));
  return { PATH: pathWith(...own, ...folders(), "/usr/sbin", "/sbin"), LD_LIBRARY_PATH: libraries.join(":") };
}

function architectures(lib) {
  if (!existsSync(lib)) return [];
  const names = readdirSync(lib).filter((name) => name.includes("-linux-"));
  return names.map((name) => join(lib, name));
}
