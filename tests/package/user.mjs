/** A user of the package: a machine with Node.js and npm, and no Rust. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, symlinkSync } from "node:fs";
import { delimiter, join } from "node:path";
import { ROOT, executable, pathOfTheMachine } from "../../scripts/lib/paths.mjs";
import { temporaryFolder } from "../sites/lib/folder.mjs";

const PROGRAMS = ["node", "npm", "npx", "sh"];
const PATIENCE_MS = 600_000;

/** The environment of a user, whose PATH is `bin` alone. It is filled with what there is on this machine. */
export function userEnv(bin) {
  for (const name of PROGRAMS) {
    const home = pathOfTheMachine()
      .split(delimiter)
      .find((folder) => executable(join(folder, name)));
    symlinkSync(join(home, name), join(bin, name));
  }
  return { ...withoutNpm(), PATH: bin, CARGO_HOME: undefined };
}

/** Runs a program to its end, with `input` to read. Gives its exit code and all that it wrote. */
export function asUser(env, cwd, program, args, input = "") {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd,
    env: { ...process.env, ...env },
    input,
    encoding: "utf8",
    timeout: PATIENCE_MS,
  });
  const output = `${stdout}${stderr}${error ?? ""}`;
  return {
    code: status,
    output,
    succeeds() {
      assert.equal(status, 0, `${program} ${args.join(" ")}: ${output}`);
      return this;
    },
  };
}

/** `npm pack`, with all that it prints. */
export async function packed() {
  const place = await temporaryFolder("packed");
  const env = { ...withoutNpm(), PATH: pathOfTheMachine() };
  const { output } = asUser(env, ROOT, "npm", ["pack", "--pack-destination", place]).succeeds();
  const [name] = readdirSync(place);
  return { tarball: join(place, name), printed: output };
}

/** What an `npm run` leaves to what it starts is taken out. */
const withoutNpm = () =>
  Object.fromEntries(
    Object.keys(process.env)
      .filter((name) => /^npm_/i.test(name))
      .map((name) => [name, undefined]),
  );
