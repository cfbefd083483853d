import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { askService } from "./ask-service.ts";
import { isRunning, processTable } from "./process-table.ts";

export interface WatchLimits {
  /** Nothing listens on the port any more. The service cannot recover from that by itself. */
  refusingMs: number;
  /**
   * It listens and does not answer, or answers with an error. The limit is long, because a busy machine is not a reason to
   * stop.
   */
  silentMs: number;
  everyMs: number;
}

const LIMITS: WatchLimits = { refusingMs: 10_000, silentMs: 30_000, everyMs: 1_000 };

/**
 * Watches whether a service is alive. wrangler continues to run when the serving processes are killed, and requests then
 * wait for ever. The service itself is requested only if something has changed, because each request writes a line of
 * output.
 *
 * @param url an address that answers while the service is healthy
 * @param group the leader of its process group, or undefined
 * @returns why the service is considered dead; or null once `signal` is aborted
 */
export async function untilDead(
  url: string,
  group: number | undefined,
  signal: AbortSignal,
  limits = LIMITS,
): Promise<string | null> {
  let members = membersOf(group);
  let lastAnswer = Date.now();
  while (!signal.aborted) {
    const listens = await isListening(new URL(url));
    if (listens && members.every(isRunning)) lastAnswer = Date.now();
    else if (listens && (await answers(url, signal))) {
      // wrangler replaces processes when files change.
      members = membersOf(group);
      lastAnswer = Date.now();
    }
    const since = Date.now() - lastAnswer;
    if (!signal.aborted && !listens && since > limits.refusingMs) return "nothing listens at its port";
    if (!signal.aborted && since > limits.silentMs) return "it does not answer";
    await delay(limits.everyMs, undefined, { signal }).catch(() => undefined);
  }
  return null;
}

function membersOf(group: number | undefined): number[] {
  if (group === undefined) return [];
  return processTable()
    .filter((one) => one.group === group)
    .map(({ pid }) => pid);
}

function isListening({ hostname, port }: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ""), port: Number(port) });
    const end = (listens: boolean) => {
      socket.destroy();
      resolve(listens);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
    socket.setTimeout(5_000, () => end(true));
  });
}

async function answers(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    const { status } = await askService(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]) });
    return status === 200;
  } catch {
    return false;
  }
}
