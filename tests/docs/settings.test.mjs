/** `docs/settings.md` names the settings that the code reads, with their defaults and limits. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { codes, read, source, tables } from "./lib.mjs";

const SECONDS = { DAY: 24 * 60 * 60, YEAR: 365 * 24 * 60 * 60 };
const code = source();
const text = read("docs/settings.md");
const rows = tables(text)
  .filter(({ head }) => head[0] === "setting")
  .flatMap(({ rows }) => rows);
const documented = new Map(rows.map(([name, meaning, preset]) => [codes(name)[0], { meaning, preset }]));

const all = (pattern) => [...code.matchAll(pattern)];
const amount = (text) => SECONDS[text] ?? Number(text.replaceAll("_", ""));

/** The names that the code reads: by a reader of one kind, of `raw` itself, or by a constant. */
function names() {
  const patterns = [
    /\braw\(\s*"([A-Z_]+)"/g,
    /\b(?:number|seconds|flag)\(\s*"([A-Z_]+)"/g,
    /\(\s*raw,\s*"([A-Z_]+)"/g,
    /const ([A-Z_]+): &str = "\1"/g,
  ];
  return new Set(patterns.flatMap(all).map(([, name]) => name));
}

describe("docs/settings.md", () => {
  test("names every setting that the code reads, and no other", () => {
    assert.ok(names().size > 20, "the patterns find the settings in the source");
    assert.deepEqual([...documented.keys()].sort(), [...names()].sort());
  });

  test("names each setting once", () => assert.equal(rows.length, documented.size));

  for (const [, name, preset, least, most] of all(
    /\b(?:number|seconds)\(\s*(?:raw,\s*)?"([A-Z_]+)",\s*(\w+),\s*(\w+),\s*(\w+)\s*\)/g,
  )) {
    test(`gives the default and the limits of ${name}`, () => {
      const row = documented.get(name);
      assert.equal(row.preset, String(amount(preset)));
      // A receipt is kept for a minute at least, or not at all.
      const limits = name === "RECEIPT_LIFE" ? `60 to ${amount(most)}` : `${amount(least)} to ${amount(most)}`;
      assert.ok(row.meaning.includes(limits), `“${row.meaning}” has no “${limits}”`);
    });
  }

  for (const [, name] of all(/\bflag\(\s*(?:raw,\s*)?"([A-Z_]+)"\s*\)/g)) {
    test(`says that ${name} is off by default`, () => {
      assert.equal(documented.get(name).preset, "`false`");
      assert.match(documented.get(name).meaning, /^`true`: /);
    });
  }

  for (const [, name, list] of all(/\bone_of\(\s*raw,\s*"([A-Z_]+)",\s*&\[([^\]]*)\]/g)) {
    test(`gives the words of ${name}, and which is the default`, () => {
      const words = [...list.matchAll(/"([a-z]+)"/g)].map(([, word]) => word);
      assert.equal(documented.get(name).preset, `\`${words[0]}\``);
      for (const word of words) assert.ok(documented.get(name).meaning.includes(`\`${word}\``), word);
    });
  }

  for (const [, name] of all(/\b(?:tokens|optional_secret)\(\s*raw,\s*"([A-Z_]+)"\s*\)/g)) {
    test(`says that ${name} is a secret`, () => assert.match(documented.get(name).meaning, /^Secret\. /));
  }

  for (const [name, list] of [
    ["LOGIN_COOKIES", "LOGINS"],
    ["IGNORE_COOKIES", "IGNORED"],
  ]) {
    test(`lists the default of ${name}`, () => {
      const [, body] = code.match(new RegExp(`const ${list}: &\\[&str\\] = &\\[([^\\]]*)\\]`));
      const preset = [...body.matchAll(/"([^"]+)"/g)].map(([, cookie]) => cookie);
      const [, section] = text.split(`\n## ${name}\n`);
      const listed = tables(section)[0].rows.flatMap(([, cookies]) => codes(cookies));
      assert.deepEqual(listed.sort(), preset.sort());
    });
  }
});
