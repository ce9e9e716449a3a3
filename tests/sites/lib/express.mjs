import { installed, npmPackages } from "./install.mjs";
import { startProgram } from "./program.mjs";

export const installExpress = () => installed("express", npmPackages);

export async function startExpress(env) {
  const cwd = await installExpress();
  return startProgram(process.execPath, () => ["app.mjs"], { cwd, env });
}
