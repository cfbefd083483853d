import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import type { V4MiniflareOptions } from "miniflare";
import { LOCAL_KEYS, localKeyRecords } from "../../scripts/start/local-keys.ts";
import type { BuiltWorker } from "../shared/build-worker.ts";
import { migrate, startPlatform } from "../shared/local-platform.ts";
import { workerBindings } from "../shared/worker-bindings.ts";
import { workerdProcesses } from "../shared/workerd-processes.ts";
import { consumerOf, readWranglerSettings, type WranglerSettings } from "../shared/wrangler-settings.ts";
import type { FormatName } from "./formats.ts";

/** A Worker that accepts events over HTTP, in a separate workerd process. */
export interface Target {
  name: string;
  url: string;
  key: string;
  /** The format of its requests. */
  format: FormatName;
  /** CPU time of workerd; null if it is not known. */
  pid: number | null;
  /** The address of the inspector, if it was requested. */
  inspector: URL | null;
  /** Rows that can be read now. */
  progress(): Promise<{ stored: number; failed: number }>;
  /** Empties the tables. */
  clear(): Promise<void>;
  stop(): Promise<void>;
}

type WorkerOptions = NonNullable<Extract<V4MiniflareOptions, { workers: unknown }>["workers"]>[number];

/** Every target uses the queue and settings of the deployment. */
const QUEUE = "the-eye-events";

/** The Eye as deployed. With `sink`, its messages go to a consumer that discards them, to measure only ingest. */
export function theEye(built: BuiltWorker, sink: boolean, inspectorPort?: number): Promise<Target> {
  const settings = readWranglerSettings();
  const dead = "the-eye-dead-letters";
  const worker: WorkerOptions = {
    modules: true,
    scriptPath: built.script,
    modulesRoot: built.folder,
    ...workerBindings(settings),
    queueConsumers: { ...(sink ? {} : consumer(settings, QUEUE)), ...consumer(settings, dead) },
  };
  return startTarget("The Eye", worker, settings, { sink, inspectorPort });
}

/** One service, which gets requests in the format of Segment and in its own. */
export async function bothFormats(built: BuiltWorker): Promise<Target[]> {
  const native = { ...(await theEye(built, true)), name: "native batch" };
  return [{ ...native, name: "Segment batch", format: "segment", stop: async () => {} }, native];
}

/** A baseline of ingest, from its file beside this one. Its messages go to a consumer that discards them. */
export function baseline(name: string, file: string, has: { queue: boolean }): Promise<Target> {
  const worker: WorkerOptions = {
    modules: true,
    script: scriptOf(file),
    ...(has.queue ? { queueProducers: { EVENTS: { queueName: QUEUE } } } : {}),
  };
  return startTarget(name, worker, readWranglerSettings(), { sink: has.queue, inspectorPort: undefined });
}

/** The baseline of the pipeline. It is bundled, because it creates its table like The Eye. */
export function bareConsumer(built: BuiltWorker): Promise<Target> {
  const settings = readWranglerSettings();
  const worker: WorkerOptions = {
    modules: true,
    scriptPath: built.script,
    modulesRoot: built.folder,
    durableObjects: { SESSIONS: { className: "Session", useSQLite: true } },
    queueProducers: { EVENTS: { queueName: QUEUE } },
    queueConsumers: consumer(settings, QUEUE),
  };
  return startTarget("bare consumer", worker, settings, { sink: false, inspectorPort: undefined });
}

/**
 * An old partition whose common categories the partitions of the run inherit, like all partitions of a service except its
 * first.
 */
const EARLIER_PARTITION =
  `INSERT INTO partitions (from_us, to_us, databases, slot_us, state, late, ready, common, created_at) VALUES
(0, 900000000, '[0]', 4000000, 'dropped', 0, 1, '{"page interaction":0,"form interaction":0}', 0)`.replaceAll(
    "\n",
    " ",
  );

/** A consumer's settings in Miniflare's names. */
interface LocalConsumer {
  maxBatchSize: number;
  maxBatchTimeout: number;
  maxRetries: number;
  retryDelay: number;
}

function consumer(settings: WranglerSettings, queue: string): Record<string, LocalConsumer> {
  const { max_batch_size, max_batch_timeout, max_retries, retry_delay } = consumerOf(settings, queue);
  return {
    [queue]: {
      maxBatchSize: max_batch_size,
      maxBatchTimeout: max_batch_timeout,
      maxRetries: max_retries,
      retryDelay: retry_delay,
    },
  };
}

function scriptOf(file: string): string {
  return stripTypeScriptTypes(readFileSync(join(import.meta.dirname, "workers", file), "utf8"));
}

async function startTarget(
  name: string,
  worker: WorkerOptions,
  settings: WranglerSettings,
  { sink, inspectorPort }: { sink: boolean; inspectorPort: number | undefined },
): Promise<Target> {
  const before = workerdProcesses();
  // A separate socket: requests reach the Worker without the development server's entry.
  const shared = {
    compatibilityDate: settings.compatibility_date,
    d1Databases: { DB: "bench" },
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
  };
  const beside: WorkerOptions[] = [{ ...shared, name: "probe", modules: true, script: scriptOf("probe-worker.ts") }];
  if (sink) {
    const forgets = { modules: true, script: scriptOf("sink.ts"), queueConsumers: consumer(settings, QUEUE) };
    beside.push({ ...shared, name: "sink", ...forgets });
  }
  const { miniflare: platform, stop } = await startPlatform({
    ...(inspectorPort === undefined ? {} : { inspectorPort }),
    workers: [{ ...shared, name: "target", ...worker }, ...beside],
  });
  await migrate(platform, "DB", "target");
  await (await platform.getD1Database("DB", "target")).exec(EARLIER_PARTITION);
  if (worker.kvNamespaces !== undefined) {
    const keys = await platform.getKVNamespace("KEYS", "target");
    for (const { key, value } of localKeyRecords()) await keys.put(key, value);
  }
  const [pid = null] = [...workerdProcesses()].filter((one) => !before.has(one));
  const url = await platform.unsafeGetDirectURL("target");
  const probe = await platform.unsafeGetDirectURL("probe");
  return {
    name,
    url: String(url),
    key: LOCAL_KEYS.write,
    format: "native",
    pid,
    inspector: inspectorPort === undefined ? null : await platform.getInspectorURL(),
    progress: async () => (await (await fetch(probe)).json()) as { stored: number; failed: number },
    clear: async () => {
      await fetch(probe, { method: "DELETE" });
    },
    stop,
  };
}
