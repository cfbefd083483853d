import { createApp } from "../../src/api/app";
import { hashKey, keyEntry } from "../../src/api/keys";
import type { BatchRows } from "../../src/storage/rows";
import { writeBatch } from "../../src/storage/write-batch";
import { type AskedStatement, type MeteredDatabase, meteredDatabase } from "./metered-database.ts";

// wrangler.toml names it, so the bundle must have it; nothing calls it here.
export { SessionGroup as Session } from "../../src/pipeline/session-group";

/** What bench/queries.ts asks of the Worker. */
export type Order =
  | { do: "write"; into: "DB" | "COMPARED"; batches: BatchRows[] }
  | { do: "ask"; path: string; runs: number; plans: boolean };

export interface Asked {
  status: number;
  body: { results?: unknown[]; next?: string | null; total?: number };
  /** What one request asked of D1, in an isolate that has met the series before. */
  statements: AskedStatement[];
  /** Milliseconds of each run, from the request to its answer. */
  wallMs: number[];
}

/** Bytes of a database after a write. */
export interface Written {
  bytes: number;
}

type BenchEnv = Env & { COMPARED: D1Database };

const KEY = `eye_r_${"0".repeat(22)}`;
const app = createApp();
let meter: MeteredDatabase | undefined;

/** The Worker's own handlers, asked from inside, with D1 between them and a meter. */
export default {
  async fetch(request, env, ctx): Promise<Response> {
    const order = await request.json<Order>();
    if (order.do === "write") {
      const binding = order.into === "DB" ? env.DB : env.COMPARED;
      for (const rows of order.batches) await writeBatch({ index: 0, binding }, rows);
      const { meta } = await binding.prepare("SELECT 1").all();
      return Response.json({ bytes: meta.size_after } satisfies Written);
    }
    const record = { v: 1, application: "bench", scope: "read", id: "bench", created_at: "2026-01-01T00:00:00.000Z" };
    await env.KEYS.put(keyEntry(await hashKey(KEY)), JSON.stringify(record));
    const ask = (over: Env) => {
      const asked = new Request(new URL(order.path, "http://localhost"), {
        headers: { Authorization: `Bearer ${KEY}` },
      });
      return app.fetch(asked, over, ctx);
    };
    // One for the isolate's life: what storage remembers of a database hangs on its binding.
    meter ??= meteredDatabase(env.DB);
    const metered = { ...env, DB: meter.database };
    await (await ask(metered)).text();
    await meter.statementsSinceLast(0, false);
    const answer = await ask(metered);
    const body = await answer.json<Asked["body"]>();
    const wallMs: number[] = [];
    for (let run = 0; run < order.runs; run++) {
      const from = performance.now();
      await (await ask(env)).text();
      wallMs.push(performance.now() - from);
    }
    const statements = await meter.statementsSinceLast(order.runs, order.plans);
    return Response.json({ status: answer.status, body, statements, wallMs } satisfies Asked);
  },
} satisfies ExportedHandler<BenchEnv>;
