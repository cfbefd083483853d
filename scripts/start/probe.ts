import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** Whether a port can be listened on. wrangler would silently take another one. */
export function isPortFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

/** Asks until the address answers with success. Ends when `signal` is aborted, with false. */
export async function waitUntilHealthy(url: string, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    let pauseMs = 100;
    try {
      const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(5_000)]) });
      await response.arrayBuffer();
      if (response.ok) return true;
      // It runs but is not well, and says why on its own output: do not bury that under more questions.
      pauseMs = 2_000;
    } catch {
      // Not listening yet.
    }
    await delay(pauseMs, undefined, { signal }).catch(() => undefined);
  }
  return false;
}
