// npm run sim -- [--requests N] [--seed S] [--keep LIST] [--go-on]: random histories in the simulator.
import util from "node:util";
import { start } from "./lib/child.mjs";
import { command } from "./lib/command.mjs";
import { Failure } from "./lib/failure.mjs";
import { requireCargo, rustEnv } from "./lib/rust.mjs";
import { SIMULATOR, simulated } from "./lib/simulator.mjs";

const USAGE = "npm run sim -- [--requests NUMBER] [--seed NUMBER] [--keep all|3,17,42-50] [--go-on]";

command(async (given) => {
  const { requests, seed, keep, "go-on": goesOn } = options(given);
  requireCargo();
  const env = { ...(await rustEnv()), ...simulated({ requests, seed, keep, goesOn }) };
  return (await start("cargo", SIMULATOR, { env, show: true }).ended).code ?? 1;
});

function options(args) {
  const text = (name, otherwise) => ({ [name]: { type: "string", default: otherwise } });
  const options = { ...text("requests", "1000000"), ...text("seed", "1"), ...text("keep", ""), "go-on": { type: "boolean" } };
  try {
    const { values } = util.parseArgs({ args, options });
    if ([values.requests, values.seed].every((number) => /^\d{1,18}$/.test(number)) && /^(all|[\d,-]*)$/.test(values.keep))
      return values;
  } catch {
    // Said below.
  }
  throw new Failure(`“${args.join(" ")}” is not understood: ${USAGE}`);
}
