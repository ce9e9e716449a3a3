// npm run dev -- <any option of wrangler dev>: the Worker alone.
import { start } from './lib/child.mjs';
import { command, interruptIsTheEnd } from './lib/command.mjs';
import { parsePort, requirePort } from './lib/port.mjs';
import { setUpWorker } from './lib/setup.mjs';
import { devArguments, portOf, quietEnv, wrangler } from './lib/wrangler.mjs';

command(async (given) => {
  const port = parsePort(portOf(given), '--port');
  await requirePort(port, 'npm run dev -- --port NUMBER');
  await setUpWorker();
  await requirePort(port, 'npm run dev -- --port NUMBER');
  interruptIsTheEnd();
  const { code } = await start(...wrangler(devArguments(given)), { env: quietEnv(), show: true }).ended;
  return code ?? 1;
});
