import * as v from "valibot";
import { startPlatform } from "../../../shared/local-platform.ts";
import { readWranglerSettings } from "../../../shared/wrangler-settings.ts";
import type { OtherLayout } from "./other-layout.ts";

/** Executes a statement in one of its databases and returns what D1 says about it. */
const WORKER = `export default {
  async fetch(request, env) {
    const { database, sql } = await request.json();
    const { results, meta } = await env[database].prepare(sql).all();
    return Response.json({ results, rowsRead: meta.rows_read, ms: meta.duration });
  },
};`;

const ExecutedSchema = v.object({
  results: v.array(v.record(v.string(), v.unknown())),
  rowsRead: v.number(),
  ms: v.number(),
});

export type Executed = v.InferOutput<typeof ExecutedSchema>;

export interface LayoutPlatform {
  execute(layout: OtherLayout, sql: string): Promise<Executed>;
  stop(): Promise<void>;
}

/** A database for each layout in the same D1 as The Eye's, so that rows are counted alike. */
export async function startLayoutPlatform(storage: string, layouts: readonly OtherLayout[]): Promise<LayoutPlatform> {
  const { miniflare, stop } = await startPlatform({
    resourcePersistencePath: storage,
    workers: [
      {
        name: "layouts",
        modules: true,
        script: WORKER,
        compatibilityDate: readWranglerSettings().compatibility_date,
        d1Databases: layouts.map(({ name }) => name),
      },
    ],
  });
  return {
    async execute({ name }, sql) {
      const response = await miniflare.dispatchFetch("http://localhost/", {
        method: "POST",
        body: JSON.stringify({ database: name, sql }),
      });
      if (!response.ok) throw new Error(`${name}: ${await response.text()}`);
      return v.parse(ExecutedSchema, await response.json());
    },
    stop,
  };
}
