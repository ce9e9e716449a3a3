/**
 * A site's folder with what it needs, in the user's cache: a copy of tests/sites/<name>, and its
 * packages. It is made once for each version of the site's files, so that a site may also be built
 * in it.
 */

import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { alone } from "../../../scripts/lib/lock.mjs";
import { CACHE, at, pathOfTheMachine } from "../../../scripts/lib/paths.mjs";
import { findPython } from "../../../scripts/lib/python.mjs";
import { step } from "../../../scripts/lib/step.mjs";

const SITES = join(CACHE, "sites");
const STAMP = ".installed";
const KEPT_MS = 7 * 24 * 3_600_000;

/**
 * The folder of site `name`. `install(folder)` is called where it is not there yet. `also` are
 * further files of the project that are part of the site: `{ from, to }`.
 */
export function installed(name, install, also = []) {
  return made(name, [{ from: at("tests", "sites", name), to: "." }, ...also], install);
}

/** The packages of package-lock.json. */
export async function npmPackages(folder) {
  // With the machine's own npm, and none of the settings that an `npm run` leaves to what it starts.
  const kept = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
  const env = { ...Object.fromEntries(kept), PATH: pathOfTheMachine() };
  await step(`installing the packages of ${label(folder)}`, "npm", ["ci", "--no-audit", "--no-fund"], { cwd: folder, env });
}

/** The packages of requirements.txt, in a virtual environment that survives changes of the site's own files. */
export async function pythonPackages(folder) {
  const venv = await made("python", [{ from: join(folder, "requirements.txt"), to: "requirements.txt" }], async (home) => {
    await step(`making a virtual environment for ${label(folder)}`, findPython(), ["-m", "venv", home]);
    const pip = ["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "-r", "requirements.txt"];
    await step(`installing the packages of ${label(folder)}`, join(home, "bin", "python"), pip, { cwd: home });
  });
  symlinkSync(venv, join(folder, ".venv"));
}

/** A folder in the cache that holds `parts` and what `install` adds to them. */
async function made(name, parts, install) {
  const home = join(SITES, `${name}-${digest(parts)}`);
  mkdirSync(SITES, { recursive: true });
  await alone(() => make(home, parts, install), `${home}.lock`);
  const now = new Date();
  utimesSync(join(home, STAMP), now, now);
  return home;
}

async function make(home, parts, install) {
  if (existsSync(join(home, STAMP))) return;
  forgetOld();
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home);
  for (const { from, to } of parts)
    cpSync(from, join(home, to), { recursive: true, filter: (path) => !/__pycache__/.test(path) });
  await install(home);
  writeFileSync(join(home, STAMP), "");
}

/** Removes what no test has used for a week. */
function forgetOld() {
  for (const name of readdirSync(SITES)) {
    const stamp = join(SITES, name, STAMP);
    if (existsSync(stamp) && Date.now() - statSync(stamp).mtimeMs > KEPT_MS) rmSync(join(SITES, name), { recursive: true });
  }
}

const label = (folder) => relative(SITES, folder).replace(/-[0-9a-f]+$/, "");

function digest(parts) {
  const hash = createHash("sha256");
  for (const { from, to } of parts) {
    for (const file of filesOf(from)) {
      const name = join(to, relative(from, file));
      const content = readFileSync(file);
      hash.update(`${name.length}:${name}${content.length}:`).update(content);
    }
  }
  return hash.digest("hex").slice(0, 12);
}

function filesOf(path) {
  if (!statSync(path).isDirectory()) return [path];
  const names = readdirSync(path)
    .filter((name) => name !== "__pycache__")
    .sort();
  return names.flatMap((name) => filesOf(join(path, name)));
}
