// Imported first: it replaces the clock that the modules below keep a reference to.
import "./virtual-clock.ts";

import { hashKey } from "../../src/http/auth/keys";
import eye from "../../src/index";
import { keyEntry } from "../../src/model/access-key";
import type { Micros } from "../../src/model/time/time";
import { databasesOf, firstDatabase } from "../../src/storage/core/databases";
import { maintainPartitions } from "../../src/storage/partitions/partition-maintenance";
import { addCommonCategories } from "../../src/storage/partitions/partition-records";
import { isolatePartitions } from "../../src/storage/partitions/partition-store";
import { type ConsumerSettings, type Delivery, deliveriesOf } from "./deliveries.ts";
import { meteredBindings, type TakenMessage } from "./metered-bindings.ts";
import { countObjectsIn } from "./metered-session.ts";
import type { Scenario } from "./scenarios.ts";
import { emptyTally, type Probe, type Rows, type Run, rowsWritten } from "./tally.ts";
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
    return Response.json({ run, probe } satisfies Answer);
  },
} satisfies ExportedHandler<Env>;

class Meter {
  private readonly tally = emptyTally();
  private readonly env: Env;
  private taken: Message[] = [];
  private atMs = 0;
  private lastLine = "";

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
    this.env = meteredBindings(real, this.tally, (message) => this.taken.push({ ...message, atMs: this.atMs }));
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
    this.reset();
  }

  async run({ scenario, settings }: Order): Promise<Run> {
    const requests = requestsOf(scenario, START_MS);
    const refused = await this.send(requests);
    await this.deliver(deliveriesOf(this.taken, settings));
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
