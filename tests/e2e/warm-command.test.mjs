/** `npm run warm`, against the real Worker. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startEdge, startOrigin } from "./harness.mjs";
import { TOKEN } from "./purge.mjs";

const SCRIPT = fileURLToPath(new URL("../../scripts/warm.mjs", import.meta.url));
const PAGE = { body: "bread", headers: { "cache-control": "s-maxage=600", "cache-tag": "bread" } };

describe("npm run warm", () => {
  let origin, edge, folder;

  before(async () => {
    origin = await startOrigin();
    edge = await startEdge({ coordinator: true, vars: { ORIGIN: origin.url, PURGE_TOKENS: TOKEN, WARM_PER_SECOND: 100 } });
    folder = await mkdtemp(join(tmpdir(), "edge-isr-warm-"));
  });
  after(async () => {
    await edge.close();
    await rm(folder, { recursive: true });
  });

  /** Runs the command in a folder of its own. */
  function warm(args, token = TOKEN) {
    const { EDGE_ISR_TOKEN: _, npm_lifecycle_event: __, ...env } = process.env;
    if (token) env.EDGE_ISR_TOKEN = token;
    return new Promise((resolve) => {
      execFile(process.execPath, [SCRIPT, ...args], { cwd: folder, env, timeout: 60_000 }, (error, stdout, stderr) => {
        resolve({ code: error ? error.code : 0, stdout, stderr });
      });
    });
  }

  test("warms pages, shows how it went, and ends with 0", async () => {
    origin.on("/a", PAGE);
    origin.on("/b", PAGE);
    const { code, stdout } = await warm(["--at", edge.url, "--url", "/a", "--url", `${edge.url}/b`]);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /2 of 2 pages, 2 stored/);
  });

  test("needs no --at where the URLs are absolute, and no wait where none is wanted", async () => {
    const { code, stdout } = await warm(["--url", `${edge.url}/a`, "--no-wait"]);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /how it goes on: .*\/edge-isr\/jobs\/[0-9a-f]{32}/);
  });

  test("ends with 1 and the reasons where pages are not warm", async () => {
    origin.on("/mine", { body: "mine", headers: { "cache-control": "private" } });
    const { code, stdout } = await warm(["--at", edge.url, "--url", "/mine"]);
    assert.equal(code, 1);
    assert.match(stdout, /1 uncacheable/);
    assert.match(stdout, /\/mine: private/);
  });

  test("warms what the durable tier has, and says what is missing without it", async () => {
    const { code, stderr } = await warm(["--at", edge.url, "--prefix", "/a", "--host", "www.example.com", "--everything"]);
    assert.equal(code, 1);
    assert.match(stderr, /422.*bind PAGES/);
    const vars = { ORIGIN: origin.url, PURGE_TOKENS: TOKEN, WARM_PER_SECOND: 100 };
    const tiered = await startEdge({ coordinator: true, pages: true, vars });
    origin.on("/a", PAGE);
    assert.equal((await warm(["--at", tiered.url, "--url", "/a"])).code, 0);
    const all = await warm(["--at", tiered.url, "--everything"]);
    assert.match(all.stdout, /1 of 1 pages/, all.stderr);
    assert.equal(all.code, 0);
    await tiered.close();
  });

  test("takes the token of .dev.vars", async () => {
    await writeFile(join(folder, ".dev.vars"), `# secrets\nPURGE_TOKENS="${TOKEN}, another-token-of-mine"\n`);
    const { code, stderr } = await warm(["--at", edge.url, "--url", "/a"], null);
    assert.equal(code, 0, stderr);
    await writeFile(join(folder, ".dev.vars"), "");
  });

  const REFUSED = [
    ["nothing named", () => ["--at", edge.url], /nothing is named: give --url, --tag, --sitemap/],
    ["an unknown flag", () => ["--sitemaps", "/s.xml"], /Unknown option '--sitemaps'/],
    ["no site", () => ["--url", "/a"], /“\/a” is no absolute URL: say where the site is/],
    ["two sites", () => ["--url", `${edge.url}/a`, "--url", "https://other.test/"], /say where the site is/],
    [
      "a wrong control prefix",
      () => ["--at", edge.url, "--url", "/a", "--control-prefix", "/elsewhere"],
      /is no route of edge-isr/,
    ],
    ["a site that is down", () => ["--at", "http://127.0.0.1:9", "--tag", "a"], /gives no answer .*is --at right/],
    ["nothing that can be warmed", () => ["--at", edge.url, "--url", "https://other.test/"], /422.*other\.test/],
  ];
  for (const [what, args, says] of REFUSED) {
    test(`refuses ${what}, and says what to change`, async () => {
      const { code, stderr } = await warm(args());
      assert.equal(code, 1);
      assert.match(stderr, says);
    });
  }

  test("says which token is wrong, and which is missing", async () => {
    assert.match((await warm(["--at", edge.url, "--tag", "a"], "a-token-of-nobody-at-all")).stderr, /set EDGE_ISR_TOKEN to one/);
    assert.match((await warm(["--at", edge.url, "--tag", "a"], null)).stderr, /no token: set EDGE_ISR_TOKEN/);
  });
});
