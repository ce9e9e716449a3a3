// One setup at a time in this folder: `npm start` and `npm test` may be called at once.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { at } from "./paths.mjs";

const LOCK = at(".setup.lock");
const held = new Set();
process.on("exit", () => held.forEach(release));

/** Does `work` while no other process does work under the same lock, which is a file. */
export async function alone(work, lock = LOCK) {
  if (held.has(lock)) return work();
  await take(lock);
  try {
    return await work();
  } finally {
    release(lock);
  }
}

async function take(lock) {
  for (let tries = 1; !create(lock); tries += 1) {
    const holder = Number(readHolder(lock));
    if (holder && !lives(holder)) {
      rmSync(lock, { force: true });
      continue;
    }
    if (tries === 4) console.log(`edge-isr: waiting for the setup that process ${holder} runs …`);
    await sleep(250);
  }
  held.add(lock);
}

function create(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

function readHolder(lock) {
  try {
    return readFileSync(lock, "utf8");
  } catch {
    return "";
  }
}

/** Whether there is a process of this id. */
export function lives(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function release(lock) {
  rmSync(lock, { force: true });
  held.delete(lock);
}
