// npm run warm -- …, and npx edge-isr warm …: starts a warmup job, and shows how it goes on.
import { Failure } from "../scripts/lib/failure.mjs";
import { HELP, readCommand } from "./warm/command.mjs";
import { Progress } from "./warm/progress.mjs";
import { TemporaryFailure, Routes } from "./warm/routes.mjs";

const LOOK_EVERY_MS = 1_000;
/** Requests for the report may fail for so long, as during a deployment. */
const PATIENCE_MS = 120_000;

/** Returns the exit code. */
export async function warm(given, { folder = process.cwd(), environment = process.env, lookEvery = LOOK_EVERY_MS } = {}) {
  const { help, routes: base, token, waits, body } = readCommand(given, folder, environment);
  if (help) return console.log(HELP);
  const routes = new Routes(base, token);
  const started = await routes.start(body);
  console.log(`job ${started.id}`);
  if (!waits) return console.log(`  how it goes on: ${new URL(`jobs/${started.id}`, base)} (with the token)`);
  const report = await ended(routes, started, lookEvery);
  for (const { url, reason } of report.failures) console.log(`  ${url}: ${reason}`);
  if (report.state === "stopped") throw new Failure(`the job was stopped; ${report.left} pages were left.`);
  return report.failed + report.skipped + report.uncacheable > 0 ? 1 : 0;
}

/** Looks at the job until it has ended. */
async function ended(routes, started, lookEvery) {
  const progress = new Progress();
  process.once("SIGINT", () => tellHowToStop(routes, started.id));
  let [report, seenAt] = [started, Date.now()];
  while (!report.done_at) {
    progress.show(report);
    await new Promise((resolve) => setTimeout(resolve, lookEvery));
    try {
      [report, seenAt] = [await routes.job(started.id), Date.now()];
    } catch (error) {
      if (!(error instanceof TemporaryFailure) || Date.now() - seenAt > PATIENCE_MS) throw error;
    }
  }
  progress.show(report);
  progress.end();
  return report;
}

function tellHowToStop(routes, id) {
  console.log(`\nThe job still runs at the edge. To stop it:
  curl -X DELETE -H "Authorization: Bearer <one of PURGE_TOKENS>" ${new URL(`jobs/${id}`, routes.base)}`);
}
