// What hits wait for and cost, with the purge journal and without it: `npm run bench -- hits`. What is modelled, and
// how: README.md.
import { parseArgs } from "node:util";
import { command } from "../../scripts/lib/command.mjs";
import { Failure } from "../../scripts/lib/failure.mjs";
import { closeAll } from "../../tests/e2e/closing.mjs";
import { large } from "./large.mjs";
import { measure, SETTINGS, TRAFFIC } from "./measure.mjs";
import { report } from "./report.mjs";

const PARTS = ["hits", "large"];

command(async (given) => {
  const { scale, parts, settings, rates } = parse(given);
  try {
    if (parts.includes("hits")) await hits(settings, rates, scale);
    if (parts.includes("large")) await large();
  } finally {
    await closeAll();
  }
});

async function hits(chosen, rates, scale) {
  const settings = SETTINGS.filter(({ name }) => name.includes(chosen));
  const traffic = TRAFFIC.filter(({ rate }) => rates.length === 0 || rates.includes(String(rate)));
  const without = settings.filter(({ bound }) => bound === undefined);
  const rows = [];
  for (const together of [without, settings.filter((setting) => !without.includes(setting))]) {
    if (together.length > 0) rows.push(...(await measure(together, traffic, scale)));
  }
  report(rows);
}

function parse(args) {
  let values;
  try {
    const text = (value) => ({ type: "string", default: value });
    ({ values } = parseArgs({ args, options: { scale: text("1"), part: text(""), setting: text(""), rates: text("") } }));
  } catch {
    throw new Failure("the options are --scale S, --part hits|large, --setting NAME and --rates R,R.");
  }
  const scale = Number(values.scale);
  if (!(scale > 0 && scale <= 10)) throw new Failure(`--scale is a number up to 10, not “${values.scale}”.`);
  if (values.part && !PARTS.includes(values.part)) throw new Failure(`--part is one of ${PARTS.join(", ")}.`);
  const rates = values.rates.split(",").filter(Boolean);
  return { scale, parts: values.part ? [values.part] : PARTS, settings: values.setting, rates };
}
