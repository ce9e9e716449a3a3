// npm run warm -- --at https://www.example.com --sitemap /sitemap.xml: warms pages of a deployment.
import { warm } from "../cli/warm.mjs";
import { command } from "./lib/command.mjs";

command((given) => warm(given), { windows: true });
