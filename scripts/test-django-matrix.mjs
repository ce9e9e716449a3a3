// npm run test:django-matrix [-- PYTHON …]: the tests of the package for Django, with each of the named Pythons, or those that are
// found, and each Django that they can run; and on PostgreSQL. What the optional parts need is installed with the newest Django.
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { command } from "./lib/command.mjs";
import { Failure } from "./lib/failure.mjs";
import { at } from "./lib/paths.mjs";
import { DJANGO_PACKAGE } from "./lib/python.mjs";
import { step } from "./lib/step.mjs";

const PYTHONS = ["python3.10", "python3.11", "python3.12", "python3.13", "python3.14"];
/** The Djangos, each with the oldest Python that runs it. */
const DJANGOS = [
  ["4.2", [3, 10]],
  ["5.2", [3, 10]],
  ["6.1", [3, 12]],
];
/** What postgres.py ends with where the machine has no PostgreSQL (sysexits.h: EX_UNAVAILABLE). */
const UNAVAILABLE = 69;
const TESTS = join(DJANGO_PACKAGE, "tests");

command(async (named) => {
  const pythons = (named.length > 0 ? named : PYTHONS).map(found).filter(Boolean);
  if (pythons.length === 0) throw new Failure("no Python of 3.10 or later was found: name some.");
  const rows = [];
  for (const python of pythons) {
    for (const [django] of DJANGOS.filter(([, least]) => atLeast(python.version, least))) rows.push(await run(python, django));
  }
  console.log(rows.map((row) => row.said).join("\n"));
  return rows.every((row) => row.well) ? 0 : 1;
});

function found(program) {
  const { status, stdout } = spawnSync(program, ["-c", "import sys; print(*sys.version_info[:2])"], { encoding: "utf8" });
  return status === 0 ? { program, version: stdout.trim().split(" ").map(Number) } : undefined;
}

function atLeast([major, minor], [leastMajor, leastMinor]) {
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}

async function run({ program, version }, django) {
  const name = `Python ${version.join(".")}, Django ${django}`;
  const venv = at("target", "django-matrix", `${version.join(".")}-${django}`);
  const python = join(venv, "bin", "python");
  const stamp = join(venv, ".installed");
  if (!existsSync(stamp)) {
    await step(`making an environment for ${name}`, program, ["-m", "venv", venv]);
    // Wagtail and others ask for a newer Django, or a newer Python, than the oldest.
    const optional =
      atLeast(version, [3, 11]) && django !== "4.2" ? ["-r", join(TESTS, "requirements.txt")] : ["psycopg[binary]"];
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", `Django~=${django}.0`, ...optional];
    await step(`installing what ${name} needs`, python, pip);
    writeFileSync(stamp, "");
  }
  const results = [
    ["SQLite", "manage.py", ["test"]],
    ["PostgreSQL", "postgres.py", []],
  ].map(([database, script, args]) => {
    const { status, stdout, stderr } = spawnSync(python, [join(TESTS, script), ...args], {
      cwd: DJANGO_PACKAGE,
      encoding: "utf8",
    });
    if (script === "postgres.py" && status === UNAVAILABLE)
      return { well: true, said: "PostgreSQL: not installed, so not tried" };
    if (status !== 0) console.error(`${stdout}${stderr}`);
    const [, count] = stderr.match(/^Ran (\d+) tests/m) ?? [];
    const [verdict] = stderr.match(/^(OK|FAILED).*$/m) ?? ["did not run"];
    return { well: status === 0, said: `${database}: ${count ?? 0} tests, ${verdict}` };
  });
  return { well: results.every(({ well }) => well), said: `${name}: ${results.map(({ said }) => said).join("; ")}` };
}
