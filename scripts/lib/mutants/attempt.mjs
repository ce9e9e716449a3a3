// Each mutant against the tests that reach it, the likeliest to fail and the fastest first.
import { each, runTests } from "./process.mjs";

// A process may take this long beyond what its tests need, on a machine that has other work too.
const LIMIT_MS = 15_000;
const TIMES_SLOWER = 10;
/** The first process runs tests of 30 ms in total, each later one five times as much. */
const FIRST_MS = 30;
const TIMES_MORE = 5;
const BEAT_MS = 60_000;

/** What became of each mutant: `by` is the test that it fails, or how else it ended. */
export async function attempts(mutants, tests) {
  const killers = new Map();
  let [done, alive] = [0, 0];
  const began = Date.now();
  const told = () => console.log(`edge-isr: … ${done} of ${mutants.length} mutants, ${alive} live, ${minutes(began)}`);
  const beat = setInterval(told, BEAT_MS);
  const results = await each(mutants, async (mutant) => {
    const near = killers.get(place(mutant)) ?? new Map();
    killers.set(place(mutant), near);
    const by = await attempt(mutant, ordered(tests, mutant, near));
    if (by) near.set(by, (near.get(by) ?? 0) + 1);
    done += 1;
    alive += by ? 0 : 1;
    return { ...mutant, by };
  });
  clearInterval(beat);
  told();
  return results;
}

const minutes = (began) => `${((Date.now() - began) / 60_000).toFixed(1)} min`;

/** Mutants of one function mostly fail the same tests. */
const place = ({ file, name }) => `${file} ${name.split(": ")[0]}`;

function ordered(tests, { id }, near) {
  const reaching = tests.filter(({ reached }) => reached.has(id));
  const known = (test) => near.get(test.name) ?? 0;
  return reaching.sort((a, b) => known(b) - known(a) || a.ms - b.ms);
}

async function attempt({ id }, tests) {
  for (const { program, names, ms } of batches(tests)) {
    const limitMs = LIMIT_MS + TIMES_SLOWER * ms;
    const { failed } = await runTests(program, names, { env: { MUTANT: String(id) }, limitMs });
    if (failed) return failed;
  }
}

/** Tests by processes. Most mutants die in the first, so it is short. */
function* batches(tests) {
  let most = FIRST_MS;
  for (let rest = tests; rest.length; most *= TIMES_MORE) {
    let [count, ms] = [0, 0];
    while (count < rest.length && (count === 0 || ms + rest[count].ms <= most)) ms += rest[count++].ms;
    const batch = rest.slice(0, count);
    for (const program of new Set(batch.map(({ program }) => program))) {
      yield { program, names: batch.filter((test) => test.program === program).map(({ name }) => name), ms };
    }
    rest = rest.slice(count);
  }
}
