/** What the scripts do with rules: nothing wrong is deployed or built in. The program itself: tests/command. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { builtInRules, checkedWith } from "../../scripts/lib/rules.mjs";

const DEPLOY = fileURLToPath(new URL("../../scripts/deploy.mjs", import.meta.url));

/** Calls `run` with a folder that has these files, by their names. */
function withFolder(files, run) {
  const folder = mkdtempSync(join(tmpdir(), "edge-isr-rules-"));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("npm run deploy", () => {
  test("stops at rules that are wrong, before anything is built", () =>
    withFolder({ "wrangler.toml": '[[vars.RULES]]\ncache = "forced"\n' }, (folder) => {
      // Were they not refused, wrangler would still deploy nothing.
      const args = [DEPLOY, "--dry-run", "--config", join(folder, "wrangler.toml")];
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
      assert.equal(status, 1);
      assert.match(stderr, /wrangler\.toml: rule 1: cache is none of/);
      assert.doesNotMatch(stdout, /building the Worker|installing/);
    }));

  test("checks the file and the environment that wrangler deploys", () => {
    const checked = (given, env = {}) => checkedWith(given, env);
    assert.deepEqual(checked(["--dry-run"]), []);
    assert.deepEqual(checked(["-c", "a.toml", "--env=live"]), ["--config", "a.toml", "--env", "live"]);
    assert.deepEqual(checked(["-e", "live"], { CLOUDFLARE_ENV: "test" }), ["--env", "live"]);
    assert.deepEqual(checked([], { CLOUDFLARE_ENV: "test" }), ["--env", "test"]);
    assert.deepEqual(checked(["--env="], { CLOUDFLARE_ENV: "test" }), [], "an empty name is no environment");
  });
});

describe("rules.toml", () => {
  test("is built in as JSON, also for a folder without the program", () =>
    withFolder({ "rules.toml": '[[rules]]\npath = "/**"\ncache = "forever"\n' }, (folder) => {
      assert.deepEqual(JSON.parse(builtInRules(folder).EDGE_ISR_RULES), [{ path: "/**", cache: "forever" }]);
    }));

  test("is not built in if it is wrong", () =>
    withFolder({ "rules.toml": "[[rules]]\nttl = -1\n" }, (folder) => {
      assert.throws(
        () => builtInRules(folder),
        ({ message, lines }) => {
          assert.equal(message, "rules.toml cannot be built into the Worker.");
          assert.match(lines[0], /^rules\.toml: rule 1: ttl is not /);
          return true;
        },
      );
    }));

  test("that is not there builds in nothing, whatever the shell's environment has", () =>
    withFolder({}, (folder) => {
      const env = { EDGE_ISR_RULES: "[]", ...builtInRules(folder) };
      const print = ["-p", "process.env.EDGE_ISR_RULES"];
      const { stdout } = spawnSync(process.execPath, print, { env, encoding: "utf8" });
      assert.equal(stdout.trim(), "undefined");
    }));
});
