// npm run rules -- check | explain METHOD URL …: what is wrong with the rules, and what they mean.
import { command } from "./lib/command.mjs";
import { rules } from "./lib/rules.mjs";

command(rules);
