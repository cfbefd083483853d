import { DurableObject } from "cloudflare:workers";
import { createTables } from "../../../src/storage/partitions/partition-tables";

interface Bindings {
  EVENTS: { send(body: unknown): Promise<unknown> };
  SESSIONS: { getByName(name: string): { accept(): Promise<void> } };
  DB: D1Database;
}

interface Sent {
  session_id: string;
  data: unknown;
}

/** The same name as that of The Eye's first partition. */
const SUFFIX = "1";

const SLOT_MS = 4_000;

const INSERT = `
INSERT INTO events_${SUFFIX} (slot, sample_key, session_id, occurred_at, tie, received_after, series_id, id, data)
SELECT value ->> 0, 0, unhex(value ->> 1, '-'), value ->> 0, value ->> 2, 0, 1, '', value ->> 3 FROM json_each(?1)`;

let number = 0;
let tables: Promise<void> | null = null;

/** An object that does nothing. */
export class Session extends DurableObject<Bindings> {
  async accept(): Promise<void> {}
}

/**
 * The baseline of the pipeline: a consumer that only groups by session, calls an empty object for each session, and inserts
 * all events with one statement into the same table. It validates, orders, deduplicates, counts and retries nothing.
 */
export default {
  async fetch(request: Request, env: Bindings): Promise<Response> {
    await env.EVENTS.send(await request.json());
    return new Response(null, { status: 202 });
  },

  async queue(batch: { messages: readonly { body: Sent | Sent[] }[] }, env: Bindings): Promise<void> {
    tables ??= createTables({ index: 0, binding: env.DB }, SUFFIX);
    await tables;
    const events = batch.messages.flatMap(({ body }) => body);
    const sessions = Map.groupBy(events, (event) => event.session_id);
    await Promise.all([...sessions.keys()].map((id) => env.SESSIONS.getByName(id).accept()));
    const slot = Math.floor(Date.now() / SLOT_MS);
    const rows = events.map((event) => [slot, event.session_id, number++, JSON.stringify(event.data)]);
    // D1 accepts strings of up to 2 MB.
    const statements = [];
    for (let from = 0; from < rows.length; from += 4_000) {
      statements.push(env.DB.prepare(INSERT).bind(JSON.stringify(rows.slice(from, from + 4_000))));
    }
    await env.DB.batch(statements);
  },
};
