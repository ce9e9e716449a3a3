/** The Cache-Status field (RFC 9211) of an answer. */

/**
 * What the edge says of itself, the last member of the list: `{ cache, hit, fwd,
 * fwdStatus, ttl, stored, collapsed, key, detail }`. Throws where there is none.
 */
export function cacheStatus(answer) {
  const field = answer.headers.get("cache-status");
  if (!field) throw new Error(`no Cache-Status on a ${answer.status}: ${answer.body?.toString().slice(0, 200)}`);
  const member = field
    .match(/(?:"(?:[^"\\]|\\.)*"|[^,"])+/g)
    .at(-1)
    .trim();
  const [, cache, parameters] = member.match(/^("(?:[^"\\]|\\.)*"|[^;]*)(.*)$/);
  const found = { hit: false, stored: false, collapsed: false };
  for (const [, name, value] of parameters.matchAll(PARAMETER)) found[camel(name)] = bare(value);
  return { cache: bare(cache), ...found };
}

const PARAMETER = /;\s*([a-z*][a-z0-9_.*-]*)(?:=("(?:[^"\\]|\\.)*"|[^;]*))?/g;

/** RFC 8941: no value is true; then integers, booleans, strings and tokens. */
function bare(value) {
  if (value === undefined || value === "?1") return true;
  if (value === "?0") return false;
  const text = value.trim();
  if (/^-?\d+$/.test(text)) return Number(text);
  return text.startsWith('"') ? text.slice(1, -1).replaceAll(/\\(.)/g, "$1") : text;
}

function camel(name) {
  return name.replaceAll(/-([a-z])/g, (_, letter) => letter.toUpperCase());
}
