// `wrangler dev` for the Worker of a folder: on this machine only, with a line a request.
import { foreground, start } from "./child.mjs";
import { interruptIsTheEnd } from "./command.mjs";
import { parsePort, requirePort } from "./port.mjs";
import { devArguments, originOf, portOf, quietEnv, wrangler } from "./wrangler.mjs";

// Windows has no `sh`, which `start` needs for its process group.
const run = process.platform === "win32" ? foreground : (...program) => start(...program).ended;

/** Runs until it is interrupted. `call` is the command as its user calls it. Returns the exit code. */
export async function dev(given, { folder, call }) {
  await requirePortOf(given, call);
  interruptIsTheEnd();
  console.log(whereFrom(originOf(given, folder), call));
  // A line a request: hit, stale, miss or pass, and why.
  const args = devArguments(["--var", "LOG:requests", ...given], folder);
  const { code } = await run(...wrangler(args), { cwd: folder, env: quietEnv(folder), show: true });
  return code ?? 1;
}

/** Refuses a port that `dev` could not take. */
export async function requirePortOf(given, call) {
  const port = portOf(given);
  if (port === "0") return; // any free one
  await requirePort(parsePort(port, "--port"), `${call} --port NUMBER`);
}

function whereFrom(origin, call) {
  if (origin) return `edge-isr: pages come from ORIGIN, ${origin}`;
  return `edge-isr: ORIGIN is not set, so every request is refused: ${call} --var ORIGIN:http://127.0.0.1:8000`;
}
