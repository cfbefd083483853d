import { setTimeout as delay } from "node:timers/promises";
import * as v from "valibot";
import { askService, jsonOf } from "./ask-service.ts";
import { LOCAL_KEYS } from "./local-keys.ts";

/**
 * How long the service may take to store what it has accepted. A batch waits up to 2 s to fill, and is stored within
 * another.
 */
const DRAIN_LIMIT_MS = 60_000;

const WaitingSchema = v.object({ waiting: v.number() });

/**
 * Makes the service stop accepting events, and waits until everything that it accepted is stored.
 *
 * @param signal ends the wait
 * @returns the number of messages left; also 0 if the service does not answer, because nothing can be done for them then
 */
export async function drain(address: string, signal: AbortSignal, limitMs = DRAIN_LIMIT_MS): Promise<number> {
  const end = Date.now() + limitMs;
  let waiting = 0;
  // Checked twice, because a message on its way from the queue to the consumer is briefly in neither count.
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
    const answer = await askService(`${address}/health/drain`, {
      method: "POST",
      headers: { Authorization: `Bearer ${LOCAL_KEYS.admin}` },
      signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
    });
    const body = v.safeParse(WaitingSchema, jsonOf(answer));
    return body.success ? body.output.waiting : null;
  } catch {
    return null;
  }
}
