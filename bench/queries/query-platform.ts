import { dirname } from "node:path";
import type { Micros } from "../../src/model/time/time";
import type { Partition } from "../../src/storage/partitions/partition";
import type { ErrorRow, EventRow } from "../../src/storage/write/rows";
import { migrate, startPlatform } from "../shared/local-platform.ts";
import { workerBindings } from "../shared/worker-bindings.ts";
import { consumerOf, readWranglerSettings } from "../shared/wrangler-settings.ts";
import { APPLICATIONS } from "./data/catalogue.ts";
import type { Asked, Binding, DeclaredText, Order, RolledUp, Scanned, SentQuery, Written } from "./worker.ts";

const WORKER = "asked";
const JOBS = "the-eye-jobs";

export interface QueryPlatform {
  migrate(): Promise<void>;
  makePartitions(into: Binding, partitions: readonly Partition[]): Promise<void>;
  /**
   * Writes batches in sequence, each into the partitions of its events. @returns the size of the database in bytes
   * afterwards
   */
  writeEvents(into: Binding, batches: EventRow[][]): Promise<number>;
  writeErrors(into: Binding, rows: ErrorRow[]): Promise<void>;
  declare(properties: DeclaredText[], now: Micros): Promise<void>;
  /** Runs the cron's work for declared properties and sessions once. */
  rollUp(now: Micros): Promise<RolledUp>;
  /** Sends one request without measuring. */
  scan(query: SentQuery): Promise<Scanned>;
  ask(query: SentQuery, how: { runs: number; plans: boolean }): Promise<Asked>;
  stop(): Promise<void>;
}

/** workerd with the Worker that queries itself, with databases whose files are in `storage` and stay there. */
export async function startQueryPlatform(storage: string, script: string): Promise<QueryPlatform> {
  const settings = readWranglerSettings();
  const jobs = consumerOf(settings, JOBS);
  const platform = await startPlatform({
    resourcePersistencePath: storage,
    workers: [
      {
        name: WORKER,
        modules: true,
        scriptPath: script,
        modulesRoot: dirname(script),
        compatibilityDate: settings.compatibility_date,
        ...workerBindings(settings),
        // The real queue, so that the time of a job includes it.
        queueConsumers: {
          [JOBS]: { maxBatchSize: jobs.max_batch_size, maxBatchTimeout: jobs.max_batch_timeout },
        },
        d1Databases: ["DB", "COMPARED"],
      },
    ],
  });
  async function order(body: Order): Promise<unknown> {
    const response = await platform.miniflare.dispatchFetch("http://localhost/", {
      method: "POST",
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`the Worker failed: ${await response.text()}`);
    return response.json();
  }
  return {
    migrate: async () => {
      await migrate(platform.miniflare, "DB", WORKER);
      await migrate(platform.miniflare, "COMPARED", WORKER);
      // Filters accept only applications that exist, whether or not they have events.
      const registry = await platform.miniflare.getD1Database("DB", WORKER);
      const insert = registry.prepare("INSERT OR IGNORE INTO applications (name, created_at) VALUES (?, 0)");
      await registry.batch(APPLICATIONS.map(([name]) => insert.bind(name)));
    },
    // Both ends are part of this benchmark.
    writeEvents: async (into, batches) => ((await order({ do: "write events", into, batches })) as Written).bytes,
    writeErrors: async (into, rows) => {
      await order({ do: "write errors", into, rows });
    },
    makePartitions: async (into, partitions) => {
      const made = partitions.map(({ id, from, to, databases, slotMicros, common }) => ({
        ...{ id, from, to, slotMicros, databases: JSON.stringify(databases) },
        common: JSON.stringify(Object.fromEntries(common)),
      }));
      await order({ do: "make partitions", into, partitions: made });
    },
    declare: async (properties, now) => {
      await order({ do: "declare", properties, now });
    },
    rollUp: async (now) => (await order({ do: "roll up", now })) as RolledUp,
    scan: async (query) => (await order({ do: "walk", ...query })) as Scanned,
    ask: async (query, how) => (await order({ do: "ask", ...query, ...how })) as Asked,
    stop: platform.stop,
  };
}
