// The command line of warm: what is to be warmed, where, and with which token.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import util from "node:util";
import { Failure } from "../../scripts/lib/failure.mjs";

export const HELP = `Warms pages: fetches them before a visitor asks.

  npm run warm -- --at https://www.example.com --sitemap /sitemap.xml

  --at URL        scheme and host of the site; not needed if a whole URL is named
  --url URL       a page, or a path on that host (all but --at may be repeated)
  --tag TAG       a tag's pages
  --sitemap URL   a sitemap's pages
  --prefix PATH   the pages below a path, as far as the durable tier has them
  --host HOST     a host's pages, as far as the durable tier has them
  --everything    all pages that the durable tier has
  --control-prefix PATH
                  where the control routes are, if not /edge-isr
  --no-wait       start the job and end

The token is EDGE_ISR_TOKEN of the environment, or the first of PURGE_TOKENS in .dev.vars of this folder.
The exit code is 0 if each page was stored, unchanged or fresh, and with --no-wait once the job has started. It is 1 if a
page was uncacheable, failed or was skipped, if the job was stopped, or if the command failed.`;

const OPTIONS = {
  at: { type: "string" },
  url: { type: "string", multiple: true, default: [] },
  tag: { type: "string", multiple: true, default: [] },
  sitemap: { type: "string", multiple: true, default: [] },
  prefix: { type: "string", multiple: true, default: [] },
  host: { type: "string", multiple: true, default: [] },
  everything: { type: "boolean", default: false },
  "control-prefix": { type: "string", default: "/edge-isr" },
  wait: { type: "boolean", default: true },
  help: { type: "boolean", short: "h", default: false },
};

/** What is asked for: `{ help }`, or `{ routes, token, waits, body }`. */
export function readCommand(given, folder, environment) {
  const options = optionsOf(given);
  if (options.help) return { help: true };
  const { url, tag, sitemap, prefix, host, everything } = options;
  if (!everything && ![url, tag, sitemap, prefix, host].some((list) => list.length)) {
    throw new Failure("nothing is named: give --url, --tag, --sitemap, --prefix, --host or --everything (--help tells more).");
  }
  const site = siteOf(options);
  const whole = (list) => list.map((text) => new URL(text, site).href);
  return {
    routes: new URL(`${options["control-prefix"].replace(/\/+$/, "")}/`, site).href,
    token: tokenOf(folder, environment),
    waits: options.wait,
    body: { urls: whole(url), tags: tag, sitemaps: whole(sitemap), prefixes: prefix, hosts: host, everything },
  };
}

function optionsOf(given) {
  try {
    return util.parseArgs({ args: given, options: OPTIONS, allowNegative: true }).values;
  } catch (error) {
    throw new Failure(`${error.message.split(". ")[0]} (--help tells more).`);
  }
}

function siteOf({ at, url, sitemap }) {
  const named = at === undefined ? [...url, ...sitemap] : [at];
  const origins = new Set(named.map(originOf));
  if (origins.size === 1) return [...origins][0];
  throw new Failure("say where the site is, as visitors ask for it: --at https://www.example.com");
}

function originOf(text) {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol)) return url.origin;
  throw new Failure(`“${text}” is no absolute URL: say where the site is, for example --at https://www.example.com`);
}

function tokenOf(folder, environment) {
  const token = environment.EDGE_ISR_TOKEN?.trim() || tokenOfFile(join(folder, ".dev.vars"));
  if (token) return token;
  throw new Failure("no token: set EDGE_ISR_TOKEN to one of PURGE_TOKENS, or run the command beside a .dev.vars that has it.");
}

function tokenOfFile(path) {
  if (!existsSync(path)) return undefined;
  const value = /^\s*PURGE_TOKENS\s*=\s*(.*)$/m.exec(readFileSync(path, "utf8"))?.[1] ?? "";
  return value.split(/[\s,"'[\]]+/).find(Boolean);
}
