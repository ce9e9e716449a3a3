// npm run bench: the Worker beside three others.
// npm run bench -- hits [--scale S …]: what hits wait for and cost, with the purge journal and without it.
// npm run bench -- warm [--pages N]: how fast pages are warmed, and what it costs.
// npm run bench -- cold [--samples N]: what a new isolate takes for its first response.
// npm run bench -- origin-requests [--requests N]: how many requests the origin gets, in the simulator.
// npm run bench -- instructions: how many instructions rules add to a hit, on the host. It needs valgrind.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { start } from "./lib/child.mjs";
import { command } from "./lib/command.mjs";
import { Failure } from "./lib/failure.mjs";
import { node22 } from "./lib/node.mjs";
import { at } from "./lib/paths.mjs";
import { requireCargo, rustEnv } from "./lib/rust.mjs";
import { setUpWorker } from "./lib/setup.mjs";
import { ORIGIN_REQUESTS } from "./lib/simulator.mjs";

const BENCHES = { hits, warm, cold, instructions, "origin-requests": originRequests };

command(([name, ...given]) => (Object.hasOwn(BENCHES, name ?? "") ? BENCHES[name](given) : besideOthers([name, ...given])));

async function besideOthers(given) {
  const env = await setUpWorker();
  const code = await run("run.mjs", given.filter(Boolean), env);
  if (code !== 0) return code;
  console.log("\nOne decision on the host, by criterion:\n");
  const decision = ["bench", "--quiet", "--bench", "decision", "--", "--quick", "--quiet"];
  return (await start("cargo", decision, { env, show: true }).ended).code ?? 1;
}

async function hits(given) {
  return run(join("hits", "run.mjs"), given, await setUpWorker());
}

async function warm(given) {
  return run(join("warm", "run.mjs"), given, await setUpWorker());
}

async function cold(given) {
  return run("cold.mjs", given, await setUpWorker());
}

async function instructions(given) {
  requireCargo();
  return run("instructions.mjs", given, await rustEnv());
}

async function run(module, given, env) {
  return (await start(node22(), [at("bench", module), ...given], { env, show: true }).ended).code ?? 1;
}

async function originRequests(given) {
  const requests = asked(given);
  requireCargo();
  const env = { ...(await rustEnv()), BENCH_REQUESTS: requests };
  return (await start("cargo", ORIGIN_REQUESTS, { env, show: true }).ended).code ?? 1;
}

function asked(args) {
  try {
    const { requests } = parseArgs({ args, options: { requests: { type: "string", default: "4000" } } }).values;
    if (/^\d{3,6}$/.test(requests) && Number(requests) >= 600) return requests;
  } catch {
    // Said below.
  }
  throw new Failure("the option is --requests N, from 600 to 999999.");
}
