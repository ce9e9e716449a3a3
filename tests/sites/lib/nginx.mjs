import { readFile, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { unpack, unpackedEnv, withoutDebian } from "./debian.mjs";
import { temporaryFolder } from "./folder.mjs";
import { installed } from "./install.mjs";
import { startProgram } from "./program.mjs";

const PACKAGES = JSON.parse(readFileSync(new URL("../nginx/packages.json", import.meta.url), "utf8"));

/** Why nginx cannot be had on this machine, or undefined. */
export const withoutNginx = () => withoutDebian(PACKAGES.whole);

export const installNginx = () => installed("nginx", (home) => unpack(join(home, "root"), PACKAGES));

export async function startNginx(env) {
  const home = await installNginx();
  const folder = await temporaryFolder("nginx");
  const conf = join(folder, "nginx.conf");
  const args = async (port) => {
    const text = await readFile(join(home, "nginx.conf"), "utf8");
    await writeFile(conf, text.replaceAll("FOLDER", folder).replaceAll("PORT", port).replaceAll("HTML", join(home, "html")));
    return ["-e", "stderr", "-p", folder, "-c", conf];
  };
  return startProgram("nginx", args, { cwd: home, env: { ...unpackedEnv(join(home, "root")), ...env } });
}
