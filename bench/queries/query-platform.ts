import { dirname } from "node:path";
import type { Partition } from "../../src/storage/partitions/partition";
import type { ErrorRow, EventRow } from "../../src/storage/write/rows";
import { migrate, startPlatform } from "../shared/local-platform.ts";
import { workerBindings } from "../shared/worker-bindings.ts";
import { readWranglerSettings } from "../shared/wrangler-settings.ts";
import { APPLICATIONS } from "./data/catalogue.ts";
import type { Asked, Binding, Order, Scanned, Written } from "./worker.ts";

const WORKER = "asked";

export interface QueryPlatform {
  migrate(): Promise<void>;
  makePartitions(into: Binding, partitions: readonly Partition[]): Promise<void>;
  /**
   * Writes batches in sequence, each into the partitions of its events. @returns the size of the database in bytes
   * afterwards
   */
  writeEvents(into: Binding, batches: EventRow[][]): Promise<number>;
  writeErrors(into: Binding, rows: ErrorRow[]): Promise<void>;
  /** Sends one request without measuring. */
  scan(path: string): Promise<Scanned>;
  ask(path: string, how: { runs: number; plans: boolean }): Promise<Asked>;
  stop(): Promise<void>;
}

/** workerd with the Worker that queries itself, with databases whose files are in `storage` and stay there. */
export async function startQueryPlatform(storage: string, script: string): Promise<QueryPlatform> {
  const settings = readWranglerSettings();
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
    scan: async (path) => (await order({ do: "walk", path })) as Scanned,
    ask: async (path, how) => (await order({ do: "ask", path, ...how })) as Asked,
    stop: platform.stop,
  };
}
