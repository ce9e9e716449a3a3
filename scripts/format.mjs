// npm run format: writes the Rust, the JavaScript and the Python in the form that `.ci/run` asks for.
import { all, FORMATTERS } from "./lib/checkers.mjs";
import { command } from "./lib/command.mjs";
import { requireCargo } from "./lib/rust.mjs";
import { setUpCheckers } from "./lib/setup.mjs";

command(async () => {
  requireCargo();
  await setUpCheckers();
  return (await all(FORMATTERS)) ? 0 : 1;
});
