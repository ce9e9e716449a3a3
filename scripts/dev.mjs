// npm run dev -- <any option of wrangler dev>: the Worker alone.
import { command } from "./lib/command.mjs";
import { dev, requirePortOf } from "./lib/dev.mjs";
import { ROOT } from "./lib/paths.mjs";
import { setUpWorker } from "./lib/setup.mjs";

const CALL = "npm run dev --";

command(async (given) => {
  await requirePortOf(given, CALL);
  await setUpWorker();
  return dev(given, { folder: ROOT, call: CALL });
});
