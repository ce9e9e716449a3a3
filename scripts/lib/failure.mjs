/** What stops a command: one sentence for the reader, and the last output lines of what failed. */
export class Failure extends Error {
  constructor(sentence, lines = []) {
    super(sentence);
    this.lines = lines;
  }

  print() {
    this.printLines();
    console.error(`edge-isr: ${this.message}`);
  }

  printLines() {
    for (const line of this.lines) console.error(`  | ${line}`);
  }
}
