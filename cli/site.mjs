// The two things that `init` has to know, parsed.
import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import { Failure } from "../scripts/lib/failure.mjs";

const LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;
const ADDRESS = /^([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d+)?$/; // a URL's host may hold quotation marks

/** A host's name as it stands in a route: lower case, without scheme, port and path. */
export function parseHost(text) {
  const host = /[/:@?#\\\s]/.test(text) ? "" : domainToASCII(text);
  const labels = host.split(".");
  if (labels.length > 1 && host.length <= 253 && !isIP(host) && labels.every((label) => LABEL.test(label))) return host;
  throw new Failure(`the host is a name alone, such as www.example.com, not “${text}”.`);
}

/** An origin as the setting ORIGIN wants it: scheme, host and perhaps a port. */
export function parseOrigin(text) {
  const url = /^https?:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (url && url.href === `${url.origin}/` && ADDRESS.test(url.host)) return url.origin;
  throw new Failure(`the origin is https://host or https://host:port, without a path, not “${text}”.`);
}
