// The npm packages of the project.
import { readFileSync } from "node:fs";
import { node22 } from "./node.mjs";
import { BIN, at, pathOfTheMachine, pathWith } from "./paths.mjs";
import { step } from "./step.mjs";

/** Installs the packages unless those of package-lock.json are there. */
export async function installPackages() {
  if (installed()) return;
  // With the machine's own node: the one in node_modules is about to be replaced.
  const env = { ...process.env, PATH: pathOfTheMachine() };
  await step("installing the npm packages", "npm", ["ci", "--include=dev", "--no-audit", "--no-fund"], { env });
  node22();
}

/** The environment in which the packages' programs are found. */
export const packagesEnv = () => ({ ...process.env, PATH: pathWith(BIN) });

function installed() {
  const wanted = packagesOf(at("package-lock.json"));
  const present = packagesOf(at("node_modules", ".package-lock.json"));
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === "" || present[path]?.version === version || (optional && !present[path]),
  );
}

function packagesOf(lockfile) {
  try {
    return JSON.parse(readFileSync(lockfile, "utf8")).packages;
  } catch {
    return {};
  }
}
