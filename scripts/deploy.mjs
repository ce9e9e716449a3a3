// npm run deploy -- <any option of wrangler deploy>
import { foreground } from "./lib/child.mjs";
import { command } from "./lib/command.mjs";
import { packagesEnv } from "./lib/packages.mjs";
import { setUpWorker } from "./lib/setup.mjs";
import { wrangler } from "./lib/wrangler.mjs";

command(async (given) => {
  await setUpWorker();
  const { code } = await foreground(...wrangler(["deploy", ...given]), { env: packagesEnv() });
  return code ?? 1;
});
