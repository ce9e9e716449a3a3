/** Each with its place, beginning with another one each round: who comes after whom may matter. */
export function inTurn(workers, round) {
  const entries = [...workers.entries()];
  const first = round % entries.length;
  return [...entries.slice(first), ...entries.slice(0, first)];
}
