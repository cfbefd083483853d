import type { Database } from "../../../src/storage/core/databases";
import { packId } from "../../../src/storage/core/packed-id";
import { findEvents } from "../../../src/storage/events/find-events";
import { compareEventKeys, type EventKey, type Order } from "../../../src/storage/scan/event-order";
import type { EventFound, Tables } from "./tables";

/** Small, so that pages end within lanes, windows and equal timestamps. */
const PAGE_SIZE = 4;

/**
 * Reads everything page by page, like users, in both directions, and each session separately. Returns where the order
 * differs from (occurrence, receipt, session, tie).
 */
export async function readingProblems(databases: Database[], { lanes }: Tables, sessions: string[]): Promise<string[]> {
  const events = lanes.flatMap((lane) => lane.events).sort((a, b) => compareEventKeys(keyOf(a), keyOf(b)));
  const problems: string[] = [];
  for (const session of [null, ...sessions]) {
    const expected = events.filter((row) => session === null || row.session === session).map(placeOf);
    for (const order of ["asc", "desc"] as const) {
      const found = await readAll(databases, session, order, expected.length);
      const wanted = order === "asc" ? expected : expected.toReversed();
      if (found.join() !== wanted.join()) {
        problems.push(`${session ?? "everything"} ${order} reads as ${found}, expected ${wanted}`);
      }
    }
  }
  return problems;
}

function keyOf({ occurredAt, receivedAt, session, tie }: EventFound): EventKey {
  return { occurredAt, receivedAfter: receivedAt - occurredAt, session: packId(session), tie };
}

function placeOf({
  session,
  occurredAt,
  receivedAt,
  id,
}: Pick<EventFound, "session" | "occurredAt" | "receivedAt" | "id">) {
  return `${session} ${occurredAt} ${receivedAt} ${id}`;
}

async function readAll(databases: Database[], session: string | null, order: Order, most: number): Promise<string[]> {
  const found: string[] = [];
  const filter = { session, category: null, name: null, applications: null };
  let after: EventKey | null = null;
  do {
    const range = { order, from: null, to: null, after };
    const page: Awaited<ReturnType<typeof findEvents>> = await findEvents(databases, {
      ...filter,
      range,
      limit: PAGE_SIZE,
    });
    found.push(...page.rows.map(placeOf));
    after = page.next;
  } while (after !== null && found.length <= most);
  return found;
}
