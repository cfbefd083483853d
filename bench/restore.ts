import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import * as v from "valibot";
import { readFlags } from "../scripts/shared/flags.ts";
import { type LocalService, startLocalService } from "../scripts/shared/local-service.ts";
import { seeded } from "../scripts/shared/random.ts";
import { LOCAL_KEYS } from "../scripts/start/local-keys.ts";
import { describeMachine, thisMachine } from "./shared/machine.ts";

const EVENTS_PER_REQUEST = 500;
const EVENTS_PER_SESSION = 10;

/** Requests that wait for an answer at a time. */
const CLIENTS = 4;

const ErasuresSchema = v.object({
  results: v.array(
    v.object({ kind: v.string(), status: v.string(), steps: v.number(), events: v.number(), sessions: v.number() }),
  ),
  next: v.nullable(v.string()),
});

type Erasure = v.InferOutput<typeof ErasuresSchema>["results"][number];

const StatsSchema = v.object({ total: v.object({ total: v.number() }) });

/**
 * `npm run bench:restore [-- --events 300000 --erasures 300]`: how long a restored database takes until everything that was
 * erased since the backup is erased again. Fills the local service, copies its databases, erases sessions, puts the copy back
 * and lets the cron find it. Prints the result.
 */
async function main(): Promise<void> {
  const flags = readFlags(
    { events: { type: "string", default: "300000" }, erasures: { type: "string", default: "300" } },
    "npm run bench:restore -- [--events 300000] [--erasures 300]",
  );
  const [events, erasures] = [Number(flags.events), Number(flags.erasures)];
  const folder = mkdtempSync(join(tmpdir(), "the-eye-restore-"));
  const [state, copy] = [join(folder, "state", "v3", "d1"), join(folder, "d1")];
  const start = performance.now();
  const step = (what: string) => console.error(`${((performance.now() - start) / 1_000).toFixed(0)} s: ${what}`);
  let service = await startLocalService(join(folder, "state"));
  try {
    step("sending events");
    const sessions = await fill(service, events);
    step("copying the databases");
    await runCron(service);
    await service.stop();
    cpSync(state, copy, { recursive: true });

    service = await startLocalService(join(folder, "state"));
    step("erasing");
    const began = performance.now();
    // Spread over the whole range, so that each step of the scan finds some.
    const erased = Array.from(
      { length: erasures },
      (_, n) => sessions[Math.floor((n * sessions.length) / erasures)] ?? "",
    );
    await inParallel(erased, (session) => ask(service, `/theeye/sessions/${session}`, { method: "DELETE" }));
    await until(async () => (await listErasures(service)).every(({ status }) => status === "done"));
    const erasing = performance.now() - began;
    await service.stop();
    rmSync(state, { recursive: true });
    cpSync(copy, state, { recursive: true });

    service = await startLocalService(join(folder, "state"));
    step("restored");
    const restored = performance.now();
    await runCron(service);
    const expected = erased.length * EVENTS_PER_SESSION;
    const first = await until(async () => {
      const restore = await restoreOf(service);
      return restore !== undefined && restore.events >= expected ? restore : null;
    });
    const cleaned = performance.now() - restored;
    const done = await until(async () => {
      const restore = await restoreOf(service);
      return restore?.status === "done" ? restore : null;
    });
    const all = performance.now() - restored;
    const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
    console.log(`${describeMachine(thisMachine())}
${events.toLocaleString("en-US")} events of ${sessions.length.toLocaleString("en-US")} sessions, ${erasures} of them erased after the backup in ${seconds(erasing)}
erased again ${seconds(cleaned)} after the cron began, in ${first.steps} steps; done after ${seconds(all)}, in ${done.steps} steps`);
  } finally {
    await service.stop();
    rmSync(folder, { recursive: true });
  }
}

function ask(
  { url }: LocalService,
  path: string,
  init: RequestInit = {},
  key: string = LOCAL_KEYS.admin,
): Promise<Response> {
  return fetch(`${url}${path}`, { ...init, headers: { Authorization: `Bearer ${key}` } });
}

async function runCron(service: LocalService): Promise<void> {
  await (await ask(service, "/cdn-cgi/local/scheduled?cron=*+*+*+*+*")).text();
}

/** Sends events of one day and waits until they are stored. @returns their sessions */
async function fill(service: LocalService, events: number): Promise<string[]> {
  const random = seeded(1);
  const day = Date.parse("2026-01-01T00:00:00Z");
  const sessions = Array.from(
    { length: Math.ceil(events / EVENTS_PER_SESSION) },
    (_, n) => `session-${random.below(2 ** 31)}-${n}`,
  );
  const perRequest = EVENTS_PER_REQUEST / EVENTS_PER_SESSION;
  const requests = Array.from({ length: Math.ceil(sessions.length / perRequest) }, (_, n) => n);
  await inParallel(requests, async (request) => {
    const own = sessions.slice(request * perRequest, (request + 1) * perRequest);
    const body = own.flatMap((session_id, place) =>
      Array.from({ length: EVENTS_PER_SESSION }, (_, n) => ({
        ...{ session_id, category: "page interaction", name: "pageview", data: { path: `/page/${n}` } },
        timestamp: day + ((request * perRequest + place) * 86_000_000) / sessions.length + n * 30_000,
      })),
    );
    const response = await ask(
      service,
      "/theeye/events",
      { method: "POST", body: JSON.stringify(body) },
      LOCAL_KEYS.write,
    );
    if (response.status !== 202) throw new Error(`an event was refused: ${await response.text()}`);
  });
  const range = "start_date=2026-01-01&end_date=2026-01-02";
  await until(async () => {
    const answer = await ask(service, `/theeye/stats?${range}`);
    return v.parse(StatsSchema, await answer.json()).total.total >= sessions.length * EVENTS_PER_SESSION;
  });
  return sessions;
}

async function inParallel<Item>(items: readonly Item[], work: (item: Item) => Promise<unknown>): Promise<void> {
  const waiting = [...items];
  const client = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
}

async function listErasures(service: LocalService): Promise<Erasure[]> {
  const found: Erasure[] = [];
  for (let next: string | null = "?limit=1000"; next !== null; ) {
    const page: v.InferOutput<typeof ErasuresSchema> = v.parse(
      ErasuresSchema,
      await (await ask(service, `/theeye/erasures${next}`)).json(),
    );
    found.push(...page.results);
    next = page.next;
  }
  return found;
}

async function restoreOf(service: LocalService): Promise<Erasure | undefined> {
  return (await listErasures(service)).find(({ kind }) => kind === "restore");
}

/** Repeats until the result is not null or false. */
async function until<Result>(read: () => Promise<Result | null | false>): Promise<Result> {
  for (;;) {
    const result = await read();
    if (result !== null && result !== false) return result;
    await delay(500);
  }
}

await main();
