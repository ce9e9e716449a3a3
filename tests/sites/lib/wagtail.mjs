import { cp, writeFile } from "node:fs/promises";
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
export const startStockWagtail = () => startStock("stock.settings.dev");

/** The same, with the package for Django in its settings, and nothing else changed. */
export const startTaggedWagtail = (told) => startStock("edge", told, TAGGED);

const TAGGED = `
import os
from stock.settings.dev import *
INSTALLED_APPS = ["edge_isr", *INSTALLED_APPS, "edge_isr.wagtail"]
MIDDLEWARE = ["edge_isr.middleware.EdgeISRMiddleware", *MIDDLEWARE]
EDGE_ISR = {
    "URL": os.environ.get("EDGE_URL", ""),
    "TOKEN": os.environ.get("EDGE_TOKEN", ""),
    "DEFAULTS": {"s_maxage": 600, "stale_while_revalidate": 60},
}
USE_X_FORWARDED_HOST = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
ALLOWED_HOSTS = ["*"]
`;

async function startStock(settings, told = {}, edge = "") {
  const python = join(await installWagtail(), ".venv/bin/python");
  const cwd = await temporaryFolder("wagtail");
  await runProgram(python, ["-m", "wagtail.bin.wagtail", "start", "stock", "."], { cwd });
  if (edge) await writeFile(join(cwd, "edge.py"), edge);
  const env = {
    ...told,
    DJANGO_SETTINGS_MODULE: settings,
    DJANGO_SUPERUSER_PASSWORD: "password-of-Editor",
    PYTHONPATH: at("clients", "django", "src"),
  };
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
