import { sql } from "drizzle-orm";
import { compareTexts } from "../../model/compare-texts";
import type { Database } from "../core/databases";
import { MAX_SUMMARY_GROUPS } from "../core/read-limits";
import { readerOf } from "../core/reader";
import { categories, failures, series } from "../core/tables";
import type { CountSource } from "../counts/count-tables";
import { sumBySeries } from "../counts/counts";
import { receiptSources } from "../counts/receipt-counts";
import { EVERY_FAILURE } from "../write/failure-counts";
import { type FailingType, type FailureQuestion, type Group, groupsIn, within } from "./failure-groups";

/** A group of failures with the traffic of its type. */
export interface FailureGroup extends Group {
  /** All events of the type that were received in the range. */
  failed: number;
  stored: number;
}

/**
 * The most frequent failures in a range. Reads only counts: the aggregate rows of failures in the range, and the
 * buckets of the stored events. Exact, unless one of several databases has more than MAX_SUMMARY_GROUPS groups.
 *
 * @returns at most `limit` groups, and whether these are all
 * @throws what D1 throws
 */
export async function sumUpFailures(
  databases: Database[],
  question: FailureQuestion,
): Promise<{ groups: FailureGroup[]; complete: boolean }> {
  const readers = databases.map(readerOf);
  const found = await Promise.all(readers.map((reader) => groupsIn(reader, question)));
  const merged = [...Map.groupBy(found.flat(), identityOf).values()].map(mergeGroups);
  const groups = merged.sort((a, b) => b.events - a.events || compareTexts(identityOf(a), identityOf(b)));
  const complete = groups.length <= question.limit && found.every((rows) => rows.length < MAX_SUMMARY_GROUPS);
  const shown = groups.slice(0, question.limit);

  const types = [...new Map(shown.map((group) => [typeOf(group), group])).values()];
  const totals = await Promise.all(receiptSources(databases).map((source) => totalsIn(source, types, question)));
  return {
    complete,
    groups: shown.map((group) => {
      const place = types.findIndex((type) => typeOf(type) === typeOf(group));
      const sum = (kind: "failed" | "stored") =>
        totals.reduce((all, { [kind]: numbers }) => all + (numbers.get(place) ?? 0), 0);
      return { ...group, failed: sum("failed"), stored: sum("stored") };
    }),
  };
}

function identityOf(group: Group): string {
  return JSON.stringify([typeOf(group), group.code, group.path]);
}

function typeOf({ application, category, name }: FailingType): string {
  return JSON.stringify([application, category, name]);
}

/** Merges the parts of a group from several databases. */
function mergeGroups(parts: Group[]): Group {
  const newest = parts.reduce((a, b) => (b.lastAt > a.lastAt ? b : a));
  const byPlace = Map.groupBy(
    parts.flatMap(({ steps }) => steps),
    ({ place }) => place,
  );
  const steps = [...byPlace]
    .map(([place, same]) => ({ place, events: same.reduce((sum, { events }) => sum + events, 0) }))
    .sort((a, b) => a.place - b.place);
  const events = parts.reduce((sum, part) => sum + part.events, 0);
  return { ...newest, steps, events, firstAt: Math.min(...parts.map(({ firstAt }) => firstAt)) };
}

/** The numbers of failed and stored events of each type, by the type's place in the list. */
async function totalsIn(
  source: CountSource,
  types: FailingType[],
  question: FailureQuestion,
): Promise<{ failed: Map<number, number>; stored: Map<number, number> }> {
  if (types.length === 0) return { failed: new Map(), stored: new Map() };
  const reader = readerOf(source.database);
  const wanted = JSON.stringify(types.map(({ application, category, name }) => [application, category, name]));
  const { seconds, first, last } = question;
  const failed = await reader.all<FailingType & { events: number }>(sql`
    SELECT application, category, name, sum(${failures.events}) AS events FROM ${failures}
    WHERE ${within(question, [EVERY_FAILURE])} AND (application, category, name) IN
      (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(${wanted}))
    GROUP BY application, category, name`);
  // Failures without a category have no traffic to compare with: the dimension key of category '' is the overflow of
  // all types.
  const members = await reader.all<{ place: number; seriesId: number }>(sql`
    SELECT wanted.key AS place, s.series_id AS seriesId
    FROM json_each(${wanted}) AS wanted
    CROSS JOIN ${categories} AS c ON c.category = wanted.value ->> 1 AND c.category <> ''
    CROSS JOIN ${series} AS s
      ON s.category_id = c.category_id AND s.name = wanted.value ->> 2 AND s.application = wanted.value ->> 0`);
  const stored = await sumBySeries(
    source,
    { seconds, first, last },
    members.map(({ seriesId }) => seriesId),
  );
  const places = new Map(types.map((type, place) => [typeOf(type), place]));
  return {
    failed: new Map(failed.map((row) => [places.get(typeOf(row)) ?? -1, row.events])),
    // A type of one application is one dimension key.
    stored: new Map(members.map(({ place, seriesId }) => [Number(place), stored.get(seriesId) ?? 0])),
  };
}
