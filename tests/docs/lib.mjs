// The documents and the source as text, for the tests that hold the first to the second.
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export const read = (path) => readFileSync(join(ROOT, path), "utf8");

/** Every file of the project, committed or about to be, by its path from the root. */
export function files() {
  const list = ["ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate"];
  const deleted = new Set(git(["ls-files", "--deleted"]));
  return git(list).filter((path) => !deleted.has(path));
}

const git = (args) => execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).split("\n").filter(Boolean);

/** The project's own documents. */
export const documents = () => files().filter((path) => path.endsWith(".md"));

/** The source of the Worker, without comments. */
export function source() {
  const entries = readdirSync(join(ROOT, "src"), { withFileTypes: true, recursive: true });
  const paths = entries.filter(({ name }) => name.endsWith(".rs")).map(({ parentPath, name }) => join(parentPath, name));
  return paths.map((path) => readFileSync(path, "utf8").replaceAll(/^\s*\/\/.*$/gm, "")).join("\n");
}

/** The rows of each table of a document, as lists of cells, by the table's first line. */
export function tables(text) {
  const found = [];
  let rows;
  for (const line of text.split("\n")) {
    if (!line.startsWith("|")) {
      rows = undefined;
      continue;
    }
    const cells = line
      .slice(1, line.lastIndexOf("|"))
      .split("|")
      .map((cell) => cell.trim());
    if (cells.every((cell) => /^:?-+:?$/.test(cell))) continue;
    if (rows) rows.push(cells);
    else found.push({ head: cells, rows: (rows = []) });
  }
  return found;
}

/** What stands in a cell between backquotes. */
export const codes = (cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code);
