// npm run deploy -- <any option of wrangler deploy>: nothing is deployed with rules that are wrong.
import { foreground } from "./lib/child.mjs";
import { command } from "./lib/command.mjs";
import { packagesEnv } from "./lib/packages.mjs";
import { checkedWith, rules } from "./lib/rules.mjs";
import { setUpWorker } from "./lib/setup.mjs";
import { wrangler } from "./lib/wrangler.mjs";

command(async (given) => {
  const faults = await rules(["check", ...checkedWith(given)]);
  if (faults !== 0) return faults;
  await setUpWorker();
  const { code } = await foreground(...wrangler(["deploy", ...given]), { env: packagesEnv() });
  return code ?? 1;
});
