/** The recipes in the documentation are what the sites of these tests really use. */

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const SITES = new URL("./", import.meta.url);
const LONGEST = 40;
/** Sections that no site of these tests belongs to. */
const WITHOUT_SITE = ["In all of them", "Rails"];

const text = readFileSync(new URL("../../docs/recipes.md", SITES), "utf8");
const [, ...recipes] = text.split(/^## /m);

for (const recipe of recipes) {
  const [title, ...lines] = recipe.trim().split("\n");
  const name = title.toLowerCase().split(/\W/)[0];
  if (WITHOUT_SITE.includes(title)) continue;

  test(`the recipe for ${title} is short`, () => {
    const counted = lines.filter((line) => line.trim() && !line.startsWith("```"));
    assert.ok(counted.length <= LONGEST, `${counted.length} lines`);
  });

  test(`the recipe for ${title} is in use`, () => {
    const used = sources(new URL(`${name}/`, SITES));
    for (const line of code(lines)) assert.ok(used.includes(line), `no file of the site has: ${line}`);
  });
}

/** The lines of code blocks, but for their comments. */
function code(lines) {
  let inside = false;
  return lines
    .filter((line) => {
      if (line.startsWith("```")) inside = !inside;
      return inside && !/^(```|\s*(#|\/\/)|\s*$)/.test(line);
    })
    .map((line) => line.trim());
}

function sources(folder) {
  const files = readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile());
  return files.map(({ parentPath, name }) => readFileSync(`${parentPath}/${name}`, "utf8")).join("\n");
}
