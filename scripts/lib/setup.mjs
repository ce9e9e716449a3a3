// What a command needs before it can do its work. What is there already is not done again.
import { alone } from "./lock.mjs";
import { installPackages } from "./packages.mjs";
import { installCheckers, installPython, requirePython } from "./python.mjs";
import { requireCargo, requireWasmTarget } from "./rust.mjs";
import { installTools } from "./tools.mjs";
import { buildWorker } from "./worker.mjs";

/** Says what this machine lacks before anything is installed. */
export function requireMachine() {
  requireCargo();
  requirePython();
}

/** npm packages and Rust with its tools. Returns the environment to build in. */
export const setUpTools = () => alone(tools);

/** The tools, and the Worker built with them. Returns the environment it was built in. */
export const setUpWorker = () =>
  alone(async () => {
    const env = await tools();
    await buildWorker(env);
    return env;
  });

/** The example's virtual environment. */
export const setUpPython = () => alone(installPython);

/** What checks the JavaScript, the Python and the licences. */
export const setUpCheckers = () =>
  alone(async () => {
    await installPackages();
    await installCheckers();
  });

async function tools() {
  requireCargo();
  await requireWasmTarget();
  await installPackages();
  return installTools();
}
