// npm run licences: the licences and sources of all that the project is built, run and tested with,
// and what is known against it, as far as those who know can be reached.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { start } from "./lib/child.mjs";
import { command } from "./lib/command.mjs";
import { at, ROOT } from "./lib/paths.mjs";
import { checker, PYTHON } from "./lib/python.mjs";
import { requireCargo, rustEnv } from "./lib/rust.mjs";
import { setUpCheckers, setUpPython } from "./lib/setup.mjs";

// Nothing of npm's and Python's packages is in what is deployed: they may also have licences that
// ask something of whoever passes them on.
const ALLOWED = [
  ...["MIT", "MIT-0", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "ISC", "PSF-2.0", "CC0-1.0", "CC-BY-4.0"],
  ...["Unlicense", "MPL-2.0", "LGPL-3.0-or-later"],
];
/** Packages that do not name their licence in a field made for it. */
const KNOWN = {
  Django: "BSD-3-Clause",
  asgiref: "BSD-3-Clause",
  sqlparse: "BSD-3-Clause",
  setuptools: "MIT",
  pathspec: "MPL-2.0",
};

const SCHEMATA = at("tests", "mutants", "schemata", "Cargo.toml");

const CHECKS = {
  "licences and sources of the crates": () => crates(),
  "licences and sources of the crates that write the mutants": () => crates("--manifest-path", SCHEMATA),
  "licences of the npm packages": () => refused(npmPackages()),
  "licences of the Python packages": () => refused(pythonPackages()),
  "advisories of the crates": crateAdvisories,
  "advisories of the npm packages": npmAdvisories,
};

command(async () => {
  requireCargo();
  await setUpCheckers();
  await setUpPython();
  let failures = 0;
  for (const [name, check] of Object.entries(CHECKS)) {
    const { well, said, lines = [] } = await check();
    if (!well) failures += 1;
    console.log(`${well ? "ok" : "FAILED"}: ${name}: ${said}`);
    for (const line of lines) console.log(`  ${line}`);
  }
  return failures ? 1 : 0;
});

const crates = (...of) => denied(...of, "--offline", "check", "--hide-inclusion-graph", "licenses", "bans", "sources");

async function denied(...args) {
  const { code, text } = await outputOf(checker("cargo-deny"), args);
  const lines = text.trim().split("\n");
  return code === 0 ? { well: true, said: lines.at(-1) } : { said: lines.at(-1), lines };
}

// A database that cannot be reached fails nothing: the check is of use without a network too.
const UNREACHED = { well: true, said: "not looked at: their database cannot be reached" };

async function crateAdvisories() {
  const result = await denied("check", "--hide-inclusion-graph", "advisories");
  return result.lines?.some((line) => line.includes("failed to fetch advisory database")) ? UNREACHED : result;
}

async function npmAdvisories() {
  const { text } = await outputOf("npm", ["audit", "--json", "--fetch-retries=0", "--loglevel=silent"]);
  const vulnerabilities = reportOf(text)?.vulnerabilities;
  if (!vulnerabilities) return UNREACHED;
  const lines = Object.values(vulnerabilities).map(({ name, severity, range }) => `${name} ${range}: ${severity}`);
  return { well: lines.length === 0, said: `${lines.length} packages have one`, lines };
}

/** What npm answers where it has reached nobody has no vulnerabilities in it, nor the lack of them. */
function reportOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refused(packages) {
  const bad = packages.filter(({ licence }) => !allowed(licence));
  const said = `${packages.length} packages, ${bad.length} with a licence that is not allowed`;
  return { well: packages.length > 0 && bad.length === 0, said, lines: bad.map(({ name, licence }) => `${name}: ${licence}`) };
}

/** Of an SPDX expression: all that AND joins, any that OR joins. */
function allowed(licence = "") {
  const one = (id) => ALLOWED.includes(id.trim().replace(/^\(|\)$/g, ""));
  return licence.split(" AND ").every((part) => part.split(" OR ").some(one));
}

function npmPackages() {
  const locks = spawnSync("git", ["ls-files", "*package-lock.json"], { cwd: ROOT, encoding: "utf8" }).stdout;
  return locks.trim().split("\n").flatMap(packagesOf);
}

function packagesOf(lock) {
  const { packages } = JSON.parse(readFileSync(at(lock), "utf8"));
  const others = Object.entries(packages).filter(([path, { link }]) => path && !link);
  return others.map(([path, { license }]) => ({ name: `${lock}: ${path}`, licence: license }));
}

const LIST = `
import importlib.metadata, json
print(json.dumps([[d.metadata["Name"], d.metadata.get("License-Expression") or d.metadata.get("License")]
                  for d in importlib.metadata.distributions()]))
`;

function pythonPackages() {
  const installed = [PYTHON, checker("python")].flatMap((python) =>
    JSON.parse(spawnSync(python, ["-c", LIST], { encoding: "utf8" }).stdout),
  );
  return installed.map(([name, licence]) => ({ name, licence: KNOWN[name] ?? licence ?? "unknown" }));
}

async function outputOf(program, args) {
  const child = start(program, args, { env: rustEnv() });
  let text = "";
  child.output.on("data", (more) => (text += more));
  const { code } = await child.ended;
  return { code, text };
}
