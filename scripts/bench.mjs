// npm run bench: the Worker beside two bare ones.
import { existsSync } from 'node:fs';
import { start } from './lib/child.mjs';
import { command } from './lib/command.mjs';
import { Failure } from './lib/failure.mjs';
import { node22 } from './lib/packages.mjs';
import { at } from './lib/paths.mjs';
import { setUpWorker } from './lib/setup.mjs';

const BENCH = at('bench', 'run.mjs');

command(async (given) => {
  if (!existsSync(BENCH)) throw new Failure('there is no bench/run.mjs.');
  const env = await setUpWorker();
  const { code } = await start(node22(), [BENCH, ...given], { env, show: true }).ended;
  if (code !== 0) return code ?? 1;
  console.log('\nOne decision on the host, by criterion:\n');
  const decision = ['bench', '--quiet', '--bench', 'decision', '--', '--quick', '--quiet'];
  return (await start('cargo', decision, { env, show: true }).ended).code ?? 1;
});
