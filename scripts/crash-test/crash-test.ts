import { setTimeout as delay } from "node:timers/promises";
import * as v from "valibot";
import type { LocalService } from "../shared/local-service.ts";
import { type Random, seeded } from "../shared/random.ts";
import { readPages } from "../shared/read-pages.ts";
import { LOCAL_KEYS } from "../start/local-keys.ts";

export interface CrashOptions {
  /** How many times the service is killed. */
  rounds: number;
  /** Events sent in each round. */
  events: number;
  seed: number;
}

export interface CrashResult {
  ok: boolean;
  /** The result, one sentence each. */
  lines: string[];
}

interface Sent {
  id: string;
  session_id: string;
  category: string;
  name: string;
  data: { round: number; n: number };
  timestamp: string;
}

const StatsSchema = v.object({ total: v.object({ total: v.number() }) });

const CLIENTS = 12;
const BATCH = 10;

/**
 * Sends events from several clients and kills the service at a random time in each round. A client cannot know whether an
 * event that it sent is stored, so at the end it sends all of them again, as SDKs do. Then each must be stored exactly once,
 * and the counts must match the rows.
 */
export async function crashTest(
  { rounds, events, seed }: CrashOptions,
  start: () => Promise<LocalService>,
  progress: (done: number, step: string) => void,
): Promise<CrashResult> {
  const random = seeded(seed);
  const sent: Sent[] = [];
  let accepted = 0;
  for (let round = 0; round < rounds; round++) {
    progress(round, `round ${round + 1} of ${rounds}`);
    const service = await start();
    const fresh = eventsOf(round, events, random);
    sent.push(...fresh);
    // Some events of earlier rounds are sent again, whether or not they are stored.
    const again = sent.filter(() => random.chance(events / 4 / sent.length));
    const killAfter = Math.floor((0.2 + 0.7 * random.fraction()) * fresh.length);
    accepted += await sendAndKill(service, [...fresh, ...again], killAfter, random);
  }

  progress(rounds, "sending all events again");
  const service = await start();
  const before = await idsOf(service.url, "/theeye/events?limit=1000");
  for (const batch of batchesOf(sent)) {
    for (let tries = 1; !(await send(service.url, batch)); tries++) {
      if (tries === 20) throw new Error("the service no longer accepts events");
      await delay(1_000);
    }
  }
  progress(rounds, "waiting until all are stored");
  await service.stop();

  progress(rounds, "reconciling");
  const last = await start();
  const stored = await idsOf(last.url, "/theeye/events?limit=1000");
  const errors = await idsOf(last.url, "/theeye/errors?limit=1000");
  const counted = await countOf(last.url);
  await last.stop();
  progress(rounds + 1, "done");

  const times = new Map<string, number>();
  for (const id of stored) times.set(id, (times.get(id) ?? 0) + 1);
  const lost = sent.filter(({ id }) => !times.has(id)).length;
  const doubled = [...times.values()].filter((n) => n > 1).length;
  const ok = lost === 0 && doubled === 0 && errors.length === 0 && counted === stored.length;
  return {
    ok,
    lines: [
      `${sent.length} events sent, ${accepted} of the deliveries accepted before one of ${rounds} kills; ${before.length} events were stored when all were sent again.`,
      `${stored.length} are stored: ${lost} lost, ${doubled} stored twice, ${errors.length} among the errors. The counts add up to ${counted}.`,
      ok ? "No event is lost, and none is stored twice." : "The result is wrong.",
    ],
  };
}

function eventsOf(round: number, count: number, random: Random): Sent[] {
  return Array.from({ length: count }, (_, n) => ({
    id: `${round}-${n}`,
    session_id: `crash-${random.below(200)}`,
    category: random.chance(0.3) ? "form interaction" : "page interaction",
    name: "step",
    data: { round, n },
    timestamp: new Date(Date.UTC(2026, 2, 1) + random.below(3 * 86_400) * 1_000).toISOString(),
  }));
}

/** @returns the number of deliveries that were answered with 202 */
async function sendAndKill(
  service: LocalService,
  events: readonly Sent[],
  killAfter: number,
  random: Random,
): Promise<number> {
  const batches = batchesOf(events);
  let taken = 0;
  let accepted = 0;
  let killing: Promise<void> | null = null;
  const client = async () => {
    for (let batch = batches.shift(); batch !== undefined && killing === null; batch = batches.shift()) {
      taken += batch.length;
      if (await send(service.url, batch)) accepted += batch.length;
      if (taken >= killAfter) killing ??= delay(random.below(4_000)).then(service.kill);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  await (killing ?? service.kill());
  return accepted;
}

function batchesOf(events: readonly Sent[]): Sent[][] {
  return Array.from({ length: Math.ceil(events.length / BATCH) }, (_, n) => events.slice(n * BATCH, (n + 1) * BATCH));
}

async function send(url: string, events: readonly Sent[]): Promise<boolean> {
  try {
    const headers = { Authorization: `Bearer ${LOCAL_KEYS.write}` };
    const response = await fetch(`${url}/theeye/events`, { method: "POST", headers, body: JSON.stringify(events) });
    await response.arrayBuffer();
    return response.status === 202;
  } catch {
    // The service was killed.
    return false;
  }
}

async function idsOf(url: string, path: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of readPages(url, path)) ids.push(String(id));
  return ids;
}

async function countOf(url: string): Promise<number> {
  const headers = { Authorization: `Bearer ${LOCAL_KEYS.read}` };
  const query = "interval=day&start_date=2026-03-01&end_date=2026-03-04";
  const response = await fetch(`${url}/theeye/stats?${query}`, { headers });
  return v.parse(StatsSchema, await response.json()).total.total;
}
