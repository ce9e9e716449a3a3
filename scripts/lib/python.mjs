// Python: a virtual environment for the example, and one for the checks. Each is made anew when its
// requirements change.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Failure } from "./failure.mjs";
import { at } from "./paths.mjs";
import { step } from "./step.mjs";

export const EXAMPLE = at("examples", "django");

/** The package for Django, which the example installs. */
export const DJANGO_PACKAGE = at("clients", "django");

const OF_EXAMPLE = {
  what: "the example",
  folder: join(EXAMPLE, ".venv"),
  requirements: join(EXAMPLE, "requirements.txt"),
  sources: [join(DJANGO_PACKAGE, "pyproject.toml"), ...sourcesBelow(join(DJANGO_PACKAGE, "src"))],
};
const OF_CHECKS = {
  what: "the checks",
  folder: at("target", "tools", "python"),
  requirements: at("scripts", "requirements.txt"),
};
const NAMES = ["python3", "python", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10"];
const PROBE = `
import sys
print("%d.%d" % sys.version_info[:2])
if sys.version_info < (3, 10): sys.exit(3)
try: import ensurepip, venv
except ImportError: sys.exit(4)
`;

/** The example's Python. */
export const PYTHON = join(OF_EXAMPLE.folder, "bin", "python");

/** The path of a program that `installCheckers` brings. */
export const checker = (name) => program(OF_CHECKS, name);

/** Refuses a machine that has no fit Python and would need one. */
export function requirePython() {
  if (!installed(OF_EXAMPLE)) findPython();
}

/** Makes the example's virtual environment, unless it is there. */
export const installPython = () => install(OF_EXAMPLE);

/** Makes the virtual environment of the checks, unless it is there. */
export const installCheckers = () => install(OF_CHECKS);

async function install(venv) {
  if (installed(venv)) return;
  const python = findPython();
  rmSync(venv.folder, { recursive: true, force: true });
  await step(`making a virtual environment for ${venv.what}`, python, ["-m", "venv", venv.folder]);
  const pip = ["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "-r", venv.requirements];
  // A path in the requirements is one from their own folder.
  const cwd = dirname(venv.requirements);
  await step(`installing the Python packages of ${venv.what}`, program(venv, "python"), pip, { cwd });
  writeFileSync(stamp(venv), wanted(venv));
}

function installed(venv) {
  return existsSync(program(venv, "python")) && existsSync(stamp(venv)) && readFileSync(stamp(venv), "utf8") === wanted(venv);
}

const program = ({ folder }, name) => join(folder, "bin", name);

const stamp = ({ folder }) => join(folder, ".stamp");

function wanted({ requirements, sources = [] }) {
  const hash = createHash("sha256");
  for (const file of [requirements, ...sources]) hash.update(readFileSync(file));
  return hash.digest("hex");
}

function sourcesBelow(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.parentPath.includes("__pycache__"));
  return files.map((entry) => join(entry.parentPath, entry.name)).sort();
}

/** The name of a Python that is fit. */
export function findPython() {
  const probes = NAMES.map(probe);
  const fit = probes.find(({ status }) => status === 0);
  if (fit) return fit.name;
  const without = probes.find(({ status }) => status === 4);
  if (without) {
    throw new Failure(`Python ${without.version} has no venv module: install it (Debian, Ubuntu: apt install python3-venv).`);
  }
  const old = probes.find(({ status }) => status === 3);
  const found = old ? `this is ${old.version}` : "none was found";
  throw new Failure(`Python 3.10 or later is needed, ${found}: install it from https://www.python.org.`);
}

function probe(name) {
  const { status, stdout } = spawnSync(name, ["-c", PROBE], { encoding: "utf8" });
  return { name, status, version: stdout?.trim() };
}
