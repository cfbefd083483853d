import { dirname } from "node:path";
import type { BatchRows } from "../../src/storage/rows";
import { migrate, startPlatform } from "../shared/local-platform.ts";
import { readWranglerSettings } from "../shared/wrangler-settings.ts";
import type { Asked, Order, Written } from "./worker.ts";

const WORKER = "asked";

export interface QueryPlatform {
  migrate(): Promise<void>;
  /** Writes batches one after the other. @returns bytes of the database then */
  write(into: "DB" | "COMPARED", batches: BatchRows[]): Promise<number>;
  ask(path: string, how: { runs: number; plans: boolean }): Promise<Asked>;
  stop(): Promise<void>;
}

/** workerd with the Worker that asks itself, over databases whose files lie in `storage` and stay there. */
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
        bindings: settings.vars,
        kvNamespaces: ["KEYS"],
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
    },
    // Both ends are this benchmark's own.
    write: async (into, batches) => ((await order({ do: "write", into, batches })) as Written).bytes,
    ask: async (path, how) => (await order({ do: "ask", path, ...how })) as Asked,
    stop: platform.stop,
  };
}
