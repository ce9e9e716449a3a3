// npm run lint: the form and the likely mistakes of the JavaScript and the Python.
// `npm run lint -- python` looks at one of the two. What has a remedy is mended by `npm run format`.
import { all, LINTS } from "./lib/checkers.mjs";
import { command } from "./lib/command.mjs";
import { Failure } from "./lib/failure.mjs";
import { setUpCheckers } from "./lib/setup.mjs";

command(async (languages) => {
  const unknown = languages.find((language) => !LINTS[language]);
  if (unknown) throw new Failure(`“${unknown}” is not looked at: it is one of ${Object.keys(LINTS).join(", ")}.`);
  await setUpCheckers();
  const wanted = languages.length ? languages : Object.keys(LINTS);
  return (await all(wanted.flatMap((language) => LINTS[language]))) ? 0 : 1;
});
