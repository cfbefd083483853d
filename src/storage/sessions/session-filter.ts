import { type SQL, sql } from "drizzle-orm";
import { matchesFilter, valueText } from "../../model/event/property-value";
import type { PropertyFilter } from "../../model/questions/stats-dimension";
import type { Database } from "../core/databases";
import { storedId } from "../core/packed-id";
import type { SeriesFilter } from "../counts/series";
import { loadPayloads } from "../events/payloads";
import type { ScannedEvent } from "../events/scan-statements";
import { valuePasses } from "../events/value-condition";
import { wantedSeries } from "../events/wanted-series";

/** What one event of a session must be for the session to be listed. Null and empty: any. */
export interface SessionFilter extends SeriesFilter {
  /** Values as they were sent, without templates. */
  properties: readonly PropertyFilter[];
  visitor: string | null;
}

/** A session with any event. */
export const ANY_SESSION: SessionFilter = {
  ...{ category: null, name: null, applications: null },
  properties: [],
  visitor: null,
};

/** Both inclusive; null: without end. */
export interface Within {
  least: number | null;
  most: number | null;
}

/** How many events a session must have in the range, and how long it must last from the first of these to the last. */
export interface SessionSize {
  events: Within;
  /** In microseconds. */
  micros: Within;
}

/** True if a filter leaves no session out. */
export function isAnySession({ category, name, applications, properties, visitor }: SessionFilter): boolean {
  return category === null && name === null && applications === null && properties.length === 0 && visitor === null;
}

/** The condition on an event `e` that it matches a filter, by database. Those that are left out hold no such event. */
export async function conditionsOf(
  databases: readonly Database[],
  filter: SessionFilter,
): Promise<ReadonlyMap<Database, SQL>> {
  if (isAnySession(filter)) return new Map(databases.map((database) => [database, sql`true`]));
  const own: SQL[] = filter.properties.map(({ property, ...values }) => valuePasses(property.path, values));
  if (filter.visitor !== null) own.push(sql`e.visitor_id = ${storedId(filter.visitor)}`);
  const isOfType = filter.category !== null || filter.name !== null || filter.applications !== null;
  const found = await Promise.all(
    databases.map(async (database): Promise<[Database, SQL][]> => {
      if (!isOfType) return [[database, sql.join(own, sql` AND `)]];
      const { ids, matches } = await wantedSeries(database, filter);
      return ids.length === 0 ? [] : [[database, sql.join([matches, ...own], sql` AND `)]];
    }),
  );
  return new Map(found.flat());
}

/** Those of some events whose properties pass. Long payloads are looked up. */
export async function withProperties(
  events: readonly ScannedEvent[],
  filters: readonly PropertyFilter[],
): Promise<readonly ScannedEvent[]> {
  if (filters.length === 0) return events;
  const payloads = await loadPayloads(events.filter(({ data }) => data === null));
  return events.filter((event) => {
    const payload: unknown = JSON.parse(event.data ?? payloads.get(event)?.data ?? "{}");
    return filters.every((filter) => matchesFilter(filter, valueText(memberAt(payload, filter.property.path))));
  });
}

function memberAt(payload: unknown, path: readonly string[]): unknown {
  let member = payload;
  for (const key of path) {
    if (typeof member !== "object" || member === null || Array.isArray(member)) return undefined;
    member = Object.getOwnPropertyDescriptor(member, key)?.value;
  }
  return member;
}
