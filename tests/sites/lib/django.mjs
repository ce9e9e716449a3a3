import { cp } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "./folder.mjs";
import { installed, pythonPackages } from "./install.mjs";
import { runProgram, startProgram } from "./program.mjs";

/** A wiki with django-wiki, which knows nothing of the edge. Each run has a copy of the database, and sees no other's edits. */
export async function startStockDjango() {
  const cwd = await installed("django", install);
  const DATABASE = join(await temporaryFolder("django"), "db.sqlite3");
  await cp(join(cwd, "db.sqlite3"), DATABASE);
  // With DEBUG off, runserver serves static files only if it is told to.
  const server = (port) => ["manage.py", "runserver", "--noreload", "--insecure", `127.0.0.1:${port}`];
  return startProgram(join(cwd, ".venv/bin/python"), server, { cwd, env: { DATABASE } });
}

async function install(cwd) {
  await pythonPackages(cwd);
  const python = join(cwd, ".venv/bin/python");
  await runProgram(python, ["manage.py", "migrate", "-v0"], { cwd });
  await runProgram(python, ["manage.py", "shell", "-c", "import seed"], { cwd });
}
