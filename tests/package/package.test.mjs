/** The npm package as its user has it: in an empty folder, without Rust. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, relative } from "node:path";
import { before, describe, test } from "node:test";
import { CARGO_HOME, ROOT, at } from "../../scripts/lib/paths.mjs";
import { BUILT, SOURCES, compile } from "../../scripts/lib/worker.mjs";
import { cacheStatus, eventually } from "../e2e/harness.mjs";
import { bearer } from "../e2e/purge.mjs";
import { temporaryFolder } from "../sites/lib/folder.mjs";
import { startProgram } from "../sites/lib/program.mjs";
import { asUser, packed, userEnv } from "./user.mjs";
import { startNews } from "./news.mjs";

const FLAGS = ["--host", "www.example.com", "--origin", "https://origin.example.com"];

let tarball, printed, folder, env;

before(async () => {
  env = userEnv(await temporaryFolder("programs"));
  ({ tarball, printed } = await packed());
  folder = await temporaryFolder("empty");
  asUser(env, folder, "npm", ["install", tarball, "--no-audit", "--no-fund"]).succeeds();
});

const inPackage = (...parts) => join(folder, "node_modules", "edge-isr", ...parts);
const edgeIsr = (cwd, args, input) => asUser(env, cwd, "node", [inPackage("cli", "main.mjs"), ...args], input);

/** A folder below that of the package: empty, and with node_modules above it. */
function emptyFolder(name) {
  mkdirSync(join(folder, name));
  return join(folder, name);
}

describe("the package", () => {
  test("installs where there is no cargo", () => {
    assert.equal(asUser(env, folder, "sh", ["-c", "command -v cargo rustc rustup"]).output, "");
  });

  test("holds the built Worker, whose digests are printed when it is packed", () => {
    for (const name of BUILT) assert.ok(printed.includes(`${sha256(inPackage("build", name))}  build/${name}`), printed);
  });

  test("holds what a user reads, and no source", () => {
    const names = filesOf(inPackage()).map((path) => relative(inPackage(), path).split("/")[0]);
    const wanted = ["CHANGELOG.md", "LICENSE", "README.md", "build", "cli", "docs", "package.json", "scripts"];
    assert.deepEqual([...new Set(names)].sort(), wanted);
  });

  test("names no folder of the machine that it was built on", () => {
    for (const path of filesOf(inPackage())) {
      const text = readFileSync(path, "latin1");
      for (const place of [ROOT, CARGO_HOME, `${homedir()}/`, "/.rustup/"]) {
        assert.ok(!text.includes(place), `${path} contains ${place}`);
      }
    }
  });

  test("is packed twice to the same bytes", async () => {
    assert.equal(sha256((await packed()).tarball), sha256(tarball));
  });

  test("holds what a clean build in another folder makes, byte for byte", async () => {
    const other = await temporaryFolder("build");
    for (const name of SOURCES.filter((name) => existsSync(at(name)))) cpSync(at(name), join(other, name), { recursive: true });
    await compile(other, { ...process.env, CARGO_TARGET_DIR: join(other, "elsewhere") });
    for (const name of BUILT) assert.equal(sha256(join(other, "build", name)), sha256(inPackage("build", name)), name);
  });
});

describe("npx edge-isr init", () => {
  test("writes twenty lines of wrangler.toml, with what this repository's own has", async () => {
    const place = emptyFolder("twenty");
    edgeIsr(place, ["init", ...FLAGS]).succeeds();
    const toml = readFileSync(join(place, "wrangler.toml"), "utf8");
    assert.equal(toml.trimEnd().split("\n").length, 20);
    assert.match(toml, /^ORIGIN = "https:\/\/origin\.example\.com"$/m);
    assert.match(toml, /^routes = \["www\.example\.com\/\*"\]$/m);
    assert.match(toml, /^main = "\.\.\/node_modules\/edge-isr\/build\/index\.js"$/m);
    const [date] = readFileSync(at("wrangler.toml"), "utf8").match(/^compatibility_date = .*$/m);
    assert.ok(toml.includes(date), `not ${date}`);
  });

  test("makes a token that only its owner can read, says where it goes, and keeps it out of git", () => {
    const place = emptyFolder("token");
    writeFileSync(join(place, ".gitignore"), "/node_modules/");
    const { output } = edgeIsr(place, ["init", ...FLAGS]).succeeds();
    const token = tokenOf(place);
    assert.match(token, /^[0-9a-f]{64}$/);
    assert.equal(statSync(join(place, ".dev.vars")).mode & 0o777, 0o600);
    assert.ok(output.includes(token));
    assert.match(output, /npx wrangler secret put PURGE_TOKENS/);
    assert.equal(readFileSync(join(place, ".gitignore"), "utf8"), "/node_modules/\n.wrangler\n.dev.vars\n");
  });

  test("asks for what is not given, and again after a wrong answer", () => {
    const place = emptyFolder("asks");
    const answers = "https://www.example.com/\nWWW.Example.com\nhttps://origin.example.com:8443/\n";
    const { output } = edgeIsr(place, ["init"], answers).succeeds();
    assert.match(output, /such as www\.example\.com, not “https:\/\/www\.example\.com\/”/);
    const toml = readFileSync(join(place, "wrangler.toml"), "utf8");
    assert.match(toml, /^name = "edge-isr-www-example-com"$/m);
    assert.match(toml, /^ORIGIN = "https:\/\/origin\.example\.com:8443"$/m);
  });

  const BAD = [
    { given: ["--host", "localhost", ...FLAGS.slice(2)], says: /the host is a name alone.*“localhost”/ },
    { given: ["--host", "*.example.com", ...FLAGS.slice(2)], says: /the host is a name alone/ },
    { given: ["--host", "www.example.com:443", ...FLAGS.slice(2)], says: /the host is a name alone/ },
    { given: ["--host", "192.0.2.1", ...FLAGS.slice(2)], says: /the host is a name alone/ },
    {
      given: [...FLAGS.slice(0, 2), "--origin", "origin.example.com"],
      says: /the origin is https:\/\/host.*“origin\.example\.com”/,
    },
    { given: [...FLAGS.slice(0, 2), "--origin", "https://origin.example.com/shop"], says: /without a path/ },
    { given: [...FLAGS.slice(0, 2), "--origin", "https://me:secret@origin.example.com"], says: /the origin is/ },
    { given: [...FLAGS.slice(0, 2), "--origin", 'https://a.example"\nx="'], says: /the origin is/ },
    { given: ["--hots", "www.example.com"], says: /“--hots www\.example\.com” is not understood: npx edge-isr init --host/ },
    { given: [], says: /everything at once is: npx edge-isr init --host/ },
  ];
  for (const [index, { given, says }] of BAD.entries()) {
    test(`refuses ${JSON.stringify(given)}, and writes nothing`, () => {
      const place = emptyFolder(`bad-${index}`);
      const { code, output } = edgeIsr(place, ["init", ...given]);
      assert.equal(code, 1, output);
      assert.match(output, says);
      assert.deepEqual(readdirSync(place), []);
    });
  }

  for (const name of ["wrangler.toml", "wrangler.jsonc", ".dev.vars"]) {
    test(`leaves a ${name} as it is`, () => {
      const place = emptyFolder(`has-${name}`);
      writeFileSync(join(place, name), "mine");
      const { code, output } = edgeIsr(place, ["init", ...FLAGS]);
      assert.equal(code, 1);
      assert.ok(output.includes(`${name} stays as it is: move it away, or run init in another folder`), output);
      assert.deepEqual(readdirSync(place), [name]);
      assert.equal(readFileSync(join(place, name), "utf8"), "mine");
    });
  }

  test("wants the package in the folder", async () => {
    const { code, output } = edgeIsr(await temporaryFolder("without"), ["init", ...FLAGS]);
    assert.equal(code, 1);
    assert.match(output, /not installed in this folder: run `npm install edge-isr` here first/);
  });

  test("comes before dev", () => {
    const { code, output } = edgeIsr(emptyFolder("no-config"), ["dev"]);
    assert.equal(code, 1);
    assert.match(output, /there is no wrangler\.toml in this folder: `npx edge-isr init` makes one/);
  });
});

describe("in the folder", () => {
  let news, toml;

  before(async () => {
    news = await startNews();
    toml = join(folder, "wrangler.toml");
    asUser(env, folder, "npx", ["edge-isr", "init", "--host", "www.example.com", "--origin", news.url]).succeeds();
  });

  for (const [title, bind] of [
    ["with the purge journal", (text) => text],
    ["without it", unbound],
  ]) {
    test(`npx edge-isr dev stores a page and purges it, ${title}`, async () => {
      writeFileSync(toml, bind(readFileSync(toml, "utf8")));
      const edge = await startProgram("npx", (port) => ["edge-isr", "dev", "--port", String(port)], {
        cwd: folder,
        env,
        ready: "/about",
      });
      assert.ok(edge.output.includes(`pages come from ORIGIN, ${news.url}`), edge.output);
      const page = () => ask(`${edge.url}/news`);
      const first = await page();
      assert.deepEqual([first.status, first.hit], ["uri-miss", false]);
      const hit = await eventually(async () => {
        const answer = await page();
        assert.equal(answer.hit, true);
        return answer;
      });
      assert.equal((await purge(edge.url, "another-token-altogether")).status, 401);
      assert.equal((await purge(edge.url, tokenOf(folder))).status, 200);
      const after = await page();
      assert.equal(after.hit, false);
      assert.notEqual(after.body, hit.body);
      assert.match(edge.output, /\bhit\b/);
      await edge.close();
    });

    test(`npx wrangler deploy has all that it needs, ${title}`, () => {
      const { output } = asUser(env, folder, "npx", ["wrangler", "deploy", "--dry-run"]).succeeds();
      assert.match(output, /env\.TAGS\b.*KV Namespace/);
      assert.match(output, /env\.ORIGIN\b/);
      assert.equal(/env\.COORDINATOR \(Coordinator\)/.test(output), bind !== unbound, output);
      assert.doesNotMatch(output, /WARNING|ERROR/);
    });
  }
});

function unbound(text) {
  const without = text.replaceAll(/^(durable_objects|migrations)/gm, "# $1");
  assert.notEqual(without, text);
  return without;
}

async function ask(url) {
  const answer = await fetch(url);
  const { hit, fwd } = cacheStatus(answer);
  return { hit, status: fwd, body: await answer.text() };
}

const purge = (edge, token) =>
  fetch(`${edge}/edge-isr/purge`, {
    method: "POST",
    headers: bearer(token),
    body: JSON.stringify({ tags: ["news"], mode: "hard" }),
  });

const tokenOf = (place) => readFileSync(join(place, ".dev.vars"), "utf8").match(/^PURGE_TOKENS=(.*)$/m)[1];

const sha256 = (path) => createHash("sha256").update(readFileSync(path)).digest("hex");

const filesOf = (path) =>
  statSync(path).isDirectory() ? readdirSync(path).flatMap((name) => filesOf(join(path, name))) : [path];
