import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findPython } from "../../../scripts/lib/python.mjs";
import { temporaryFolder } from "./folder.mjs";
import { startProgram } from "./program.mjs";

/** Python's own server of files. It says when a file was changed, and nothing of how long it is good. */
export async function startFiles() {
  const folder = await temporaryFolder("files");
  await mkdir(join(folder, "breads"));
  const write = (path, text) => writeFile(join(folder, path), text);
  await write("index.html", "<h1>Breads</h1>");
  await write("breads/rye.html", "<h1>Rye bread</h1>");
  const server = (port) => ["-m", "http.server", String(port), "--bind", "127.0.0.1", "--directory", folder];
  return Object.assign(await startProgram(findPython(), server, {}), { write });
}
