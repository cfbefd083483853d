import { type SQL, sql } from "drizzle-orm";
import { payloadPasses } from "../../model/questions/payload-filter";
import type { PropertyFilter } from "../../model/questions/stats-dimension";
import type { Micros } from "../../model/time/time";
import { ANY_ARCHIVED, type ColdFilter } from "../archive/cold-scan";
import type { Database } from "../core/databases";
import { storedId } from "../core/packed-id";
import type { SeriesFilter } from "../counts/series";
import { loadPayloads } from "../events/payloads";
import type { ScannedEvent } from "../events/scan-statements";
import { valuePasses } from "../events/value-condition";
import { wantedSeries } from "../events/wanted-series";

/** A session is listed if one of its events matches all of these. Null and empty match any. */
export interface SessionFilter extends SeriesFilter {
  /** Values as they were sent, without templates. */
  properties: readonly PropertyFilter[];
  visitor: string | null;
}

/** Matches every session. */
export const ANY_SESSION: SessionFilter = {
  ...{ category: null, name: null, applications: null },
  properties: [],
  visitor: null,
};

/** Both inclusive; null for no limit. */
export interface Within {
  least: number | null;
  most: number | null;
}

/** How many events a session must have in the range, and the time from the first of these to the last. */
export interface SessionSize {
  events: Within;
  /** In microseconds. */
  micros: Within;
}

/** True if a filter matches every session. */
export function isAnySession({ category, name, applications, properties, visitor }: SessionFilter): boolean {
  return category === null && name === null && applications === null && properties.length === 0 && visitor === null;
}

/** True if nothing names the archived files in which a filter may match: a scan would read all of them. */
export function isUnguided({ category, name, applications, properties, visitor }: SessionFilter): boolean {
  return properties.length > 0 && [category, name, applications, visitor].every((given) => given === null);
}

/** The same filter for archived events. */
export function coldFilterOf(filter: SessionFilter, asOf: Micros): ColdFilter {
  return { ...ANY_ARCHIVED, ...filter, receivedUntil: asOf };
}

/** The condition that an event `e` matches a filter, by database. Databases without such events are left out. */
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

/** Returns the events whose properties pass the filters. Looks up long payloads. */
export async function withProperties(
  events: readonly ScannedEvent[],
  filters: readonly PropertyFilter[],
): Promise<readonly ScannedEvent[]> {
  if (filters.length === 0) return events;
  const payloads = await loadPayloads(events.filter(({ data }) => data === null));
  return events.filter((event) => {
    const payload: unknown = JSON.parse(event.data ?? payloads.get(event)?.data ?? "{}");
    return payloadPasses(payload, filters);
  });
}
