/** The documents are plain English: what a program can check of the rule in `docs/contributing.md`. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { documents, read } from "./lib.mjs";

const WORDS_MOST = 25;
const README_LINES_MOST = 130;
const NAMELESS = /\b(who|whom|whoever|somebody|someone|anybody|anyone|nobody|everybody|everyone)\b/i;

/** What a document says, without code: a paragraph, a heading, a list item or a cell each. */
function passages(text) {
  const found = [];
  let open = false;
  const add = (line) => (open ? (found[found.length - 1] += ` ${line.trim()}`) : found.push(line.trim()));
  for (const line of withoutCode(text)) {
    const starts = /^(\s*([-*]|\d+\.)\s|#|\|)/.test(line);
    if (starts || line.trim() === "") open = false;
    if (line.trim() === "") continue;
    if (line.startsWith("|")) found.push(...line.split("|").map((cell) => cell.trim()));
    else add(line.replace(/^\s*([-*]|\d+\.|#+)\s+/, ""));
    open = !/^[#|]/.test(line);
  }
  return found.map(plain).filter(Boolean);
}

/** The lines that are neither fenced nor indented code. */
function withoutCode(text) {
  let fenced = false;
  let before = "";
  return text.split("\n").filter((line) => {
    if (line.startsWith("```")) {
      fenced = !fenced;
      return false;
    }
    const indented = /^ {4}/.test(line) && (before.trim() === "" || /^ {4}/.test(before));
    before = line;
    return !fenced && !indented;
  });
}

/** Code is one word, a link its text, and a quotation nothing. */
function plain(passage) {
  return passage
    .replaceAll(/`[^`]*`/g, "code")
    .replaceAll(/“[^”]*”/g, "quotation")
    .replaceAll(/\]\([^)]*\)/g, "")
    .replaceAll(/<[^>]+>/g, " ")
    .replaceAll(/\*who\*, \*somebody\* or \*one\*/g, "")
    .replaceAll(/[[\]*]/g, "")
    .trim();
}

const sentences = (passage) => passage.split(/(?<=[.!?][)"’]?)\s+(?=\S)/);
const words = (sentence) => sentence.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word));

for (const path of documents()) {
  describe(path, () => {
    const said = passages(read(path)).flatMap(sentences);

    test(`has no sentence of more than ${WORDS_MOST} words`, () => {
      const long = said.filter((sentence) => words(sentence).length > WORDS_MOST);
      assert.deepEqual(
        long.map((sentence) => `${words(sentence).length}: ${sentence}`),
        [],
      );
    });

    test("names its subjects", () =>
      assert.deepEqual(
        said.filter((sentence) => NAMELESS.test(sentence)),
        [],
      ));
  });
}

test(`the README has at most ${README_LINES_MOST} lines`, () => {
  assert.ok(read("README.md").trimEnd().split("\n").length <= README_LINES_MOST);
});
