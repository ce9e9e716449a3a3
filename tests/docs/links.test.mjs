/** Links of the documents lead to a file and a heading of the project; mentions of documents, too. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, test } from "node:test";
import { ROOT, documents, files, read } from "./lib.mjs";

const withoutFences = (text) => text.replaceAll(/^```[^]*?^```/gm, "");
const withoutCode = (text) => withoutFences(text).replaceAll(/`[^`\n]*`/g, "");

/** Where the links of a document point to, those to the web left out. */
function targets(path) {
  const links = [...withoutCode(read(path)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
  return links.filter((target) => !/^(https?|mailto):/.test(target));
}

/** The anchors of a document, as GitHub makes them of its headings. */
function anchors(path) {
  const seen = new Map();
  const headings = [...withoutFences(read(path)).matchAll(/^#+ +(.+)$/gm)].map(([, heading]) => heading);
  return headings.map((heading) => {
    const text = heading.replaceAll(/\]\([^)]*\)/g, "").toLowerCase();
    const anchor = text
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replaceAll(/\s/g, "-");
    const before = seen.get(anchor) ?? 0;
    seen.set(anchor, before + 1);
    return before ? `${anchor}-${before}` : anchor;
  });
}

for (const path of documents()) {
  describe(path, () => {
    for (const target of new Set(targets(path))) {
      test(`leads to ${target}`, () => {
        const [file, anchor] = target.split("#");
        const found = file ? normalize(join(dirname(path), file)) : path;
        assert.ok(!found.startsWith(".."), "the link leads out of the project");
        assert.ok(existsSync(join(ROOT, found)), `there is no ${found}`);
        if (anchor) assert.ok(anchors(found).includes(anchor), `${found} has no heading #${anchor}`);
      });
    }
  });
}

test("a document that a file mentions is there", () => {
  const missing = files()
    .filter((path) => /\.(rs|mjs|toml|py|vars|html|md)$|^\.ci\//.test(path) && !path.startsWith("tests/docs/"))
    .flatMap((path) => [...read(path).matchAll(/\bdocs\/[\w-]+\.md\b/g)].map(([mention]) => ({ path, mention })))
    // From the root, or from the folder of the file, as in the package for Django.
    .filter(({ path, mention }) => ![".", dirname(path)].some((folder) => existsSync(join(ROOT, folder, mention))));
  assert.deepEqual(missing, []);
});

test("every document is linked from another", () => {
  const linked = new Set(
    documents().flatMap((path) => targets(path).map((target) => normalize(join(dirname(path), target.split("#")[0])))),
  );
  assert.deepEqual(
    documents().filter((path) => path.startsWith("docs/") && !linked.has(path)),
    [],
  );
});
