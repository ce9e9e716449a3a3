import { cp } from "node:fs/promises";
import { join } from "node:path";
import { at } from "../../../scripts/lib/paths.mjs";
import { temporaryFolder } from "./folder.mjs";
import { installed, pythonPackages } from "./install.mjs";
import { runProgram, startProgram } from "./program.mjs";

/** With the project's own package for Django, and a database that each run copies. */
export const installWagtail = () =>
  installed("wagtail", install, [{ from: at("examples", "django", "edge_isr"), to: "edge_isr" }]);

export async function startWagtail(env) {
  const cwd = await installWagtail();
  const DATABASE = join(await temporaryFolder("wagtail"), "db.sqlite3");
  await cp(join(cwd, "db.sqlite3"), DATABASE);
  const gunicorn = (port) => [
    "-m",
    "gunicorn",
    "--no-control-socket",
    "--threads",
    "8",
    "--bind",
    `127.0.0.1:${port}`,
    "mysite.wsgi",
  ];
  return startProgram(join(cwd, ".venv/bin/python"), gunicorn, { cwd, env: { ...env, DATABASE } });
}

async function install(cwd) {
  await pythonPackages(cwd);
  const python = join(cwd, ".venv/bin/python");
  for (const command of [["makemigrations", "home"], ["migrate"], ["seed"]]) {
    await runProgram(python, ["manage.py", ...command], { cwd });
  }
}
