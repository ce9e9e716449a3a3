// npm run deploy -- <any option of wrangler deploy>
import { readFileSync } from 'node:fs';
import { foreground } from './lib/child.mjs';
import { command } from './lib/command.mjs';
import { Failure } from './lib/failure.mjs';
import { packagesEnv } from './lib/packages.mjs';
import { at } from './lib/paths.mjs';
import { setUpWorker } from './lib/setup.mjs';
import { wrangler } from './lib/wrangler.mjs';

const PLACEHOLDER = '00000000000000000000000000000000';

command(async (given) => {
  if (!given.includes('--dry-run')) requireNamespace();
  await setUpWorker();
  const { code } = await foreground(...wrangler(['deploy', ...given]), { env: packagesEnv() });
  return code ?? 1;
});

function requireNamespace() {
  if (!readFileSync(at('wrangler.toml'), 'utf8').includes(PLACEHOLDER)) return;
  throw new Failure(
    'wrangler.toml has no KV namespace yet: run `npx wrangler kv namespace create TAGS` and put the id that it prints there.',
  );
}
