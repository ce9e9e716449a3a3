import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { closeAtEnd, closed } from "../../e2e/closing.mjs";

/** A folder that is removed when the tests have ended. */
export async function temporaryFolder(name) {
  const path = await mkdtemp(join(tmpdir(), `edge-isr-${name}-`));
  const folder = {
    async close() {
      closed(folder);
      await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
  closeAtEnd(folder);
  return path;
}
