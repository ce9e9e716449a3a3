// npm run build: the Worker, unless it is built already. Also wrangler's own build command.
import { command } from "./lib/command.mjs";
import { setUpWorker } from "./lib/setup.mjs";
import { gzippedSize } from "./lib/worker.mjs";

command(async () => {
  await setUpWorker();
  console.log(`edge-isr: the Worker is in build/, ${Math.ceil(gzippedSize() / 1000)} kB of gzipped wasm.`);
});
