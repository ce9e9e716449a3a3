/** `docs/cache-status.md` explains every word that `Cache-Status` can say, and no other. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { codes, read, source, tables } from "./lib.mjs";

const code = source();
const text = read("docs/cache-status.md");

/** The first cells of the tables that begin with `head`. */
const listed = (head) =>
  tables(text)
    .filter((table) => table.head[0] === head)
    .flatMap(({ rows }) => rows)
    .flatMap(([first]) => codes(first));

/** What the function `as_str` of an enum can say; nothing where there is no such enum. */
function sayings(name) {
  const blocks = [...code.matchAll(new RegExp(`^impl ${name} \\{([^]*?)^\\}`, "gm"))];
  const bodies = blocks.map(([, block]) => block.match(/fn as_str\([^]*?\{([^]*?)\n {4}\}/)?.[1] ?? "");
  return literals(bodies.join("\n"));
}

const literals = (text) => [...text.matchAll(/"([a-z-]+)"/g)].map(([, word]) => word);

/** Every word of `detail`: those of the enum, or, without one, of each place that sets a detail. */
function details() {
  const words = sayings("Detail");
  if (words.length > 0) return new Set(words);
  const enums = ["Bypass", "Refusal", "NotShared", "Cause"].flatMap(sayings);
  const places = [
    /\.?\bdetail\(\s*"([a-z-]+)"/g,
    /\bdetail(?:\.set\(| = |: )Some\("([a-z-]+)"\)/g,
    /Verdict::Discard \{\s*detail: "([a-z-]+)"/g,
    /^const UNAVAILABLE: &str = "([a-z-]+)"/gm,
    /\bown\([^]*?, "([a-z-]+)"\)/g,
    /^ {4}"([a-z-]+)"\n\}/gm,
  ].flatMap((pattern) => [...code.matchAll(pattern)].map(([, word]) => word));
  return new Set([...enums, ...places]);
}

describe("docs/cache-status.md", () => {
  test("explains every word of detail, and no other", () => {
    assert.ok(details().size > 20, "the patterns find the words in the source");
    assert.deepEqual([...new Set(listed("`detail`"))].sort(), [...details()].sort());
  });

  test("explains every reason to forward, and no other", () => {
    assert.deepEqual(listed("`fwd`").sort(), sayings("Forward").sort());
  });

  test("explains every parameter, and no other", () => {
    const [, display] = code.match(/^impl fmt::Display for CacheStatus \{([^]*?)^\}/m);
    const parameters = [...display.matchAll(/"; ([a-z-]+)/g)].map(([, name]) => name);
    assert.deepEqual(listed("parameter").sort(), parameters.sort());
  });
});
