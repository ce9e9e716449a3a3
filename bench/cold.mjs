// How long a new isolate takes for its first response: `npm run bench -- cold [--samples 15]`.
//
// Each sample is a new process of the runtime with one Worker in it: its start is timed, its first request and its second.
// Neither request finds anything stored.
import { parseArgs } from "node:util";
import { command } from "../scripts/lib/command.mjs";
import { Failure } from "../scripts/lib/failure.mjs";
import { closeAll } from "../tests/e2e/closing.mjs";
import { startOrigin } from "../tests/e2e/origin.mjs";
import { PAGE, URL_ASKED } from "./page.mjs";
import { reportCold } from "./report.mjs";
import { inTurn } from "./turns.mjs";
import { WORKERS, buildBare, startCold } from "./workers.mjs";

command(async (given) => {
  const samples = parse(given);
  await buildBare();
  try {
    await bench(samples);
  } finally {
    await closeAll();
  }
});

async function bench(samples) {
  const origin = await startOrigin();
  origin.on(new URL(URL_ASKED).pathname, PAGE);
  console.log(`edge-isr: ${samples} new processes of each Worker, node ${process.versions.node} …\n`);
  const times = WORKERS.map(() => []);
  for (let i = 0; i < samples; i += 1) {
    for (const [place, worker] of inTurn(WORKERS, i)) times[place].push(await sample(worker, origin));
  }
  reportCold(WORKERS, times);
}

async function sample(worker, origin) {
  const { edge, milliseconds } = await startCold(worker, origin);
  try {
    const first = await timed(edge, `${URL_ASKED}?first`);
    return { start: milliseconds, first, second: await timed(edge, `${URL_ASKED}?second`) };
  } finally {
    await edge.close();
  }
}

async function timed(edge, url) {
  const began = performance.now();
  const { status } = await edge.fetch(url);
  if (status !== 200) throw new Failure(`a first request was answered ${status}.`);
  return performance.now() - began;
}

function parse(given) {
  try {
    const { samples } = parseArgs({ args: given, options: { samples: { type: "string", default: "15" } } }).values;
    if (/^[1-9]\d{0,2}$/.test(samples)) return Number(samples);
  } catch {
    // Said below.
  }
  throw new Failure("the option is --samples N, from 1 to 999.");
}
