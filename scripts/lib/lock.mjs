// One setup at a time in this folder: `npm start` and `npm test` may be called at once.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { at } from './paths.mjs';

const LOCK = at('.setup.lock');
let held = false;
process.on('exit', release);

export async function alone(work) {
  if (held) return work();
  await take();
  try {
    return await work();
  } finally {
    release();
  }
}

async function take() {
  for (let tries = 1; !(held = create()); tries += 1) {
    const holder = Number(readHolder());
    if (holder && !lives(holder)) {
      rmSync(LOCK, { force: true });
      continue;
    }
    if (tries === 4) console.log(`edge-isr: waiting for the setup that process ${holder} runs in this folder …`);
    await sleep(250);
  }
}

function create() {
  try {
    writeFileSync(LOCK, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function readHolder() {
  try {
    return readFileSync(LOCK, 'utf8');
  } catch {
    return '';
  }
}

/** Whether there is a process of this id. */
export function lives(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function release() {
  if (held) rmSync(LOCK, { force: true });
  held = false;
}
