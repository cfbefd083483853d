import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import { unpackId } from "../core/packed-id";
import { readerOf } from "../core/reader";
import { type Series, seriesOf } from "../counts/series";
import type { EventKey } from "../scan/event-order";
import { loadPayloads } from "./payloads";
import type { ScannedEvent } from "./scan-statements";

/** A stored event, with names instead of internal numbers. */
export interface FoundEvent {
  key: EventKey;
  session: string;
  application: string;
  category: string;
  name: string;
  occurredAt: Micros;
  receivedAt: Micros;
  id: string;
  /** JSON objects as text. */
  data: string;
  context: string | null;
  extra: string | null;
  visitor: string | null;
}

/**
 * Adds names and texts to scanned events, in their order: those of their dimension keys, and the contents that were not
 * read with their rows.
 */
export async function withNames(events: readonly ScannedEvent[]): Promise<FoundEvent[]> {
  const [payloads, series] = await Promise.all([
    loadPayloads(events.filter(({ data }) => data === null)),
    seriesOfEvents(events),
  ]);
  return events.map((event): FoundEvent => {
    const { key, database, seriesId, id, visitor } = event;
    const texts = series.get(database)?.get(seriesId);
    const { data, context, extra } = event.data === null ? (payloads.get(event) ?? event) : event;
    if (texts === undefined || data === null) {
      throw new Error(
        `Database ${database.index} lacks series ${seriesId} or the contents of an event that it listed.`,
      );
    }
    const { application, category, name } = typeOf(event, texts);
    // One literal: an export makes 50,000 of these a second, and spreading parts takes four times as long.
    return {
      key,
      session: unpackId(key.session),
      application,
      category,
      name,
      occurredAt: key.occurredAt,
      receivedAt: key.occurredAt + key.receivedAfter,
      id: unpackId(id),
      data,
      context,
      extra,
      visitor: visitor === null ? null : unpackId(visitor),
    };
  });
}

/** The type of an event. An event with an overflow key stores its type itself. */
function typeOf({ type }: ScannedEvent, series: Series): Pick<Series, "application" | "category" | "name"> {
  if (type === null) return series;
  const { application } = series;
  const [ownCategory, ownName]: [string, string] = JSON.parse(type);
  return { application, category: ownCategory, name: ownName };
}

/** The dimension keys of some events, by their database. */
async function seriesOfEvents(events: readonly ScannedEvent[]): Promise<Map<Database, Map<number, Series>>> {
  const ids = new Map<Database, Set<number>>();
  for (const { database, seriesId } of events) {
    const own = ids.get(database) ?? new Set();
    ids.set(database, own.add(seriesId));
  }
  const found = await Promise.all(
    [...ids].map(async ([database, own]) => [database, await seriesOf(database, readerOf(database), own)] as const),
  );
  return new Map(found);
}
