// npm run dev -- <any option of wrangler dev>: the Worker alone.
import { start } from './lib/child.mjs';
import { command, interruptIsTheEnd } from './lib/command.mjs';
import { parsePort, requirePort } from './lib/port.mjs';
import { setUpWorker } from './lib/setup.mjs';
import { devArguments, originOf, portOf, quietEnv, wrangler } from './lib/wrangler.mjs';

command(async (given) => {
  await requirePortOf(given);
  await setUpWorker();
  await requirePortOf(given);
  interruptIsTheEnd();
  console.log(whereFrom(originOf(given)));
  // A line a request: hit, stale, miss or pass, and why.
  const args = devArguments(['--var', 'LOG_REQUESTS:true', ...given]);
  const { code } = await start(...wrangler(args), { env: quietEnv(), show: true }).ended;
  return code ?? 1;
});

function whereFrom(origin) {
  if (origin) return `edge-isr: pages come from ORIGIN, ${origin}`;
  return 'edge-isr: ORIGIN is not set, so every request is refused: npm run dev -- --var ORIGIN:http://127.0.0.1:8000';
}

async function requirePortOf(given) {
  const port = portOf(given);
  if (port === '0') return; // any free one
  await requirePort(parsePort(port, '--port'), 'npm run dev -- --port NUMBER');
}
