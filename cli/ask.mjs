// Questions on the terminal, for what the command line does not say.
import { createInterface } from "node:readline";
import { Failure } from "../scripts/lib/failure.mjs";

/**
 * The value of each question: as `given`, or as it is answered. A question's `parse` makes the value
 * of a text, or throws a `Failure`. A wrong flag ends the command; a wrong answer is asked for again.
 * `call` is the command line that needs no questions.
 */
export async function answersTo(questions, given, call) {
  const values = {};
  // All flags first, so that no question is asked in vain.
  for (const [name, { parse }] of Object.entries(questions)) if (given[name] !== undefined) values[name] = parse(given[name]);
  const open = Object.entries(questions).filter(([name]) => !(name in values));
  if (open.length === 0) return values;
  // Not as a terminal: a Ctrl-C then ends the command as it does everywhere.
  const input = createInterface({ input: process.stdin, terminal: false });
  const lines = input[Symbol.asyncIterator]();
  for (const [name, question] of open) values[name] = await answerTo(question, lines, call);
  input.close();
  return values;
}

async function answerTo({ ask, parse }, lines, call) {
  for (;;) {
    process.stdout.write(ask);
    const { value, done } = await lines.next();
    if (done) throw new Failure(`that was no answer; everything at once is: ${call}`);
    try {
      return parse(value.trim());
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      error.print();
    }
  }
}
