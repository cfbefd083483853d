import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import * as v from "valibot";
import { askService, jsonOf } from "./ask-service.ts";

/** The addresses of `localhost`. Clients try both, so a program at one of them would get some of the requests. */
const LOOPBACK = ["127.0.0.1", "::1"];

/** Codes of an address that this machine does not have. */
const NO_ADDRESS = ["EADDRNOTAVAIL", "EAFNOSUPPORT", "EINVAL"];

/**
 * Why the service cannot listen on a port, in a sentence that says what to do; null if it can. If a port is in use, wrangler
 * would silently use another one.
 */
export async function portProblem(port: number, host: string): Promise<string | null> {
  for (const address of host === "localhost" ? LOOPBACK : [host]) {
    const code = await refusalOf(port, address);
    if (code === null || (host === "localhost" && NO_ADDRESS.includes(code))) continue;
    const other = port === 65_535 ? port - 1 : port + 1;
    if (code === "EADDRINUSE")
      return `Port ${port} is in use by another program. Choose another: npm start -- --port ${other}`;
    if (code === "EACCES") return `This user may not use port ${port}. Choose one above 1023: npm start -- --port 8787`;
    return `--ip ${host} is not an address of this machine (${code}).`;
  }
  return null;
}

/** The code of the error with which listening fails, or null. */
function refusalOf(port: number, host: string): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve("code" in error ? String(error.code) : error.message));
    server.listen(port, host === "*" ? undefined : host, () => server.close(() => resolve(null)));
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
