// npm run size: what each part of the Worker takes. With --write, the table in docs/size.md is renewed.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command } from "./lib/command.mjs";
import { Failure } from "./lib/failure.mjs";
import { at } from "./lib/paths.mjs";
import { setUpWorker } from "./lib/setup.mjs";
import { partsOf } from "./lib/wasm.mjs";
import { gzippedSize, NAMED, optimise } from "./lib/worker.mjs";

const PAGE = at("docs", "size.md");
const TABLE = /(<!-- npm run size -- --write -->\n)[^]*?(?=<!-- end -->)/;
/** Parts smaller than this, in bytes of gzipped wasm, are counted together. */
const SMALL = 1000;

command(async (args) => {
  const env = await setUpWorker();
  const { data, functions } = await namedParts(env);
  const sizes = new Map([["constants, texts and tables", data]]);
  for (const { name, bytes } of functions) {
    const part = partOf(name);
    sizes.set(part, (sizes.get(part) ?? 0) + bytes);
  }
  const table = tableOf(sizes);
  console.log(table);
  if (args.includes("--write")) renew(table);
});

/** The deployed wasm with the names of its functions left in. */
async function namedParts(env) {
  const folder = mkdtempSync(join(tmpdir(), "edge-isr-size-"));
  try {
    const wasm = join(folder, "named.wasm");
    copyFileSync(NAMED, wasm);
    await optimise(wasm, env, ["-g"]);
    return partsOf(readFileSync(wasm));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The room of `src/` or the crate that a function belongs to. */
function partOf(name) {
  // Their names do not say which flow the compiler has put into them.
  if (/AssertUnwindSafe<|future_to_promise/.test(name)) return "flows, inlined into the runtime's tasks";
  const [, room] = name.match(/edge_isr(?:\[[0-9a-f]+\])?::([a-z_]+)/) ?? [];
  if (room) return `\`src/${room}\``;
  // The functions that wasm-bindgen makes for JavaScript bear no path.
  if (!name.includes("::")) return groupOf("wasm_bindgen");
  const [, crate] = name.match(/(?:^|[<& (])([a-z][a-z0-9_]*)(?:\[[0-9a-f]+\])?::/) ?? [];
  return groupOf(crate ?? "");
}

const GROUPS = [
  ["Rust's own libraries", ["core", "alloc", "std", "dlmalloc", "compiler_builtins", "hashbrown", "memchr"]],
  ["JSON: serde", ["serde", "serde_core", "serde_json", "itoa", "ryu", "zmij"]],
  [
    "JavaScript: wasm-bindgen, worker",
    [/^wasm_bindgen/, "js_sys", "web_sys", "wasm_streams", "serde_wasm_bindgen", "worker", "worker_sys"],
  ],
  ["header fields: http, bytes", ["http", "bytes", "fnv"]],
  ["waiting: futures", [/^futures/, "slab"]],
  ["digests: sha2, hex", ["sha2", "hex", "digest", "block_buffer", "subtle", "generic_array"]],
];

function groupOf(crate) {
  const isIn = (name) => (name instanceof RegExp ? name.test(crate) : name === crate);
  return GROUPS.find(([, crates]) => crates.some(isIn))?.[0] ?? "the rest";
}

/** Gzipped sizes are shares of the whole: a part alone compresses otherwise. */
function tableOf(sizes) {
  const all = [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
  const whole = gzippedSize();
  const rows = [...sizes].map(([part, bytes]) => [part, bytes, (bytes / all) * whole]);
  const small = rows.filter(([, , zipped]) => zipped < SMALL);
  const shown = rows.filter(([, , zipped]) => zipped >= SMALL).sort((a, b) => b[1] - a[1]);
  if (small.length) shown.push(["smaller parts", sum(small, 1), sum(small, 2)]);
  const line = ([part, bytes, zipped]) => `| ${part} | ${kB(bytes)} | ${kB(zipped)} |`;
  return ["| part | kB | kB gzipped |", "|---|--:|--:|", ...shown.map(line), line(["**all**", all, whole]), ""].join("\n");
}

const sum = (rows, column) => rows.reduce((total, row) => total + row[column], 0);
const kB = (bytes) => (bytes / 1000).toFixed(1);

function renew(table) {
  const page = readFileSync(PAGE, "utf8");
  if (!TABLE.test(page)) throw new Failure("docs/size.md has lost the marks between which its table stands.");
  writeFileSync(PAGE, page.replace(TABLE, `$1\n${table}\n`));
}
