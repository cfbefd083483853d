// Imported first: it replaces the clock that the modules below keep a reference to.
import "./virtual-clock.ts";

import { claimRun } from "../../src/compaction/compactor-lease";
import { hashKey } from "../../src/http/auth/keys";
import eye from "../../src/index";
import { keyEntry } from "../../src/model/access-key";
import type { Micros } from "../../src/model/time/time";
import { readStorageSettings, saveStorageSettings } from "../../src/storage/admin/storage-settings";
import { databasesOf, firstDatabase } from "../../src/storage/core/databases";
import { maintainPartitions } from "../../src/storage/partitions/partition-maintenance";
import { addCommonCategories } from "../../src/storage/partitions/partition-records";
import { isolatePartitions } from "../../src/storage/partitions/partition-store";
import { HOT_DAYS } from "./compaction-bill.ts";
import { type ConsumerSettings, type Delivery, deliveriesOf } from "./deliveries.ts";
import { meteredBindings, type TakenMessage } from "./metered-bindings.ts";
import { countObjectsIn } from "./metered-session.ts";
import type { Scenario } from "./scenarios.ts";
import { type Compaction, emptyTally, type Probe, type Rows, type Run, rowsWritten, type Tally } from "./tally.ts";
import { APPLICATIONS, CATEGORIES, requestsOf, type SentRequest } from "./traffic.ts";
import { START_MS, setClock } from "./virtual-clock.ts";

export { MeteredSession as Session } from "./metered-session.ts";

/** The request of bench/cost.ts to the metered Worker. */
export interface Order {
  scenario: Scenario;
  settings: ConsumerSettings;
  /** Also delivers batches again, and batches with these numbers of messages. */
  probe: number[];
}

export interface Answer {
  run: Run;
  compaction: Compaction;
  probe: Probe;
}

const DAY_MS = 86_400_000;

/** The probe's traffic is a day after the scenario's, in a separate partition. */
const PROBE_OFFSET_MS = DAY_MS;

type Message = TakenMessage & { atMs: number };

/** The real Worker, run by the meter, which sends the traffic from inside and replaces the queue. */
export default {
  async fetch(request, env, ctx): Promise<Response> {
    const order = await request.json<Order>();
    await storeKeys(env);
    const meter = new Meter(env, ctx);
    await meter.makePartitions(order);
    const run = await meter.run(order);
    const probe = await meter.probe(order);
    const compaction = await meter.compact(run.stored);
    return Response.json({ run, probe, compaction } satisfies Answer);
  },
} satisfies ExportedHandler<Env>;

class Meter {
  private readonly tally = emptyTally();
  private readonly env: Env;
  private taken: Message[] = [];
  private atMs = 0;
  private lastLine = "";
  private isWoken = false;
  private emptyBytes = 0;
  private filledBytes = 0;

  constructor(
    private readonly real: Env,
    private readonly ctx: ExecutionContext,
  ) {
    for (const method of ["log", "error"] as const) {
      console[method] = (line: unknown) => {
        this.tally.logLines += 1;
        this.lastLine = String(line);
      };
    }
    countObjectsIn(this.tally);
    this.env = meteredBindings(real, this.tally, {
      take: (message) => this.taken.push({ ...message, atMs: this.atMs }),
      wake: () => {
        this.isWoken = true;
      },
    });
  }

  /**
   * Partitions are created ahead, as by the cron. The day before has the common categories that the days of the traffic
   * inherit.
   */
  async makePartitions({ scenario }: Order): Promise<void> {
    const [before, traffic, probe] = [-DAY_MS, 0, PROBE_OFFSET_MS].map((offset) => (START_MS + offset) * 1_000);
    if (before === undefined || traffic === undefined || probe === undefined) return;
    setClock(before / 1_000);
    const map = await isolatePartitions(this.env).covering([before]);
    const first = map.find(before);
    if (scenario.inherits && first !== null) {
      await addCommonCategories(firstDatabase(databasesOf(this.env)), first, CATEGORIES, 0);
    }
    await isolatePartitions(this.env).covering([traffic]);
    setClock(START_MS);
    this.emptyBytes = await this.databaseBytes();
    this.reset();
  }

  async run({ scenario, settings }: Order): Promise<Run> {
    const requests = requestsOf(scenario, START_MS);
    const refused = await this.send(requests);
    await this.deliver(deliveriesOf(this.taken, settings));
    this.filledBytes = await this.databaseBytes();
    const partition = (await isolatePartitions(this.real).latest()).find(START_MS * 1_000);
    const events = `events_${partition?.id}`;
    return {
      tally: { ...this.tally },
      sent: requests.reduce((sum, { events: own }) => sum + own.length, 0),
      stored: await this.countRows(`SELECT count(*) AS n FROM ${events}`),
      failed: await this.countRows("SELECT count(*) AS n FROM errors"),
      rare: await this.countRows(`SELECT count(*) AS n FROM ${events} WHERE rare IS NOT NULL`),
      refused,
    };
  }

  /**
   * New traffic of one event for each message, in batches of the given sizes; then the same batches again. A first batch
   * reads the rules and the partition map, which consumers do twice a minute in any case.
   */
  async probe({ scenario, probe: sizes }: Order): Promise<Probe> {
    const now: Micros = (START_MS + PROBE_OFFSET_MS) * 1_000;
    setClock(START_MS + PROBE_OFFSET_MS);
    const partition = await this.rowsOf(async () => {
      await isolatePartitions(this.env).covering([now]);
    });
    // The first run may record common categories, once for each partition.
    await this.maintain(now);
    const upkeep = await this.rowsOf(() => this.maintain(now));

    const single = { ...scenario, eventsPerRequest: 1, sessionsPerRequest: 1, invalidEvery: 0 };
    const requests = requestsOf(single, START_MS + PROBE_OFFSET_MS, scenario.sessions);
    const statements: Probe["statements"] = [];
    const deliveries: Delivery<Message>[] = [];
    for (const messages of [1, ...sizes]) {
      this.reset();
      await this.send(requests.splice(0, messages), PROBE_OFFSET_MS);
      const delivery = { atMs: PROBE_OFFSET_MS, messages: this.taken };
      deliveries.push(delivery);
      await this.deliver([delivery]);
      if (deliveries.length > 1) statements.push({ messages, statements: this.tally.databaseStatements });
    }
    this.reset();
    await this.deliver(deliveries, 2);
    return { statements, redeliveredRows: this.tally.objectRows + rowsWritten(this.tally), partition, upkeep };
  }

  /** Moves the run's partition to the archive, a hot window later, and looks once more when there is nothing to do. */
  async compact(stored: number): Promise<Compaction> {
    const first = firstDatabase(databasesOf(this.real));
    const { settings } = await readStorageSettings(first);
    await saveStorageSettings(first, { ...settings, hot_days: HOT_DAYS }, START_MS * 1_000);
    const own = await this.partitionAt(START_MS);
    // The day before has a partition too, which holds nothing.
    const empty = await this.dropped(START_MS - DAY_MS, HOT_DAYS * DAY_MS);
    const move = await this.dropped(START_MS, (HOT_DAYS + 1) * DAY_MS);
    this.reset();
    await this.wakeCompactor();
    const look = { ...this.tally };
    const sum = (column: string) =>
      this.countRows(`SELECT sum(${column}) AS n FROM archive_files WHERE partition_id = ${own?.id}`);
    const archived = await sum("rows");
    return {
      ...{ move, empty, look, archived },
      hotBytes: (this.filledBytes - this.emptyBytes) / stored,
      archivedBytes: (await sum("bytes")) / archived,
      // Three numbers beside the entries.
      indexBytes: (await this.countRows("SELECT sum(length(entries) + 16) AS n FROM archive_index")) / archived,
    };
  }

  /** What it takes until the partition of a moment is dropped. */
  private async dropped(momentMs: number, afterMs: number): Promise<Tally> {
    this.reset();
    for (let minutes = 0; (await this.partitionAt(momentMs))?.state !== "dropped"; minutes += 6) {
      if (minutes > 600) throw new Error(`the compactor does not come to an end: ${this.lastLine}`);
      this.atMs = afterMs + minutes * 60_000;
      setClock(START_MS + this.atMs);
      await this.wakeCompactor();
    }
    return { ...this.tally };
  }

  /** What the cron does each minute, and every run that follows from it. */
  private async wakeCompactor(): Promise<void> {
    if (await claimRun(firstDatabase(databasesOf(this.env)), Date.now() * 1_000))
      await this.env.COMPACTION.send({ v: 1 });
    while (this.isWoken) {
      this.isWoken = false;
      this.tally.consumerInvocations += 1;
      const message = {
        id: "wake",
        timestamp: new Date(),
        body: { v: 1 },
        attempts: 1,
        metadata: {},
        ack() {},
        retry() {},
      };
      const metadata = { metrics: { backlogCount: 0, backlogBytes: 0 } };
      const batch = { queue: "the-eye-compaction", metadata, messages: [message], ackAll() {}, retryAll() {} };
      await eye.queue(batch, this.env);
    }
  }

  private async partitionAt(ms: number) {
    return (await isolatePartitions(this.real).latest()).find(ms * 1_000);
  }

  private async databaseBytes(): Promise<number> {
    return (await this.real.DB.prepare("SELECT 1").all()).meta.size_after;
  }

  /** The cron's upkeep of partitions. The next partition exists already. */
  private async maintain(now: Micros): Promise<void> {
    await maintainPartitions(
      {
        databases: databasesOf(this.env),
        partitions: isolatePartitions(this.env),
        futureToleranceMicros: 60_000_000,
        log: (line) => {
          throw new Error(JSON.stringify(line));
        },
      },
      now,
    );
  }

  private async rowsOf(work: () => Promise<void>): Promise<Rows> {
    this.reset();
    await work();
    return { written: rowsWritten(this.tally), read: this.tally.databaseRowsRead };
  }

  private reset(): void {
    Object.assign(this.tally, emptyTally());
    this.taken = [];
  }

  /** Returns the number of refused requests. */
  private async send(requests: readonly SentRequest[], offsetMs = 0): Promise<number> {
    let refused = 0;
    for (const { atMs, application, events } of requests) {
      this.atMs = atMs;
      setClock(START_MS + offsetMs + atMs);
      const request = new Request<unknown, IncomingRequestCfProperties>("https://eye.example/theeye/events", {
        method: "POST",
        headers: { Authorization: `Bearer ${keyOf(application)}` },
        body: JSON.stringify(events.length === 1 ? events[0] : events),
      });
      this.tally.requests += 1;
      const response = await eye.fetch(request, this.env, this.ctx);
      if (response.status !== 202) refused += 1;
      await response.text();
    }
    return refused;
  }

  private async deliver(deliveries: readonly Delivery<Message>[], attempts = 1): Promise<void> {
    for (const { atMs, messages } of deliveries) {
      setClock(START_MS + atMs);
      this.tally.consumerInvocations += 1;
      let acknowledged = 0;
      await eye.queue(
        {
          queue: "the-eye-events",
          metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } },
          messages: messages.map((message, place) => ({
            id: `${atMs}-${place}`,
            timestamp: new Date(START_MS + message.atMs),
            body: structuredClone(message.body),
            attempts,
            metadata: {},
            ack: () => {
              acknowledged += 1;
            },
            retry: () => undefined,
          })),
          ackAll: () => undefined,
          retryAll: () => undefined,
        },
        this.env,
      );
      if (acknowledged !== messages.length) throw new Error(`messages came back: ${this.lastLine}`);
    }
  }

  private async countRows(query: string): Promise<number> {
    return (await this.real.DB.prepare(query).first<number>("n")) ?? 0;
  }
}

async function storeKeys(env: Env): Promise<void> {
  for (const application of APPLICATIONS) {
    const record = { v: 1, application, scope: "write", id: application };
    await env.KEYS.put(keyEntry(await hashKey(keyOf(application))), JSON.stringify(record));
  }
}

function keyOf(application: string): string {
  return `eye_w_${application.padEnd(22, "0")}`;
}
