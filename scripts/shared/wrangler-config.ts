import { readFileSync } from "node:fs";
import { parse } from "smol-toml";
import * as v from "valibot";

const ConfigSchema = v.object({
  name: v.string(),
  d1_databases: v.pipe(v.array(v.object({ binding: v.string(), database_name: v.string() })), v.minLength(1)),
  queues: v.object({ producers: v.array(v.object({ queue: v.string() })) }),
  vars: v.record(v.string(), v.unknown()),
  r2_buckets: v.optional(v.array(v.object({ binding: v.string(), bucket_name: v.string() })), []),
});

/** The parts of wrangler.toml that the scripts need. */
export interface WranglerConfig {
  /** The Worker's name. */
  name: string;
  /** In the order of the file. */
  databases: { binding: string; name: string }[];
  /** The names of the queues that the Worker sends to: all queues. */
  queues: string[];
  /** The names of its settings. */
  settings: string[];
  /** The bucket of the archive; null if none is bound. */
  archiveBucket: string | null;
}

/** @throws Error that names what is missing in the file. */
export function parseWranglerConfig(toml: string): WranglerConfig {
  const result = v.safeParse(ConfigSchema, parse(toml));
  if (!result.success) {
    const [issue] = result.issues;
    throw new Error(`wrangler.toml: ${v.getDotPath(issue) ?? "the file"}: ${issue.message}`);
  }
  return {
    name: result.output.name,
    databases: result.output.d1_databases.map((database) => ({
      binding: database.binding,
      name: database.database_name,
    })),
    queues: result.output.queues.producers.map(({ queue }) => queue),
    settings: Object.keys(result.output.vars),
    archiveBucket: result.output.r2_buckets.find(({ binding }) => binding === "ARCHIVE")?.bucket_name ?? null,
  };
}

export function readWranglerConfig(path: string): WranglerConfig {
  return parseWranglerConfig(readFileSync(path, "utf8"));
}
