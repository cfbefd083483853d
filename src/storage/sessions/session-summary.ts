import { sql } from "drizzle-orm";
import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import { MAX_EVENTS_COUNTED } from "../core/read-limits";
import { readerOf } from "../core/reader";
import { unionAll } from "../core/union-all";
import { isOfApplications, seriesOf } from "../counts/series";
import { type EventQuestion, scanFiltered } from "../events/filtered-scan";
import { withPartitions } from "../partitions/known-partitions";
import type { PartitionMap } from "../partitions/partition-map";
import { type EventKey, type EventRange, integer } from "../scan/event-order";
import { readAll } from "../scan/lane-chains";
import type { Page } from "../scan/partial-page";
import { sessionTerm } from "../scan/scan-terms";
import { lanesOfSessions, type SessionLane, timesIn } from "./session-times";

export interface SessionSummary {
  firstEventAt: Micros;
  lastEventAt: Micros;
  /** MAX_EVENTS_COUNTED + 1 if the session has more than MAX_EVENTS_COUNTED, visible or not. */
  events: number;
  /** The applications of the counted events, in alphabetical order. */
  applications: string[];
}

/**
 * A whole session, over all partitions that hold it, or null if none does. Counts at most MAX_EVENTS_COUNTED events.
 *
 * @param visible only events of these applications; null for all
 *
 * @throws DrizzleQueryError
 */
export function summariseSession(
  databases: Database[],
  session: string,
  visible: readonly string[] | null,
): Promise<SessionSummary | null> {
  return withPartitions(databases, async (map) => {
    if (visible !== null) return summariseVisible(databases, map, session, visible);
    const lanes = await lanesOfSessions(databases, map, [session]);
    const [times, { events, applications }] = await Promise.all([timesIn(lanes), countEvents(lanes, session)]);
    const known = times.get(session);
    return known === undefined ? null : { ...known, events, applications };
  });
}

/** Summarises the events of some applications in a session as if they were all of it. */
async function summariseVisible(
  databases: Database[],
  map: PartitionMap,
  session: string,
  visible: readonly string[],
): Promise<SessionSummary | null> {
  const lanes = await lanesOfSessions(databases, map, [session]);
  if (lanes.length === 0) return null;
  const edge = (order: "asc" | "desc") => firstVisible(databases, map, { session, applications: visible }, order);
  const [first, last, counted] = await Promise.all([edge("asc"), edge("desc"), countEvents(lanes, session, visible)]);
  return first === null || last === null ? null : { firstEventAt: first, lastEventAt: last, ...counted };
}

/** Pages that are read to find the first event of some applications in a session. */
const MAX_FIRST_EVENT_PAGES = 5;

async function firstVisible(
  databases: Database[],
  map: PartitionMap,
  only: Pick<EventQuestion, "session" | "applications">,
  order: "asc" | "desc",
): Promise<Micros | null> {
  let after: EventKey | null = null;
  for (let page = 0; page < MAX_FIRST_EVENT_PAGES; page++) {
    const range: EventRange = { order, from: null, to: null, after };
    const { rows, next }: Page<{ key: EventKey }, EventKey> = await scanFiltered(databases, map, {
      ...{ category: null, name: null, limit: 1, range },
      ...only,
    });
    if (rows[0] !== undefined) return rows[0].key.occurredAt;
    if (next === null) return null;
    after = next;
  }
  return null;
}

/** Lanes that are counted in one statement. */
const LANES_AT_ONCE = 5;

/** Counts a session's events, a few lanes at a time: for a long session, the first few are enough. */
async function countEvents(
  lanes: readonly SessionLane[],
  session: string,
  visible: readonly string[] | null = null,
): Promise<Pick<SessionSummary, "events" | "applications">> {
  const applications = new Set<string>();
  let [examined, events] = [0, 0];
  for (let start = 0; start < lanes.length && examined <= MAX_EVENTS_COUNTED; start += LANES_AT_ONCE) {
    const some = lanes.slice(start, start + LANES_AT_ONCE);
    const byDatabase = [...Map.groupBy(some, ({ lane }) => lane.database)];
    const most = MAX_EVENTS_COUNTED + 1 - examined;
    const results = await readAll<{ examined: number; events: number; series: string | null }>(
      byDatabase.map(([database, own]) => ({ database, statement: countStatement(own, session, { most, visible }) })),
    );
    for (const [place, [database]] of byDatabase.entries()) {
      const [counted] = results[place] ?? [];
      examined += counted?.examined ?? 0;
      events += counted?.events ?? 0;
      const ids = (counted?.series ?? "").split(",").filter((id) => id !== "");
      const series = await seriesOf(database, readerOf(database), ids.map(Number));
      for (const { application } of series.values()) applications.add(application);
    }
  }
  return {
    events: examined > MAX_EVENTS_COUNTED ? MAX_EVENTS_COUNTED + 1 : events,
    applications: [...applications].sort(),
  };
}

/** Does not sort, and does not use GROUP BY: D1 bills every sorted row once more. */
function countStatement(
  lanes: readonly SessionLane[],
  session: string,
  { most, visible }: { most: number; visible: readonly string[] | null },
) {
  const terms = lanes.map(({ lane }) => {
    const { from } = sessionTerm(lane, { order: "asc", from: null, to: null, after: null }, session);
    return sql`SELECT * FROM (SELECT e.series_id AS series_id ${from} LIMIT ${integer(most)})`;
  });
  const isVisible = isOfApplications(sql`series_id`, visible);
  return sql`SELECT count(*) AS examined, count(*) FILTER (WHERE ${isVisible}) AS events,
      group_concat(DISTINCT series_id) FILTER (WHERE ${isVisible}) AS series
    FROM (${unionAll(terms)} LIMIT ${integer(most)})`;
}
