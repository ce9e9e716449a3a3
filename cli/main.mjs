#!/usr/bin/env node
// npx edge-isr: what a folder needs for the built Worker of this package. No Rust, no source.
import { readFileSync } from "node:fs";
import { command } from "../scripts/lib/command.mjs";
import { dev } from "../scripts/lib/dev.mjs";
import { Failure } from "../scripts/lib/failure.mjs";
import { at } from "../scripts/lib/paths.mjs";
import { requireConfig } from "./folder.mjs";
import { init } from "./init.mjs";
import { warm } from "./warm.mjs";

const USAGE = `edge-isr, a Worker that caches in front of any origin

  npx edge-isr init [--host www.example.com] [--origin https://origin.example.com]
      writes wrangler.toml and a token into this folder; asks for what is not given

  npx edge-isr dev [any option of wrangler dev]
      runs the Worker on this machine, at http://127.0.0.1:8787

  npx wrangler deploy
      puts it into your Cloudflare account

  npx edge-isr warm --at https://www.example.com --sitemap /sitemap.xml
      fetches the pages before a visitor asks; --help tells more`;

const COMMANDS = {
  init: (given) => init(given, process.cwd()),
  dev: devHere,
  warm: (given) => warm(given),
  help: () => console.log(USAGE),
  version: () => console.log(JSON.parse(readFileSync(at("package.json"), "utf8")).version),
};
const SPELLINGS = { "--help": "help", "-h": "help", "--version": "version", "-v": "version" };

command(
  async ([name = "help", ...given]) => {
    const known = SPELLINGS[name] ?? name;
    if (Object.hasOwn(COMMANDS, known)) return COMMANDS[known](given);
    throw new Failure(`there is no command “${name}”: it is init, dev or warm, and \`npx edge-isr help\` tells more.`);
  },
  { windows: true },
);

function devHere(given) {
  const folder = process.cwd();
  requireConfig(folder);
  return dev(given, { folder, call: "npx edge-isr dev" });
}
