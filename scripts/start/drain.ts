import { setTimeout as delay } from "node:timers/promises";
import * as v from "valibot";
import { LOCAL_KEYS } from "./local-keys.ts";

/** So long the service may take to store what it has accepted. A batch waits 2 s for company, and is stored in another. */
const DRAIN_LIMIT_MS = 60_000;

const WaitingSchema = v.object({ waiting: v.number() });

/**
 * Asks the service to accept nothing more, and waits until everything that it accepted is stored.
 *
 * @param signal ends the waiting
 * @returns how many messages are left; 0 as well if the service does not answer, since then nothing can be done for them
 */
export async function drain(address: string, signal: AbortSignal, limitMs = DRAIN_LIMIT_MS): Promise<number> {
  const end = Date.now() + limitMs;
  let waiting = 0;
  // Twice, since a message is in neither count for a moment, on its way from the queue to the consumer.
  for (let quiet = 0; quiet < 2 && Date.now() < end && !signal.aborted; ) {
    const now = await ask(address, signal);
    if (now === null) return waiting;
    waiting = now;
    quiet = waiting === 0 ? quiet + 1 : 0;
    await delay(200, undefined, { signal }).catch(() => undefined);
  }
  return waiting;
}

async function ask(address: string, signal: AbortSignal): Promise<number | null> {
  try {
    const response = await fetch(`${address}/health/drain`, {
      method: "POST",
      headers: { Authorization: `Bearer ${LOCAL_KEYS.admin}` },
      signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
    });
    const body = v.safeParse(WaitingSchema, await response.json());
    return body.success ? body.output.waiting : null;
  } catch {
    return null;
  }
}
