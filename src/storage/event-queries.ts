import { eq, type SQL } from "drizzle-orm";
import type { Micros } from "../model/time";
import type { Database } from "./databases";
import { type ScannedEvent, scanEvents, scanEventsOfSeries } from "./event-scan";
import { scanGuided } from "./guided-scan";
import { compareEventKeys, type EventKey, type EventRange, withinRange } from "./order";
import { storedId, unpackId } from "./packed-id";
import { loadPayloads } from "./payloads";
import { MAX_PAGE_CONTENT, MAX_ROWS_EXAMINED } from "./read-limits";
import { type Reader, readerOf } from "./reader";
import { categoryIdOf, matchingSeries, type Series, type SeriesFilter, seriesIdsIn, seriesOf } from "./series";
import { cutByBytes, inDirection, mergeStretches, type Page, type Stretch } from "./stretch";
import { events } from "./tables";

/** Which events to list. Filters combine; null: any. */
export interface EventQuestion extends SeriesFilter {
  session: string | null;
  range: EventRange;
  /** Events in a page at most. */
  limit: number;
}

/** An event as it is stored, in words. */
export interface FoundEvent {
  key: EventKey;
  session: string;
  sequence: number;
  application: string;
  category: string;
  name: string;
  occurredAt: Micros;
  receivedAt: Micros;
  id: string;
  /** A JSON object as text. */
  data: string;
  visitor: string | null;
  /** A JSON object as text, or null if the event has none. */
  context: string | null;
  /** The members that the format does not name: a JSON object as text, or null if there are none. */
  extra: string | null;
}

/** A scanned event and the database that it lies in. */
interface Placed extends ScannedEvent {
  home: number;
}

/**
 * One page of the events of all databases, in the order of (occurrence, receipt, session, sequence).
 *
 * - By session: that session's index; category, name and application are then left over, and a page looks at
 *   MAX_ROWS_EXAMINED of the session's events at most.
 * - By category or time alone: that index, one row read for each row returned.
 * - By name or application: see guided-scan.ts.
 *
 * A page ends early when its payloads pass MAX_PAGE_CONTENT.
 *
 * @throws what D1 throws
 */
export async function findEvents(databases: Database[], question: EventQuestion): Promise<Page<FoundEvent, EventKey>> {
  const sources = databases.map((database, home) => ({ database, home, reader: readerOf(database) }));
  const stretches = await Promise.all(
    sources.map(async ({ reader, home }): Promise<Stretch<Placed, EventKey>> => {
      const { rows, until } = await scan(reader, question);
      return { rows: rows.map((row) => ({ ...row, home })), until };
    }),
  );
  const direction = inDirection(compareEventKeys, question.range.order);
  const page = cutByBytes(mergeStretches(stretches, direction, question.limit), ({ size }) => size, MAX_PAGE_CONTENT);
  const parts = await Promise.all(
    sources.map(({ database, home, reader }) =>
      inWords(
        database,
        reader,
        page.rows.filter((row) => row.home === home),
      ),
    ),
  );
  return { rows: parts.flat().sort((a, b) => direction(a.key, b.key)), next: page.next };
}

async function scan(reader: Reader, question: EventQuestion): Promise<Stretch<ScannedEvent, EventKey>> {
  const { session, category, name, application, range, limit } = question;
  const { order } = range;
  const where: SQL[] = withinRange(range);
  if (session !== null) {
    where.push(eq(events.sessionId, storedId(session)));
    if (category === null && name === null && application === null) return scanEvents(reader, { where, order, limit });
    const wanted = numbersOf(await matchingSeries(reader, question));
    if (wanted.length === 0) return { rows: [], until: null };
    return scanEventsOfSeries(reader, { where, order, limit }, wanted, MAX_ROWS_EXAMINED);
  }
  if (name === null && application === null) {
    if (category !== null) where.push(eq(events.categoryId, categoryIdOf(category)));
    return scanEvents(reader, { where, order, limit });
  }
  const series = await matchingSeries(reader, question);
  const categories = new Set(series.map(({ categoryId }) => categoryId));
  const [categoryId = null] = categories.size === 1 ? categories : [];
  const wanted = numbersOf(series);
  if (wanted.length === 0) return { rows: [], until: null };
  const among = await seriesIdsIn(reader, categoryId);
  if (among.length > wanted.length) return scanGuided(reader, { range, limit, wanted, categoryId, among });
  // The filter leaves nothing out, so the index of the category, or of time, is the answer's own.
  if (categoryId !== null) where.push(eq(events.categoryId, categoryId));
  return scanEvents(reader, { where, order, limit });
}

function numbersOf(series: Series[]): number[] {
  return series.map(({ seriesId }) => seriesId);
}

/** Gives scanned events of one database their texts: what their series stand for, and the payloads left behind. */
async function inWords(database: Database, reader: Reader, rows: Placed[]): Promise<FoundEvent[]> {
  const [series, payloads] = await Promise.all([
    seriesOf(
      database,
      reader,
      rows.map(({ seriesId }) => seriesId),
    ),
    loadPayloads(
      reader,
      rows.filter(({ data }) => data === null).map(({ key }) => key),
    ),
  ]);
  return rows.map(({ key, seriesId, id, data }) => {
    const texts = series.get(seriesId);
    const payload = data ?? payloads.get(key);
    if (texts === undefined || payload === undefined) {
      throw new Error(`Database ${database.index} lacks series ${seriesId} or the payload of an event that it listed.`);
    }
    const { application, category, name } = texts;
    return {
      key,
      session: unpackId(key.session),
      sequence: key.sequence,
      application,
      category,
      name,
      occurredAt: key.occurredAt,
      receivedAt: key.occurredAt + key.receivedAfter,
      id: unpackId(id),
      data: payload,
      visitor: null,
      context: null,
      extra: null,
    };
  });
}
