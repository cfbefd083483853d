import { hashKey } from "../../src/http/auth/keys";
import eye from "../../src/index";
import { keyEntry } from "../../src/model/keys/access-key";
import type { Micros } from "../../src/model/time/time";
import { placeRows } from "../../src/pipeline/place-rows";
import type { Database } from "../../src/storage/core/databases";
import { loadPartitionMap, NO_PARTITIONS } from "../../src/storage/partitions/partition-records";
import { createTables } from "../../src/storage/partitions/partition-tables";
import { declareProperties } from "../../src/storage/properties/declared-properties";
import { rollUpProperties } from "../../src/storage/properties/roll-up";
import { rollUpSessions } from "../../src/storage/session-counts/roll-up-sessions";
import type { ErrorRow, EventRow } from "../../src/storage/write/rows";
import { writeBatch } from "../../src/storage/write/write-batch";
import { type AskedStatement, type MeteredDatabase, meteredDatabase } from "./metered-database.ts";

// wrangler.toml names this class, so the bundle must have it; nothing calls it here.
export { Session } from "../../src/session/session-object";

/** The request of bench/queries.ts to the Worker. */
export type Order =
  | { do: "make partitions"; into: Binding; partitions: MadePartition[] }
  | { do: "write events"; into: Binding; batches: EventRow[][] }
  | { do: "write errors"; into: Binding; rows: ErrorRow[] }
  | { do: "declare"; properties: DeclaredText[]; now: Micros }
  | { do: "roll up"; now: Micros }
  | ({ do: "walk" } & SentQuery)
  | ({ do: "ask"; runs: number; plans: boolean } & SentQuery);

/** A request of the interface: with a body it is sent as POST. */
export interface SentQuery {
  path: string;
  body?: unknown;
}

/** A property of an event type that is counted from its declaration on. */
export interface DeclaredText {
  category: string;
  name: string;
  path: string;
}

export type Binding = "DB" | "COMPARED";

/** A partition, with the values of its row in the map. */
export interface MadePartition {
  id: number;
  from: number;
  to: number;
  databases: string;
  slotMicros: number;
  /** JSON: common categories. */
  common: string;
}

/** A page of an answer. */
export interface Scanned {
  status: number;
  body: { results?: unknown[]; next?: string | null; total?: number };
}

export interface Asked extends Scanned {
  /** The statements of one request, in an isolate that knows the series. */
  statements: AskedStatement[];
  /** Milliseconds of each run, from the request to its answer. */
  wallMs: number[];
}

/** What a run of the cron has counted: hours of declared properties, and windows of sessions. */
export interface RolledUp {
  hours: number;
  windows: number;
}

/** Bytes of a database after a write. */
export interface Written {
  bytes: number;
}

type BenchEnv = Env & { COMPARED: D1Database };

const KEY = `eye_r_${"0".repeat(22)}`;
let meter: MeteredDatabase | undefined;
/** Stored once, because a write of each run would be measured too. */
let stored: Promise<void> | undefined;

/** The Worker's real handlers, called from inside, with a metered D1. */
export default {
  async fetch(request, env, ctx): Promise<Response> {
    const order = await request.json<Order>();
    if (order.do === "declare") {
      for (const { category, name, path } of order.properties) {
        await declareProperties(
          { index: 0, binding: env.DB },
          { category, name },
          [{ path, kind: "text", template: null }],
          order.now,
        );
      }
      return Response.json({});
    }
    if (order.do === "roll up") {
      const databases = [{ index: 0, binding: env.DB }];
      const { hours } = await rollUpProperties(databases, order.now);
      const { windows } = await rollUpSessions(databases, order.now);
      return Response.json({ hours, windows } satisfies RolledUp);
    }
    if (order.do !== "ask" && order.do !== "walk") {
      const database = { index: 0, binding: order.into === "DB" ? env.DB : env.COMPARED };
      await carryOut(order, database);
      const { meta } = await database.binding.prepare("SELECT 1").all();
      return Response.json({ bytes: meta.size_after } satisfies Written);
    }
    stored ??= storeKey(env.KEYS);
    await stored;
    const ask = (over: Env) => {
      const asked = new Request(new URL(order.path, "http://localhost"), {
        headers: { Authorization: `Bearer ${KEY}` },
        ...(order.body === undefined ? {} : { method: "POST", body: JSON.stringify(order.body) }),
      });
      return eye.fetch(asked, over, ctx);
    };
    if (order.do === "walk") {
      const answer = await ask(env);
      return Response.json({ status: answer.status, body: await answer.json<Scanned["body"]>() } satisfies Scanned);
    }
    // One for the life of the isolate, because the caches of storage are keyed by the binding.
    meter ??= meteredDatabase(env.DB);
    const metered = { ...env, DB: meter.database };
    await (await ask(metered)).text();
    meter.forget();
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

  // Steps of jobs.
  queue: eye.queue,
} satisfies ExportedHandler<BenchEnv>;

async function storeKey(keys: KVNamespace): Promise<void> {
  const record = { v: 1, application: "bench", scope: "read", id: "bench" };
  await keys.put(keyEntry(await hashKey(KEY)), JSON.stringify(record));
}

async function carryOut(order: Extract<Order, { into: Binding }>, database: Database): Promise<void> {
  if (order.do === "make partitions") await makePartitions(database, order.partitions);
  else if (order.do === "write errors") await writeBatch(database, { events: [], errors: order.rows, parts: [] });
  else {
    const map = await loadPartitionMap(database, NO_PARTITIONS);
    for (const events of order.batches) {
      for (const { rows } of placeRows(events, [], map)) await writeBatch(database, rows);
    }
  }
}

async function makePartitions(database: Database, partitions: MadePartition[]): Promise<void> {
  const { binding } = database;
  const insert = binding.prepare(`INSERT INTO partitions
    (partition_id, from_us, to_us, databases, slot_us, state, late, ready, common, created_at)
    VALUES (?1, ?2, ?3, ?4, ?5, 'open', 0, 1, ?6, ?2)`);
  for (const { id, from, to, databases, slotMicros, common } of partitions) {
    await createTables(database, String(id));
    await insert.bind(id, from, to, databases, slotMicros, common).run();
  }
  await binding.prepare("UPDATE revisions SET revision = revision + 1 WHERE name = 'partitions'").run();
}
