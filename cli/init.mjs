// npx edge-isr init: a wrangler.toml and a token for one host, in a folder that has neither.
import { randomBytes } from "node:crypto";
import util from "node:util";
import { Failure } from "../scripts/lib/failure.mjs";
import { answersTo } from "./ask.mjs";
import { builtScript, ignoreInGit, requireRoom, writeNew } from "./folder.mjs";
import { parseHost, parseOrigin } from "./site.mjs";
import { wranglerToml } from "./wrangler-toml.mjs";

const CALL = "npx edge-isr init --host www.example.com --origin https://origin.example.com";
const QUESTIONS = {
  host: { ask: "The host that visitors ask for, in a zone of your Cloudflare account (www.example.com): ", parse: parseHost },
  origin: { ask: "Where its pages come from (https://origin.example.com): ", parse: parseOrigin },
};

export async function init(given, folder) {
  requireRoom(folder);
  const main = builtScript(folder);
  const { host, origin } = await answersTo(QUESTIONS, flagsOf(given), CALL);
  const token = randomBytes(32).toString("hex");
  writeNew(folder, wranglerToml({ main, host, origin }), secrets(token));
  const ignored = ignoreInGit(folder);
  console.log(whatNext({ host, origin, token, ignored }));
}

function flagsOf(given) {
  try {
    return util.parseArgs({ args: given, options: { host: { type: "string" }, origin: { type: "string" } } }).values;
  } catch {
    throw new Failure(`“${given.join(" ")}” is not understood: ${CALL}`);
  }
}

const secrets = (token) => `# Secrets on this machine. Deployed, each is set by: npx wrangler secret put PURGE_TOKENS
PURGE_TOKENS=${token}
`;

const whatNext = ({ host, origin, token, ignored }) => `
  wrangler.toml   ${host}, with pages from ${origin}
  .dev.vars       the token that purges${ignored.length ? `\n  .gitignore      keeps ${ignored.join(", ")} out of git` : ""}

  Look at it on this machine:

    npx edge-isr dev

  Deploy it:

    npx wrangler deploy
    npx wrangler secret put PURGE_TOKENS    # give it the token below

  The token, which your origin sends with each purge as “Authorization: Bearer …”:

    ${token}
`;
