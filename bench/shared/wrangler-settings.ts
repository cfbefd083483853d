import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "smol-toml";
import * as v from "valibot";

export const ROOT = join(import.meta.dirname, "..", "..");

const SettingsSchema = v.object({
  compatibility_date: v.string(),
  vars: v.record(v.string(), v.union([v.string(), v.number()])),
  queues: v.object({
    producers: v.array(v.object({ binding: v.string(), queue: v.string() })),
    consumers: v.array(
      v.object({
        queue: v.string(),
        max_batch_size: v.number(),
        max_batch_timeout: v.number(),
        max_retries: v.number(),
        retry_delay: v.number(),
        dead_letter_queue: v.optional(v.string()),
      }),
    ),
  }),
  observability: v.object({ enabled: v.boolean(), head_sampling_rate: v.number() }),
});

/** The settings of the deployment that the benchmarks use, so that they measure what is deployed. */
export type WranglerSettings = v.InferOutput<typeof SettingsSchema>;

/** @throws Error if wrangler.toml lacks a setting whose local default differs from production */
export function readWranglerSettings(): WranglerSettings {
  return v.parse(SettingsSchema, parse(readFileSync(join(ROOT, "wrangler.toml"), "utf8")));
}

export function consumerOf(settings: WranglerSettings, queue: string): WranglerSettings["queues"]["consumers"][number] {
  const consumer = settings.queues.consumers.find((one) => one.queue === queue);
  if (consumer === undefined) throw new Error(`wrangler.toml has no consumer of ${queue}`);
  return consumer;
}
