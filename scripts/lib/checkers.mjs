// What checks and formats each language.
import { join } from "node:path";
import { start } from "./child.mjs";
import { at, BIN, ROOT } from "./paths.mjs";
import { checker, DJANGO_PACKAGE } from "./python.mjs";
import { rustEnv } from "./rust.mjs";

const BIOME = join(BIN, "biome");
const SCHEMATA = at("tests", "mutants", "schemata", "Cargo.toml");

export const LINTS = {
  javascript: [[BIOME, ["check", "--error-on-warnings", ROOT]]],
  python: [
    [checker("ruff"), ["format", "--check", ROOT]],
    [checker("ruff"), ["check", ROOT]],
    [checker("mypy"), [], { cwd: DJANGO_PACKAGE }],
  ],
};

export const FORMATTERS = [
  ["cargo", ["fmt"]],
  ["cargo", ["fmt", "--manifest-path", SCHEMATA]],
  [BIOME, ["check", "--write", "--error-on-warnings", ROOT]],
  [checker("ruff"), ["check", "--fix", ROOT]],
  [checker("ruff"), ["format", ROOT]],
];

/** Runs each of `programs`, though one fails, with its output where ours is. Whether all went well. */
export async function all(programs) {
  let well = true;
  for (const [program, args, where] of programs) {
    const { code } = await start(program, args, { env: rustEnv(), show: true, ...where }).ended;
    well &&= code === 0;
  }
  return well;
}
