import type { SessionEdge } from "../../model/questions/sessions/session-dimension";
import type { Micros } from "../../model/time/time";
import type { Tuple } from "./tuples/tuple-page";

/** The first or last event of a session, with its place in the order of events. */
export interface PlacedEdge extends SessionEdge {
  occurredAt: Micros;
  receivedAfter: number;
  tie: number;
}

/** A session assembled from its events. */
export interface SessionRecord {
  events: number;
  first: PlacedEdge;
  last: PlacedEdge;
  /** Usually one or none. */
  visitors: string[];
}

/** Assembles sessions from their events, which may come in any order. */
export function collectSessions() {
  const records = new Map<string, SessionRecord>();
  return {
    add(tuple: Tuple, text: string | null): void {
      const { occurredAt, receivedAfter, tie, application, category, name, session, visitor } = tuple;
      const record = records.get(session);
      const visitors = visitor === null ? [] : [visitor];
      if (record === undefined) {
        const edge = { occurredAt, receivedAfter, tie, application, category, name, text };
        records.set(session, { events: 1, first: edge, last: edge, visitors });
        return;
      }
      record.events += 1;
      if (visitor !== null && !record.visitors.includes(visitor)) record.visitors.push(visitor);
      const isFirst = compare(tuple, record.first) < 0;
      if (!isFirst && compare(tuple, record.last) < 0) return;
      const edge = { occurredAt, receivedAfter, tie, application, category, name, text };
      if (isFirst) record.first = edge;
      else record.last = edge;
    },
    records: (): SessionRecord[] => [...records.values()],
  };
}

type Place = Pick<PlacedEdge, "occurredAt" | "receivedAfter" | "tie">;

/** The order of a session's events: see docs/adr/0003-order.md. */
function compare(a: Place, b: Place): number {
  return a.occurredAt - b.occurredAt || a.receivedAfter - b.receivedAfter || a.tie - b.tie;
}
