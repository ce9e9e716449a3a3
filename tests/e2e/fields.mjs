/**
 * Header fields as they were on the wire: order, case, repeated lines and raw
 * bytes, none of which Node's own object keeps.
 */

export class Fields {
  #raw;

  /** `lines`: Node's `rawHeaders`, names and values in turn, a character a byte. */
  constructor(lines) {
    /** `[name, value]` a line, in the order and case of the wire. */
    this.lines = [];
    for (let i = 0; i < lines.length; i += 2) this.lines.push([lines[i], text(lines[i + 1])]);
    this.#raw = lines;
  }

  /** The lines of a name joined by ", ", or undefined. */
  get(name) {
    const values = this.all(name);
    return values.length ? values.join(", ") : undefined;
  }

  has(name) {
    return this.all(name).length > 0;
  }

  /** Every line of a name, decoded as UTF-8. */
  all(name) {
    return this.lines.filter(([other]) => same(other, name)).map(([, value]) => value);
  }

  /** The first line of a name as the bytes it was. */
  bytes(name) {
    const at = this.#raw.findIndex((other, i) => i % 2 === 0 && same(other, name));
    return at < 0 ? undefined : Buffer.from(this.#raw[at + 1], "latin1");
  }

  /** Names in lower case to joined values, for a look at all of them. */
  toJSON() {
    return Object.fromEntries(this.lines.map(([name]) => [name.toLowerCase(), this.get(name)]));
  }
}

/**
 * The flat list that Node's `writeHead` and `request` take, of fields that may
 * hold any byte. A value is text (sent as UTF-8), a Buffer (sent as it is), a
 * list of these (a line each), or null: then the default of that name goes too.
 */
export function toWire(headers = {}, defaults = {}) {
  const own = pairs(headers);
  const named = new Set(own.map(([name]) => name.toLowerCase()));
  const rest = pairs(defaults).filter(([name]) => !named.has(name.toLowerCase()));
  return [...rest, ...own].flatMap(([name, value]) => lines(value).flatMap((line) => [name, toBytes(line)]));
}

function pairs(headers) {
  return Array.isArray(headers) ? headers : Object.entries(headers);
}

function lines(value) {
  return (Array.isArray(value) ? value : [value]).filter((line) => line != null);
}

/** A value as Node reads it, a character a byte, as the text that it means. */
export function text(value) {
  return Buffer.from(value, "latin1").toString("utf8");
}

/** A value as Node wants it, a character a byte. */
export function toBytes(value) {
  const bytes = Buffer.isBuffer(value) ? value : Buffer.from(String(value), "utf8");
  return bytes.toString("latin1");
}

function same(a, b) {
  return a.toLowerCase() === b.toLowerCase();
}
