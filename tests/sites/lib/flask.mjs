import { join } from "node:path";
import { installed, pythonPackages } from "./install.mjs";
import { startProgram } from "./program.mjs";

export const installFlask = () => installed("flask", pythonPackages);

/** With gunicorn's own settings, but for one process, as the site keeps its posts in memory. */
export async function startFlask(env) {
  const cwd = await installFlask();
  const gunicorn = (port) => [
    "-m",
    "gunicorn",
    "--no-control-socket",
    "--threads",
    "8",
    "--bind",
    `127.0.0.1:${port}`,
    "app:app",
  ];
  return startProgram(join(cwd, ".venv/bin/python"), gunicorn, { cwd, env });
}
