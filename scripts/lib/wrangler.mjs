// wrangler, on the Node.js it needs, with no account and no outside network.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileOf, node22 } from "./node.mjs";
import { ROOT, pathWith } from "./paths.mjs";

/** The program and arguments that run wrangler. */
export const wrangler = (args) => [node22(), [fileOf("wrangler", "bin", "wrangler.js"), ...args]];

/** For `wrangler dev`: it asks nobody for updates, for where this machine is, or for leave to report. */
export function quietEnv(folder = ROOT) {
  return {
    ...process.env,
    PATH: pathWith(join(folder, "node_modules", ".bin")),
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_LOG_PATH: join(folder, ".wrangler", "logs"),
    WRANGLER_SEND_ERROR_REPORTS: "false",
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_REGISTRY_PATH: join(folder, ".wrangler", "registry"),
    X_LOCAL_OBSERVABILITY: "false",
  };
}

const DEV = {
  "--ip": "127.0.0.1",
  "--port": "8787",
  "--inspector-port": "0", // any free one, so that two can run at once
  "--infer-origin-from-routes": "false", // the Worker sees the address that was asked for
  "--show-interactive-dev-session": "false",
};

/** Arguments of `wrangler dev` in a folder: those given, and our own choices for what was not. */
export function devArguments(given, folder = ROOT) {
  const names = given.map((arg) => kebab(arg.split("=")[0]));
  const choices = { ...DEV, "--persist-to": join(folder, ".wrangler", "state") };
  const ours = Object.entries(choices).filter(([name]) => !names.includes(name));
  return ["dev", ...ours.map(([name, value]) => `${name}=${value}`), ...given];
}

/** The port that `wrangler dev` will listen on with these arguments. */
export function portOf(given) {
  const index = given.findLastIndex((arg) => arg.startsWith("--port"));
  return index < 0 ? DEV["--port"] : (given[index].split("=")[1] ?? given[index + 1]);
}

/** ORIGIN as `wrangler dev` will find it in a folder: given by --var, in .dev.vars, or in wrangler.toml. */
export function originOf(given, folder = ROOT) {
  const byOption = given.map((arg) => /^(?:--var=)?ORIGIN:(.+)$/.exec(arg)?.[1]).findLast(Boolean);
  const line = /^\s*ORIGIN\s*=\s*(.+)$/m;
  return byOption ?? setting(join(folder, ".dev.vars"), line) ?? setting(join(folder, "wrangler.toml"), line);
}

function setting(file, line) {
  const found = existsSync(file) && line.exec(readFileSync(file, "utf8"));
  return found ? found[1].trim().replace(/^["']|["']$/g, "") : undefined;
}

const kebab = (name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
