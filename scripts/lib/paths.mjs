import { accessSync, constants } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The path of a file of the project. */
export const at = (...parts) => join(ROOT, ...parts);

export const BIN = at("node_modules", ".bin");
export const CARGO_HOME = process.env.CARGO_HOME || join(homedir(), ".cargo");
export const CARGO_BIN = join(CARGO_HOME, "bin");
export const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "edge-isr");

/** PATH with `folders` before what is there. */
export function pathWith(...folders) {
  return [...folders, process.env.PATH].join(delimiter);
}

/** PATH as it was before npm put the project's own programs on it. */
export function pathOfTheMachine() {
  return folders()
    .filter((folder) => !folder.startsWith(BIN))
    .join(delimiter);
}

export const folders = () => (process.env.PATH ?? "").split(delimiter).filter(Boolean);

export const onPath = (program) => folders().some((folder) => executable(join(folder, program)));

export function executable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
