// First: it replaces the clock that the modules below keep.
import "./virtual-clock.ts";

import { hashKey, keyEntry } from "../../src/api/keys";
import eye from "../../src/index";
import { SESSION_GROUPS } from "../../src/model/limits";
import { groupOf } from "../../src/model/session-groups";
import { type ConsumerSettings, type Delivery, deliveriesOf } from "./deliveries.ts";
import { meteredBindings, type TakenMessage } from "./metered-bindings.ts";
import { countObjectsIn } from "./metered-session.ts";
import type { Scenario } from "./scenarios.ts";
import { emptyTally, type Probe, type Run } from "./tally.ts";
import { APPLICATIONS, requestsOf, type SentRequest } from "./traffic.ts";
import { START_MS, setClock } from "./virtual-clock.ts";

export { MeteredGroup as Session } from "./metered-session.ts";

/** What bench/cost.ts asks of the metered Worker. */
export interface Order {
  scenario: Scenario;
  settings: ConsumerSettings;
  /** Also deliver batches again, and batches of these numbers of messages. */
  probe: number[];
}

export interface Answer {
  run: Run;
  probe: Probe;
}

/** The probe's traffic comes a day after the scenario's. */
const PROBE_OFFSET_MS = 86_400_000;

type Message = TakenMessage & { atMs: number };

/** The Worker as it is, run by the meter: the traffic comes from inside and the queue is the meter's own. */
export default {
  async fetch(request, env, ctx): Promise<Response> {
    const order = await request.json<Order>();
    await storeKeys(env);
    const meter = new Meter(env, ctx);
    const run = await meter.run(order);
    const probe = await meter.probe(order);
    return Response.json({ run, probe } satisfies Answer);
  },
} satisfies ExportedHandler<Env>;

class Meter {
  private tally = emptyTally();
  private taken: Message[] = [];
  private atMs = 0;

  constructor(
    private readonly real: Env,
    private readonly ctx: ExecutionContext,
  ) {
    for (const method of ["log", "error"] as const) {
      console[method] = () => {
        this.tally.logLines += 1;
      };
    }
  }

  async run({ scenario, settings }: Order): Promise<Run> {
    await this.makeGroups();
    const requests = requestsOf(scenario, START_MS);
    const refused = await this.send(requests);
    await this.deliver(deliveriesOf(this.taken, settings));
    return {
      tally: this.tally,
      sent: requests.reduce((sum, { events }) => sum + events.length, 0),
      stored: await this.countRows("SELECT count(*) AS n FROM events"),
      failed: await this.countRows("SELECT count(*) AS n FROM errors"),
      openings: await this.countRows("SELECT count(*) AS n FROM events WHERE opens = 1"),
      refused,
    };
  }

  /** Fresh traffic of one event a message, in batches of given sizes; then the same batches again. */
  async probe({ scenario, probe: sizes }: Order): Promise<Probe> {
    const single = { ...scenario, eventsPerRequest: 1, sessionsPerRequest: 1, invalidEvery: 0 };
    const requests = requestsOf(single, START_MS + PROBE_OFFSET_MS, scenario.sessions);
    const statements: Probe["statements"] = [];
    const deliveries: Delivery<Message>[] = [];
    for (const messages of sizes) {
      this.reset();
      await this.send(requests.splice(0, messages), PROBE_OFFSET_MS);
      const delivery = { atMs: PROBE_OFFSET_MS, messages: this.taken };
      deliveries.push(delivery);
      await this.deliver([delivery]);
      statements.push({ messages, statements: this.tally.databaseStatements });
    }
    this.reset();
    await this.deliver(deliveries);
    const { objectRows, databaseRowsWritten } = this.tally;
    const databaseRows = Object.values(databaseRowsWritten).reduce((sum, rows) => sum + rows, 0);
    return {
      statements,
      redeliveredEventRows: databaseRowsWritten.events,
      redeliveredRows: objectRows + databaseRows,
    };
  }

  /** A group makes its tables when it is first called, which is once for ever: not counted. */
  private async makeGroups(): Promise<void> {
    const groups = new Set(Array.from({ length: 1_000 }, (_, index) => groupOf(String(index))));
    if (groups.size !== SESSION_GROUPS) throw new Error(`${groups.size} of ${SESSION_GROUPS} groups were made`);
    for (const group of groups) await this.real.SESSIONS.getByName(group).recallOne("nobody", "nothing");
  }

  private reset(): void {
    this.tally = emptyTally();
    this.taken = [];
  }

  private bindings(): Env {
    countObjectsIn(this.tally);
    return meteredBindings(this.real, this.tally, (message) => this.taken.push({ ...message, atMs: this.atMs }));
  }

  /** Returns how many requests were refused. */
  private async send(requests: readonly SentRequest[], offsetMs = 0): Promise<number> {
    const env = this.bindings();
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
      const response = await eye.fetch(request, env, this.ctx);
      if (response.status !== 202) refused += 1;
      await response.text();
    }
    return refused;
  }

  private async deliver(deliveries: readonly Delivery<Message>[]): Promise<void> {
    const env = this.bindings();
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
            attempts: 1,
            metadata: {},
            ack: () => {
              acknowledged += 1;
            },
            retry: () => undefined,
          })),
          ackAll: () => undefined,
          retryAll: () => undefined,
        },
        env,
      );
      if (acknowledged !== messages.length) throw new Error(`${messages.length - acknowledged} messages came back`);
    }
  }

  private async countRows(query: string): Promise<number> {
    return (await this.real.DB.prepare(query).first<number>("n")) ?? 0;
  }
}

async function storeKeys(env: Env): Promise<void> {
  for (const application of APPLICATIONS) {
    const record = { v: 1, application, scope: "write", id: application, created_at: "2026-01-01T00:00:00.000Z" };
    await env.KEYS.put(keyEntry(await hashKey(keyOf(application))), JSON.stringify(record));
  }
}

function keyOf(application: string): string {
  return `eye_w_${application.padEnd(22, "0")}`;
}
