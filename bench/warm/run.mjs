// npm run bench -- warm [--pages N]: warmups, in the real runtime, with an origin that takes 50 ms a page.
import { parseArgs } from "node:util";
import { command } from "../../scripts/lib/command.mjs";
import { Failure } from "../../scripts/lib/failure.mjs";
import { closeAll } from "../../tests/e2e/closing.mjs";
import { startEdge } from "../../tests/e2e/edge.mjs";
import { TOKEN } from "../../tests/e2e/purge.mjs";
import { print } from "../report.mjs";
import { Origin } from "./origin.mjs";
import { cold, costs, large, purged } from "./parts.mjs";

const PURGED = 1000;
const SMALL = 100;

command(async (args) => {
  const pages = count(args);
  const rows = [];
  try {
    await withEdge({ WARM_PER_SECOND: 200, WARM_AT_ONCE: 32 }, async (stage) => {
      rows.push(...(await large(stage, pages, 200)));
    });
    await withEdge({ WARM_PER_SECOND: 200, WARM_AT_ONCE: 16 }, async (stage) => {
      rows.push(...(await costs(stage, SMALL)));
      for (const delay of [5, 80]) rows.push(...(await cold(stage, SMALL, delay)));
    });
    await withEdge({ WARM_PER_SECOND: 50, WARM_AT_ONCE: 16 }, async (stage) => {
      rows.push(...(await purged(stage, Math.min(pages, PURGED), 50)));
    });
  } finally {
    await closeAll();
  }
  print([["", "asked for", "seen"], ...rows.map((row) => row.map(String))]);
});

function count(args) {
  const { pages } = parseArgs({ args, options: { pages: { type: "string", default: "10000" } } }).values;
  if (/^[1-9]\d{1,4}$/.test(pages)) return Number(pages);
  throw new Failure(`--pages is a number from 10 to 99999, not ${pages}.`);
}

async function withEdge(settings, run) {
  const origin = new Origin();
  await origin.listen();
  const vars = { ORIGIN: origin.url, PURGE_TOKENS: TOKEN, PLAN: "paid", ...settings };
  const edge = await startEdge({ coordinator: true, pages: true, dataCentres: 2, vars });
  await run({ edge, origin });
  await edge.close();
  origin.close();
}
