// wrangler, on the Node.js it needs, with no account and no outside network.
import { existsSync, readFileSync } from "node:fs";
import { node22, packagesEnv } from "./packages.mjs";
import { at } from "./paths.mjs";

/** The program and arguments that run wrangler. */
export const wrangler = (args) => [node22(), [at("node_modules", "wrangler", "bin", "wrangler.js"), ...args]];

/** For `wrangler dev`: it asks nobody for updates, for where this machine is, or for leave to report. */
export function quietEnv() {
  return {
    ...packagesEnv(),
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_LOG_PATH: at(".wrangler", "logs"),
    WRANGLER_SEND_ERROR_REPORTS: "false",
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_REGISTRY_PATH: at(".wrangler", "registry"),
    X_LOCAL_OBSERVABILITY: "false",
  };
}

const DEV = {
  "--ip": "127.0.0.1",
  "--port": "8787",
  "--inspector-port": "0", // any free one, so that two can run at once
  "--persist-to": at(".wrangler", "state"),
  "--infer-origin-from-routes": "false", // the Worker sees the address that was asked for
  "--show-interactive-dev-session": "false",
};

/** Arguments of `wrangler dev`: those given, and our own choices for what was not. */
export function devArguments(given) {
  const names = given.map((arg) => kebab(arg.split("=")[0]));
  const ours = Object.entries(DEV).filter(([name]) => !names.includes(name));
  return ["dev", ...ours.map(([name, value]) => `${name}=${value}`), ...given];
}

/** The port that `wrangler dev` will listen on with these arguments. */
export function portOf(given) {
  const index = given.findLastIndex((arg) => arg.startsWith("--port"));
  return index < 0 ? DEV["--port"] : (given[index].split("=")[1] ?? given[index + 1]);
}

/** ORIGIN as `wrangler dev` will find it: given by --var, in .dev.vars, or in wrangler.toml. */
export function originOf(given) {
  const byOption = given.map((arg) => /^(?:--var=)?ORIGIN:(.+)$/.exec(arg)?.[1]).findLast(Boolean);
  return byOption ?? setting(".dev.vars", /^ORIGIN\s*=\s*(.+)$/m) ?? setting("wrangler.toml", /^\s*ORIGIN\s*=\s*(.+)$/m);
}

function setting(file, line) {
  const found = existsSync(at(file)) && line.exec(readFileSync(at(file), "utf8"));
  return found ? found[1].trim().replace(/^["']|["']$/g, "") : undefined;
}

const kebab = (name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
