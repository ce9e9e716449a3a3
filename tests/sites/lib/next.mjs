import { cp, symlink } from "node:fs/promises";
import { join } from "node:path";
import { step } from "../../../scripts/lib/step.mjs";
import { temporaryFolder } from "./folder.mjs";
import { installed, npmPackages } from "./install.mjs";
import { startProgram } from "./program.mjs";

const QUIET = { NEXT_TELEMETRY_DISABLED: "1" };

export const installNext = () => installed("next", install);

/** In a copy of what was built: Next.js writes the pages that it renders there. */
export async function startNext(env) {
  const built = await installNext();
  const cwd = await temporaryFolder("next");
  const wanted = (path) => !path.startsWith(join(built, "node_modules")) && !path.startsWith(join(built, ".next/cache"));
  await cp(built, cwd, { recursive: true, filter: wanted });
  await symlink(join(built, "node_modules"), join(cwd, "node_modules"));
  const args = (port) => ["node_modules/next/dist/bin/next", "start", "--hostname", "127.0.0.1", "--port", port];
  return startProgram(process.execPath, args, { cwd, env: { ...env, ...QUIET } });
}

async function install(cwd) {
  await npmPackages(cwd);
  const next = join(cwd, "node_modules/next/dist/bin/next");
  await step("building the site of Next.js", process.execPath, [next, "build"], { cwd, env: { ...process.env, ...QUIET } });
}
