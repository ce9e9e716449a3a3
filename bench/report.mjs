// What was measured, as a table to read.

/** Of the target in `npm run bench`: hits a second, edge-isr's to the bare Rust Worker's. */
export const TARGET = 0.9;

/** `rounds` of each Worker in the order they ran: `{ latencies, seconds, cpu }`. */
export function report(names, rounds) {
  const rows = names.map((name, i) => row(name, rounds[i]));
  print([["", "hits/s", "p50 ms", "p99 ms", "CPU µs per hit"], ...rows]);
  console.log();
  const [own, ...others] = names;
  print([
    [`${own} to`, "hits/s", "CPU", "target"],
    ...others.map((name, i) => [
      name,
      ratio(rounds[0], rounds[i + 1], speed),
      ratio(rounds[i + 1], rounds[0], cost),
      i === 0 ? TARGET.toFixed(2) : "",
    ]),
  ]);
}

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

function print(lines) {
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  const pad = (cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]));
  for (const line of lines) console.log(`  ${line.map(pad).join("   ")}`.trimEnd());
}
