// Hits a second, latency and CPU of edge-isr beside other Workers. `npm run bench` calls it with
// the built Worker and the tools in place; what the numbers mean: README.md.
import { once } from "node:events";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { command } from "../scripts/lib/command.mjs";
import { Failure } from "../scripts/lib/failure.mjs";
import { closeAll } from "../tests/e2e/closing.mjs";
import { startOrigin } from "../tests/e2e/origin.mjs";
import { cpuMicroseconds } from "./cpu.mjs";
import { PAGE, REQUEST, URL_ASKED } from "./page.mjs";
import { report } from "./report.mjs";
import { inTurn } from "./turns.mjs";
import { WORKERS, buildBare, startWorker } from "./workers.mjs";

/** A JIT compiler takes a while to see what is hot. */
const WARM_UP_SECONDS = 2;

command(async (given) => {
  const options = parse(given);
  await buildBare();
  const client = new Worker(new URL("client.mjs", import.meta.url), { workerData: { request: REQUEST } });
  try {
    await bench(client, options);
  } finally {
    await Promise.all([client.terminate(), closeAll()]);
  }
});

async function bench(client, { seconds, rounds, concurrency }) {
  const origin = await startOrigin();
  origin.on(new URL(URL_ASKED).pathname, PAGE);
  const workers = [];
  for (const worker of WORKERS) workers.push(await startWorker(worker, origin, URL_ASKED));
  const filled = origin.count();

  const size = (PAGE.body.length / 1000).toFixed(1);
  console.log(
    `edge-isr: ${rounds} rounds of ${seconds} s each, ${concurrency} connections, a page of ${size} kB, ` +
      `node ${process.versions.node} …`,
  );
  for (const worker of workers) await measure(client, worker, { seconds: Math.min(WARM_UP_SECONDS, seconds), concurrency });
  const measured = workers.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [i, worker] of inTurn(workers, round)) measured[i].push(await measure(client, worker, { seconds, concurrency }));
  }
  if (origin.count() !== filled) throw new Failure("the origin was asked during the rounds: not all answers were hits.");
  console.log();
  report(WORKERS, measured);
}

/** One round of one Worker. */
async function measure(client, { name, port, mark, pid }, { seconds, concurrency }) {
  const before = cpuMicroseconds(pid);
  client.postMessage({ port, seconds, concurrency, mark });
  const [result] = await once(client, "message");
  if (result.error) throw new Failure(`${name}: ${result.error}`);
  return { ...result, cpu: cpuMicroseconds(pid) - before };
}

function parse(given) {
  let values;
  try {
    ({ values } = parseArgs({
      args: given,
      options: {
        seconds: { type: "string", default: "1.5" },
        rounds: { type: "string", default: "10" },
        concurrency: { type: "string", default: "16" },
      },
    }));
  } catch {
    throw new Failure("the options are --seconds N, --rounds N and --concurrency N.");
  }
  return {
    seconds: number(values, "seconds", /^\d+(\.\d+)?$/),
    rounds: number(values, "rounds", /^\d+$/),
    concurrency: number(values, "concurrency", /^\d+$/),
  };
}

function number(values, name, form) {
  const value = Number(values[name]);
  if (form.test(values[name]) && value > 0 && value <= 1000) return value;
  throw new Failure(`--${name} wants a number up to 1000, not “${values[name]}”.`);
}
