// npm run dev -- <any option of wrangler dev>: the Worker alone.
import { start } from './lib/child.mjs';
import { command, interruptIsTheEnd } from './lib/command.mjs';
import { parsePort, requirePort } from './lib/port.mjs';
import { setUpWorker } from './lib/setup.mjs';
import { devArguments, portOf, quietEnv, wrangler } from './lib/wrangler.mjs';

command(async (given) => {
  await requirePortOf(given);
  await setUpWorker();
  await requirePortOf(given);
  interruptIsTheEnd();
  const { code } = await start(...wrangler(devArguments(given)), { env: quietEnv(), show: true }).ended;
  return code ?? 1;
});

async function requirePortOf(given) {
  const port = portOf(given);
  if (port === '0') return; // any free one
  await requirePort(parsePort(port, '--port'), 'npm run dev -- --port NUMBER');
}
