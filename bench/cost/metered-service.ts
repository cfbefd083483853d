import { claimRun } from "../../src/compaction/compactor-lease";
import eye from "../../src/index";
import type { Micros } from "../../src/model/time/time";
import { databasesOf, firstDatabase } from "../../src/storage/core/databases";
import { maintainPartitions } from "../../src/storage/partitions/partition-maintenance";
import { isolatePartitions } from "../../src/storage/partitions/partition-store";
import type { Delivery } from "./deliveries.ts";
import { meteredBindings, type TakenMessage } from "./metered-bindings.ts";
import { countObjectsIn } from "./metered-session.ts";
import { emptyTally, type Rows, rowsWritten } from "./tally.ts";
import type { SentRequest } from "./traffic.ts";
import { START_MS, setClock } from "./virtual-clock.ts";
import { keyOf } from "./write-keys.ts";

/** A message that the Worker sent, and when. */
export type Message = TakenMessage & { atMs: number };

/** The real Worker with metered bindings. Its queues are replaced: what it sends is taken, and delivered on demand. */
export class MeteredService {
  readonly tally = emptyTally();
  readonly env: Env;
  taken: Message[] = [];
  /** The time of what it does, from START_MS. */
  atMs = 0;
  lastLine = "";
  private isWoken = false;

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

  /** Returns the number of refused requests. */
  async send(requests: readonly SentRequest[], offsetMs = 0): Promise<number> {
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

  async deliver(deliveries: readonly Delivery<Message>[], attempts = 1): Promise<void> {
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
      if (acknowledged !== messages.length) throw new Error(`messages were not acknowledged: ${this.lastLine}`);
    }
  }

  /** What the cron does each minute, and every run that follows from it. */
  async wakeCompactor(): Promise<void> {
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

  async partitionAt(ms: number) {
    return (await isolatePartitions(this.real).latest()).find(ms * 1_000);
  }

  async databaseBytes(): Promise<number> {
    return (await this.real.DB.prepare("SELECT 1").all()).meta.size_after;
  }

  /** The cron's upkeep of partitions. The next partition exists already. */
  async maintain(now: Micros): Promise<void> {
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

  async rowsOf(work: () => Promise<void>): Promise<Rows> {
    this.reset();
    await work();
    return { written: rowsWritten(this.tally), read: this.tally.databaseRowsRead };
  }

  reset(): void {
    Object.assign(this.tally, emptyTally());
    this.taken = [];
  }

  async countRows(query: string): Promise<number> {
    return (await this.real.DB.prepare(query).first<number>("n")) ?? 0;
  }
}
