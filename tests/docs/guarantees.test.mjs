/** `docs/guarantees.md` lists every mistake that the histories must catch, with its limit. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { VARIANTS } from "../broken/variants.mjs";
import { read, tables } from "./lib.mjs";

test("docs/guarantees.md lists the broken variants", () => {
  const [table] = tables(read("docs/guarantees.md")).filter(({ head }) => head[0] === "mistake");
  const limit = (within) => (within ? within.toLocaleString("en") : "a test of its own");
  const expected = VARIANTS.map(({ name, within }) => [name, limit(within)]);
  assert.deepEqual(table.rows, expected);
});
