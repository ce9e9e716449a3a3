// npm pack: builds the Worker that the package holds, and says which it is.
import { command } from "./lib/command.mjs";
import { setUpWorker } from "./lib/setup.mjs";
import { digests } from "./lib/worker.mjs";

command(async () => {
  await setUpWorker();
  console.log(["edge-isr: the package holds this Worker (SHA-256):", ...digests()].join("\n"));
});
