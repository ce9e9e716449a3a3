// What was measured, as a table to read.

/** `rounds` of each Worker in the order they ran: `{ latencies, seconds, cpu }`. */
export function report(workers, rounds) {
  const rows = workers.map(({ name }, i) => row(name, rounds[i]));
  print([["", "hits/s", "p50 ms", "p99 ms", "CPU µs per hit"], ...rows]);
  console.log();
  const [own, ...others] = workers;
  print([
    [`${own.name} to`, "hits/s", "CPU", "target"],
    ...others.map(({ name, target }, i) => [
      name,
      ratio(rounds[0], rounds[i + 1], speed),
      ratio(rounds[i + 1], rounds[0], cost),
      target?.toFixed(2) ?? "",
    ]),
  ]);
}

/** `samples` of each Worker in the order they ran: milliseconds, `{ start, first, second }`. */
export function reportCold(workers, samples) {
  const base = samples[workers.findIndex(({ name }) => name === BASE)];
  const whole = ({ start, first }) => start + first;
  print([
    ["milliseconds", "to the first response", `beyond ${BASE}`, "first request", "second request"],
    ...workers.map(({ name }, i) => [
      name,
      shown(median(samples[i].map(whole)), 0),
      shown(median(samples[i].map((sample, j) => whole(sample) - whole(base[j]))), 0),
      shown(median(samples[i].map(({ first }) => first)), 1),
      shown(median(samples[i].map(({ second }) => second)), 1),
    ]),
  ]);
}

/** The Worker with nothing of its own to load. */
const BASE = "bare JavaScript";

function row(name, rounds) {
  const latencies = rounds.flatMap(({ latencies }) => [...latencies]).sort((a, b) => a - b);
  const quantile = (q) => latencies[Math.min(latencies.length - 1, Math.floor(q * latencies.length))];
  return [
    name,
    Math.round(median(rounds.map(speed))).toString(),
    quantile(0.5).toFixed(2),
    quantile(0.99).toFixed(2),
    shown(median(rounds.map(cost)), 0),
  ];
}

const speed = ({ latencies, seconds }) => latencies.length / seconds;
const cost = ({ latencies, cpu }) => cpu / latencies.length;

/** The median of each round's own ratio: two Workers of one round saw about the same noise. */
function ratio(of, to, measure) {
  return shown(median(of.map((round, i) => measure(round) / measure(to[i]))), 2);
}

const shown = (number, digits) => (Number.isNaN(number) ? "–" : number.toFixed(digits));

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
}

/** Prints a table. */
export function print(lines) {
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  const pad = (cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]));
  for (const line of lines) console.log(`  ${line.map(pad).join("   ")}`.trimEnd());
}
