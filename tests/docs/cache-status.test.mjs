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

/** Every word of `detail`. */
const details = () => new Set(sayings("Detail"));

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
