// A wasm file's parts: the size of each section, and of each function with its name.

const CUSTOM = 0;
const IMPORT = 2;
const CODE = 10;
const DATA = 11;
const FUNCTION_IMPORT = 0;
const TABLE_IMPORT = 1;
const MEMORY_IMPORT = 2;
const GLOBAL_IMPORT = 3;
const TAG_IMPORT = 4;
const FUNCTION_NAMES = 1;
const HEADER_BYTES = 8;

/** The functions of a wasm file with names, as `{ name, bytes }`, and how long its data is. */
export function partsOf(wasm) {
  const sections = sectionsOf(wasm);
  const bodies = bodiesOf(new Reader(wasm, sections.get(CODE).start));
  const imported = importedFunctions(new Reader(wasm, sections.get(IMPORT).start));
  const names = functionNames(wasm, sections.get("name"));
  const functions = bodies.map((bytes, index) => ({ name: names.get(imported + index) ?? "", bytes }));
  const { start, end } = sections.get(DATA);
  return { functions, data: end - start };
}

class Reader {
  constructor(wasm, at) {
    this.wasm = wasm;
    this.at = at;
  }

  byte() {
    return this.wasm[this.at++];
  }

  /** An unsigned number in LEB128. */
  number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }

  text() {
    const length = this.number();
    this.at += length;
    return this.wasm.toString("utf8", this.at - length, this.at);
  }
}

/** Where each section begins and ends; those without a number by their name. */
function sectionsOf(wasm) {
  const sections = new Map();
  const reader = new Reader(wasm, HEADER_BYTES);
  while (reader.at < wasm.length) {
    const id = reader.byte();
    const length = reader.number();
    const end = reader.at + length;
    const key = id === CUSTOM ? reader.text() : id;
    sections.set(key, { start: reader.at, end });
    reader.at = end;
  }
  return sections;
}

function bodiesOf(reader) {
  return Array.from({ length: reader.number() }, () => {
    const length = reader.number();
    reader.at += length;
    return length;
  });
}

/** How many functions are imported: their indexes come before those of the file's own. */
function importedFunctions(reader) {
  let functions = 0;
  for (let left = reader.number(); left > 0; left--) {
    reader.text();
    reader.text();
    const kind = reader.byte();
    if (kind === FUNCTION_IMPORT) functions += 1;
    skipType(reader, kind);
  }
  return functions;
}

function skipType(reader, kind) {
  if (kind === TABLE_IMPORT || kind === GLOBAL_IMPORT || kind === TAG_IMPORT) reader.byte();
  if (kind === FUNCTION_IMPORT || kind === GLOBAL_IMPORT || kind === TAG_IMPORT) reader.number();
  if (kind !== TABLE_IMPORT && kind !== MEMORY_IMPORT) return;
  const hasMost = reader.number() & 1;
  reader.number();
  if (hasMost) reader.number();
}

function functionNames(wasm, { start, end }) {
  const reader = new Reader(wasm, start);
  while (reader.at < end) {
    const kind = reader.byte();
    const next = reader.number() + reader.at;
    if (kind === FUNCTION_NAMES) {
      const entry = () => [reader.number(), reader.text()];
      return new Map(Array.from({ length: reader.number() }, entry));
    }
    reader.at = next;
  }
  return new Map();
}
