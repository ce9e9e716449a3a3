/** package-lock.json: what it says holds on every platform. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { at } from "../../scripts/lib/paths.mjs";

const { "": own, ...packages } = JSON.parse(readFileSync(at("package-lock.json"), "utf8")).packages;

test("each package has an integrity, those of other platforms too", () => {
  const without = Object.entries(packages).filter(([, { integrity }]) => !integrity);
  assert.deepEqual(
    without.map(([path]) => path),
    [],
  );
});

for (const [os, cpu] of [
  ["linux", "x64"],
  ["linux", "arm64"],
  ["darwin", "x64"],
  ["darwin", "arm64"],
  ["win32", "x64"],
]) {
  test(`the runtime and Node.js are there for ${os}, ${cpu}`, () => {
    const fit = Object.keys(packages).filter((path) => packages[path].os?.includes(os) && packages[path].cpu?.includes(cpu));
    assert.ok(
      fit.some((path) => /\/workerd-/.test(path)),
      fit.join(),
    );
    assert.ok(
      fit.some((path) => /\/node-/.test(path)),
      fit.join(),
    );
  });
}

test("the tests run on the runtime that wrangler brings", () => {
  assert.equal(packages["node_modules/miniflare"].version, own.devDependencies.miniflare);
  assert.equal(packages["node_modules/wrangler"].dependencies.miniflare, own.devDependencies.miniflare);
});
