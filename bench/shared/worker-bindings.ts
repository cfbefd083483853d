import type { V4MiniflareOptions } from "miniflare";
import type { WranglerSettings } from "./wrangler-settings.ts";

type WorkerOptions = NonNullable<Extract<V4MiniflareOptions, { workers: unknown }>["workers"]>[number];

/** The bindings of wrangler.toml, except the databases. If one is missing, the service answers that it is misconfigured. */
export function workerBindings(settings: WranglerSettings) {
  return {
    bindings: settings.vars,
    kvNamespaces: ["KEYS"],
    r2Buckets: ["ARCHIVE"],
    durableObjects: { SESSIONS: { className: "Session", useSQLite: true } },
    queueProducers: Object.fromEntries(
      settings.queues.producers.map(({ binding, queue }) => [binding, { queueName: queue }]),
    ),
    // No benchmark requests the files of the API reference.
    serviceBindings: { ASSETS: () => new Response(null, { status: 404 }) },
  } satisfies Partial<WorkerOptions>;
}
