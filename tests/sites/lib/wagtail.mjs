import { cp } from "node:fs/promises";
import { join } from "node:path";
import { at } from "../../../scripts/lib/paths.mjs";
import { temporaryFolder } from "./folder.mjs";
import { installed, pythonPackages } from "./install.mjs";
import { runProgram, startProgram } from "./program.mjs";

/** With the project's own package for Django, and a database that each run copies. */
export const installWagtail = () =>
  installed("wagtail", install, [{ from: at("clients", "django", "src", "edge_isr"), to: "edge_isr" }]);

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

/** What `wagtail start` makes, with one page and an editor. No file of it is changed. */
export async function startStockWagtail() {
  const python = join(await installWagtail(), ".venv/bin/python");
  const cwd = await temporaryFolder("wagtail");
  await runProgram(python, ["-m", "wagtail.bin.wagtail", "start", "stock", "."], { cwd });
  const env = { DJANGO_SETTINGS_MODULE: "stock.settings.dev", DJANGO_SUPERUSER_PASSWORD: "password-of-Editor" };
  await runProgram(python, ["manage.py", "migrate", "-v0"], { cwd, env });
  const editor = ["createsuperuser", "--noinput", "--username=Editor", "--email=editor@example.com"];
  await runProgram(python, ["manage.py", ...editor], { cwd, env });
  const server = (port) => ["manage.py", "runserver", "--noreload", `127.0.0.1:${port}`];
  return startProgram(python, server, { cwd, env });
}

async function install(cwd) {
  await pythonPackages(cwd);
  const python = join(cwd, ".venv/bin/python");
  for (const command of [["makemigrations", "home"], ["migrate"], ["seed"]]) {
    await runProgram(python, ["manage.py", ...command], { cwd });
  }
}
