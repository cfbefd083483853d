import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import * as v from "valibot";
import { askService, jsonOf } from "./ask-service.ts";

/** Whether a port is free. If it is not, wrangler would silently use another one. */
export function isPortFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

/** The state of a started service: ready; not configured, with what to do; or not ready when the wait ended. */
export type Readiness = { kind: "ready" } | { kind: "misconfigured"; detail: string } | { kind: "not_ready" };

const MisconfiguredSchema = v.object({ code: v.literal("misconfigured"), detail: v.string() });

/** Requests the address until it answers with success, or reports that it is not configured. Ends when `signal` is aborted. */
export async function waitUntilReady(url: string, signal: AbortSignal): Promise<Readiness> {
  while (!signal.aborted) {
    let pauseMs = 100;
    try {
      const answer = await askService(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(5_000)]) });
      if (answer.status === 200) return { kind: "ready" };
      const problem = v.safeParse(MisconfiguredSchema, jsonOf(answer));
      if (problem.success) return { kind: "misconfigured", detail: problem.output.detail };
      // It runs with errors, and its own output says why. More requests would bury that.
      pauseMs = 2_000;
    } catch {
      // Not listening yet.
    }
    await delay(pauseMs, undefined, { signal }).catch(() => undefined);
  }
  return { kind: "not_ready" };
}
