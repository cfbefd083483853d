import type { V4MiniflareOptions } from "miniflare";
import type { WranglerSettings } from "./wrangler-settings.ts";

type WorkerOptions = NonNullable<Extract<V4MiniflareOptions, { workers: unknown }>["workers"]>[number];

/** The bindings of The Eye as wrangler.toml has them, but for its databases: without any of them it says that it is misconfigured. */
export function workerBindings(settings: WranglerSettings) {
  return {
    bindings: settings.vars,
    kvNamespaces: ["KEYS"],
    r2Buckets: ["ARCHIVE"],
    durableObjects: { SESSIONS: { className: "Session", useSQLite: true } },
    queueProducers: Object.fromEntries(
      settings.queues.producers.map(({ binding, queue }) => [binding, { queueName: queue }]),
    ),
    // No benchmark asks for the files of the API reference.
    serviceBindings: { ASSETS: () => new Response(null, { status: 404 }) },
  } satisfies Partial<WorkerOptions>;
}
