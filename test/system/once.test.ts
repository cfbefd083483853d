import { expect, test } from "vitest";
import { eventually } from "./service.ts";
import { serviceForTests } from "./service-for-tests.ts";

const EVENTS = 10_000;
const SESSIONS = 500;
const CLIENTS = 20;
const BATCH = 25;

const service = serviceForTests([], false);

interface Sent {
  id: string;
  session_id: string;
  category: string;
  name: string;
  data: Record<string, unknown>;
  timestamp: string;
}

/** Events of 500 sessions over three days; many share a session's microsecond. */
const events: Sent[] = Array.from({ length: EVENTS }, (_, number) => {
  const session = number % SESSIONS;
  const second = Math.floor(number / SESSIONS / 4) * 7_919 + session * 97;
  return {
    id: `event-${number}`,
    session_id: `once-${session}`,
    category: number % 3 === 0 ? "form interaction" : "page interaction",
    name: "step",
    data: { number },
    timestamp: new Date(Date.UTC(2026, 2, 1) + second * 1_000).toISOString(),
  };
});

/** Shuffles deterministically by a seed (mulberry32). */
function shuffled<Item>(items: readonly Item[], seed: number): Item[] {
  let state = seed;
  const random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/**
 * Sends all events from 20 clients at once. Events of requests that fail because the service was killed are sent in the next
 * round.
 */
async function sendAll(url: string, seed: number, kill: (() => Promise<void>) | null): Promise<void> {
  const order = shuffled(events, seed);
  const batches = Array.from({ length: EVENTS / BATCH }, (_, n) => order.slice(n * BATCH, (n + 1) * BATCH));
  const killAt = Math.floor(batches.length / 2);
  let taken = 0;
  let killing: Promise<void> | null = null;
  const client = async () => {
    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
      taken += 1;
      if (kill !== null && taken === killAt) killing = kill();
      try {
        const headers = { Authorization: "Bearer eye_w_local" };
        const response = await fetch(`${url}/theeye/events`, { method: "POST", headers, body: JSON.stringify(batch) });
        await response.arrayBuffer();
        if (kill === null) expect(response.status).toBe(202);
      } catch (error) {
        if (kill === null) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  await killing;
}

async function countOf(url: string): Promise<number> {
  const query = "interval=day&start_date=2026-03-01&end_date=2026-03-31";
  const response = await fetch(`${url}/theeye/stats?${query}`, { headers: { Authorization: "Bearer eye_r_local" } });
  return ((await response.json()) as { total: { total: number } }).total.total;
}

test("10,000 events sent three times, shuffled, from 20 clients, with the service killed in between, are stored once each", {
  timeout: 300_000,
}, async () => {
  for (const seed of [1, 2]) {
    await service.start();
    await sendAll(service.url, seed, service.kill);
  }
  await service.start();
  const { url } = service;
  await sendAll(url, 3, null);
  await eventually(async () => ((await countOf(url)) >= EVENTS ? true : null), 120_000);

  const found: { id: string; session_id: string; position: number; timestamp: string }[] = [];
  for (let session = 0; session < SESSIONS; session++) {
    const headers = { Authorization: "Bearer eye_r_local" };
    const response = await fetch(`${url}/theeye/sessions/once-${session}?limit=1000`, { headers });
    const page = (await response.json()) as { results: typeof found };
    const times = page.results.map(({ timestamp }) => timestamp);
    expect(times).toEqual(times.toSorted());
    found.push(...page.results);
  }
  expect(found.map(({ id }) => id).toSorted()).toEqual(events.map(({ id }) => id).toSorted());
  expect(await countOf(url)).toBe(EVENTS);
  const errors = await fetch(`${url}/theeye/errors`, { headers: { Authorization: "Bearer eye_r_local" } });
  expect(((await errors.json()) as { results: unknown[] }).results).toEqual([]);
});
