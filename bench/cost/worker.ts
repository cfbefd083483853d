// Imported first: it replaces the clock that the modules below keep a reference to.
import "./virtual-clock.ts";

import type { Micros } from "../../src/model/time/time";
import { readStorageSettings, saveStorageSettings } from "../../src/storage/admin/storage-settings";
import { databasesOf, firstDatabase } from "../../src/storage/core/databases";
import { addCommonCategories } from "../../src/storage/partitions/partition-records";
import { isolatePartitions } from "../../src/storage/partitions/partition-store";
import { HOT_DAYS } from "./compaction-bill.ts";
import { type ConsumerSettings, type Delivery, deliveriesOf } from "./deliveries.ts";
import { type Message, MeteredService } from "./metered-service.ts";
import type { Scenario } from "./scenarios.ts";
import { type Compaction, type Probe, type Run, rowsWritten, type Tally } from "./tally.ts";
import { CATEGORIES, requestsOf } from "./traffic.ts";
import { START_MS, setClock } from "./virtual-clock.ts";
import { writeKeys } from "./write-keys.ts";

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

/** Errors stay for 15 days at least: see compaction-settings.ts. They are moved hour by hour. */
const ERRORS_LEAVE_MS = 16 * 86_400_000;

const DAY_MS = 86_400_000;

/** The probe's traffic is a day after the scenario's, in a separate partition. */
const PROBE_OFFSET_MS = DAY_MS;

/** The real Worker, run by the meter, which sends the traffic from inside and replaces the queue. */
export default {
  async fetch(request, env, ctx): Promise<Response> {
    const order = await request.json<Order>();
    await writeKeys(env);
    const meter = new Meter(env, new MeteredService(env, ctx));
    await meter.makePartitions(order);
    const run = await meter.run(order);
    const probe = await meter.probe(order);
    const compaction = await meter.compact(run.stored);
    return Response.json({ run, probe, compaction } satisfies Answer);
  },
} satisfies ExportedHandler<Env>;

class Meter {
  private emptyBytes = 0;
  private filledBytes = 0;

  constructor(
    private readonly real: Env,
    private readonly service: MeteredService,
  ) {}

  /**
   * Partitions are created ahead, as by the cron. The day before has the common categories that the days of the traffic
   * inherit.
   */
  async makePartitions({ scenario }: Order): Promise<void> {
    const [before, traffic, probe] = [-DAY_MS, 0, PROBE_OFFSET_MS].map((offset) => (START_MS + offset) * 1_000);
    if (before === undefined || traffic === undefined || probe === undefined) return;
    setClock(before / 1_000);
    const map = await isolatePartitions(this.service.env).covering([before]);
    const first = map.find(before);
    if (scenario.inherits && first !== null) {
      await addCommonCategories(firstDatabase(databasesOf(this.service.env)), first, CATEGORIES, 0);
    }
    await isolatePartitions(this.service.env).covering([traffic]);
    setClock(START_MS);
    this.emptyBytes = await this.service.databaseBytes();
    this.service.reset();
  }

  async run({ scenario, settings }: Order): Promise<Run> {
    const requests = requestsOf(scenario, START_MS);
    const refused = await this.service.send(requests);
    await this.service.deliver(deliveriesOf(this.service.taken, settings));
    this.filledBytes = await this.service.databaseBytes();
    const partition = (await isolatePartitions(this.real).latest()).find(START_MS * 1_000);
    const events = `events_${partition?.id}`;
    return {
      tally: { ...this.service.tally },
      sent: requests.reduce((sum, { events: own }) => sum + own.length, 0),
      stored: await this.service.countRows(`SELECT count(*) AS n FROM ${events}`),
      failed: await this.service.countRows("SELECT count(*) AS n FROM errors"),
      rare: await this.service.countRows(`SELECT count(*) AS n FROM ${events} WHERE rare IS NOT NULL`),
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
    const partition = await this.service.rowsOf(async () => {
      await isolatePartitions(this.service.env).covering([now]);
    });
    // The first run may record common categories, once for each partition.
    await this.service.maintain(now);
    const upkeep = await this.service.rowsOf(() => this.service.maintain(now));

    const single = { ...scenario, eventsPerRequest: 1, sessionsPerRequest: 1, invalidEvery: 0 };
    const requests = requestsOf(single, START_MS + PROBE_OFFSET_MS, scenario.sessions);
    const statements: Probe["statements"] = [];
    const deliveries: Delivery<Message>[] = [];
    for (const messages of [1, ...sizes]) {
      this.service.reset();
      await this.service.send(requests.splice(0, messages), PROBE_OFFSET_MS);
      const delivery = { atMs: PROBE_OFFSET_MS, messages: this.service.taken };
      deliveries.push(delivery);
      await this.service.deliver([delivery]);
      if (deliveries.length > 1) statements.push({ messages, statements: this.service.tally.databaseStatements });
    }
    this.service.reset();
    await this.service.deliver(deliveries, 2);
    return {
      statements,
      redeliveredRows: this.service.tally.objectRows + rowsWritten(this.service.tally),
      partition,
      upkeep,
    };
  }

  /** Moves the run's partition to the archive after the hot window, then runs one check with nothing to do. */
  async compact(stored: number): Promise<Compaction> {
    const first = firstDatabase(databasesOf(this.real));
    const { settings } = await readStorageSettings(first);
    await saveStorageSettings(first, { ...settings, hot_days: HOT_DAYS }, START_MS * 1_000);
    const own = await this.service.partitionAt(START_MS);
    // The day before has an empty partition.
    const empty = await this.dropped(START_MS - DAY_MS, HOT_DAYS * DAY_MS);
    const move = await this.dropped(START_MS, (HOT_DAYS + 1) * DAY_MS);
    this.service.reset();
    await this.service.wakeCompactor();
    const look = { ...this.service.tally };
    const errors = await this.movedErrors();
    const archivedErrors = await this.service.countRows(
      "SELECT sum(rows) AS n FROM archive_files WHERE kind = 'errors'",
    );
    const sum = (column: string) =>
      this.service.countRows(`SELECT sum(${column}) AS n FROM archive_files WHERE partition_id = ${own?.id}`);
    const archived = await sum("rows");
    return {
      ...{ move, empty, look, archived, errors, archivedErrors },
      hotBytes: (this.filledBytes - this.emptyBytes) / stored,
      archivedBytes: (await sum("bytes")) / archived,
      // Three numbers beside the entries.
      indexBytes: (await this.service.countRows("SELECT sum(length(entries) + 16) AS n FROM archive_index")) / archived,
    };
  }

  /** The operations until the partition of a time is dropped. */
  private async dropped(momentMs: number, afterMs: number): Promise<Tally> {
    this.service.reset();
    for (let minutes = 0; (await this.service.partitionAt(momentMs))?.state !== "dropped"; minutes += 6) {
      if (minutes > 600) throw new Error(`the compactor does not finish: ${this.service.lastLine}`);
      this.service.atMs = afterMs + minutes * 60_000;
      setClock(START_MS + this.service.atMs);
      await this.service.wakeCompactor();
    }
    return { ...this.service.tally };
  }

  /** What it takes until no error is left in the databases. */
  private async movedErrors(): Promise<Tally> {
    this.service.reset();
    const count = "SELECT count(*) AS n FROM errors";
    for (let minutes = 0; (await this.service.countRows(count)) > 0; minutes += 6) {
      if (minutes > 600) throw new Error(`errors stay in the databases: ${this.service.lastLine}`);
      this.service.atMs = ERRORS_LEAVE_MS + minutes * 60_000;
      setClock(START_MS + this.service.atMs);
      await this.service.wakeCompactor();
    }
    return { ...this.service.tally };
  }
}
