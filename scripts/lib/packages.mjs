// The npm packages, among them the Node.js that wrangler needs.
import { existsSync, readFileSync } from "node:fs";
import { Failure } from "./failure.mjs";
import { BIN, at, pathOfTheMachine, pathWith } from "./paths.mjs";
import { step } from "./step.mjs";

const OLDEST_NODE_FOR_WRANGLER = [22, 12];
const OWN_NODE = at("node_modules", "node", "bin", "node");

/** Installs the packages unless those of package-lock.json are there. */
export async function installPackages() {
  if (installed()) return;
  // With the machine's own node: the one in node_modules is about to be replaced.
  const env = { ...process.env, PATH: pathOfTheMachine() };
  await step("installing the npm packages", "npm", ["ci", "--include=dev", "--no-audit", "--no-fund"], { env });
  node22();
}

/** The program `node`, in a version that wrangler runs with. */
export function node22() {
  if (existsSync(OWN_NODE)) return OWN_NODE;
  const [major, minor] = process.versions.node.split(".").map(Number);
  const [wanted, least] = OLDEST_NODE_FOR_WRANGLER;
  if (major > wanted || (major === wanted && minor >= least)) return process.execPath;
  throw new Failure(
    "the npm package `node` has no program in it: let its install script run (is ignore-scripts set?), or use Node.js 22.",
  );
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
