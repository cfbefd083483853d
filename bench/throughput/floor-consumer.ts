import { DurableObject } from "cloudflare:workers";

interface Bindings {
  EVENTS: { send(body: unknown): Promise<unknown> };
  SESSIONS: { getByName(name: string): { accept(): Promise<void> } };
  DB: D1Database;
  /** Among how many objects the sessions are divided; 0: each has its own. */
  OBJECTS: number;
}

interface Sent {
  session_id: string;
  data: unknown;
}

const INSERT = `
INSERT INTO events (occurred_at, received_after, session_id, sequence, category_id, series_id, opens, id, data)
SELECT value ->> 0, 0, value ->> 1, 1, 1, 1, 0, '', value ->> 2 FROM json_each(?1)`;

let number = 0;

/** An object that does nothing. */
export class Session extends DurableObject<Bindings> {
  async accept(): Promise<void> {}
}

/**
 * The floor of the pipeline: a consumer that only groups by session, calls an empty object for each (or for each share of
 * all sessions), and inserts all events with one statement into the same table. Nothing is checked, known again, ordered,
 * counted or retried.
 */
export default {
  async fetch(request: Request, env: Bindings): Promise<Response> {
    await env.EVENTS.send(await request.json());
    return new Response(null, { status: 202 });
  },

  async queue(batch: { messages: readonly { body: Sent | Sent[] }[] }, env: Bindings): Promise<void> {
    const events = batch.messages.flatMap(({ body }) => body);
    const objects = new Set(
      [...Map.groupBy(events, (event) => event.session_id).keys()].map((id) => objectOf(id, env)),
    );
    await Promise.all([...objects].map((object) => env.SESSIONS.getByName(object).accept()));
    const rows = events.map((event) => [number++, event.session_id, JSON.stringify(event.data)]);
    // D1 takes strings up to 2 MB.
    const statements = [];
    for (let from = 0; from < rows.length; from += 4_000) {
      statements.push(env.DB.prepare(INSERT).bind(JSON.stringify(rows.slice(from, from + 4_000))));
    }
    await env.DB.batch(statements);
  },
};

function objectOf(session: string, { OBJECTS: objects }: Bindings): string {
  if (objects === 0) return session;
  let hash = 0;
  for (let i = 0; i < session.length; i++) hash = (31 * hash + session.charCodeAt(i)) | 0;
  return `share-${Math.abs(hash) % objects}`;
}
