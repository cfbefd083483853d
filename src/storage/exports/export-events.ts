import type { Database } from "../core/databases";
import type { SeriesFilter } from "../counts/series";
import { type FoundEvent, findEvents, inWords } from "../events/find-events";
import type { ScannedEvent } from "../events/scan-statements";
import { isTableGone } from "../partitions/known-partitions";
import { compareEventKeys, type EventKey, type EventRange } from "../scan/event-order";
import { readSource, sourcesOf } from "./event-source";
import { mergeSources } from "./merge-sources";

/** Which events to export, oldest first. Filters combine; null matches any. */
export interface ExportQuestion extends SeriesFilter {
  session: string | null;
  range: EventRange & { order: "asc" };
  /** The most events to export. */
  limit: number;
}

/** A batch of the events, and how far the export has got with it. */
export interface ExportedEvents {
  rows: FoundEvent[];
  /** Where an export that stops here continues; null if nothing is left. */
  next: EventKey | null;
}

/** Contents of the events that are resolved at a time, in characters. */
const MAX_CONTENT = 2_000_000;

/** Events in a page of a filtered export. */
const PAGE_SIZE = 5_000;

/** Pages of one filtered export. A page makes about ten queries, and D1 limits an invocation to 1,000. */
const MAX_PAGES = 80;

/**
 * Reads events in the order of their keys, oldest first, in batches. Without filters each event is read about once;
 * with filters they are read in pages by `findEvents`. It may end before the range does; the last `next` is then not
 * null.
 *
 * @throws DrizzleQueryError
 */
export async function* exportEvents(databases: Database[], question: ExportQuestion): AsyncGenerator<ExportedEvents> {
  const { session, category, name, applications } = question;
  const isFiltered = [session, category, name, applications].some((filter) => filter !== null);
  yield* isFiltered ? exportPages(databases, question) : exportAll(databases, question);
}

async function* exportPages(databases: Database[], question: ExportQuestion): AsyncGenerator<ExportedEvents> {
  let { range, limit: left } = question;
  for (let pages = 0; pages < MAX_PAGES && left > 0; pages++) {
    const page = await findEvents(databases, { ...question, range, limit: Math.min(left, PAGE_SIZE) });
    yield page;
    if (page.next === null) return;
    left -= page.rows.length;
    range = { ...range, after: page.next };
  }
}

async function* exportAll(databases: Database[], { range, limit }: ExportQuestion): AsyncGenerator<ExportedEvents> {
  const sources = sourcesOf(databases).map((source) => readSource(databases, source, range));
  const compare = (a: ScannedEvent, b: ScannedEvent) => compareEventKeys(a.key, b.key);
  let left = limit;
  let last: EventKey | null = null;
  for await (const rows of mergeSources(sources, compare)) {
    if (left === 0) return;
    for (const some of byContent(rows.slice(0, left))) {
      const words = await wordsOf(databases, some, { ...range, after: last ?? range.after });
      last = some.at(-1)?.key ?? last;
      yield { rows: words, next: last };
    }
    if (rows.length > left) return;
    left -= rows.length;
  }
  yield { rows: [], next: null };
}

/** Adds names and texts to events. If a partition was sealed since they were read, they are read again. */
async function wordsOf(
  databases: Database[],
  some: readonly ScannedEvent[],
  range: ExportQuestion["range"],
): Promise<FoundEvent[]> {
  try {
    return (await inWords([...some])).sort((a, b) => compareEventKeys(a.key, b.key));
  } catch (thrown) {
    if (!isTableGone(thrown)) throw thrown;
  }
  const anything = { session: null, category: null, name: null, applications: null };
  const end = some.at(-1)?.key;
  const words: FoundEvent[] = [];
  for (let after = range.after; end !== undefined; ) {
    const to = end.occurredAt;
    const page = await findEvents(databases, { ...anything, range: { ...range, to, after }, limit: PAGE_SIZE });
    words.push(...page.rows.filter(({ key }) => compareEventKeys(key, end) <= 0));
    if (page.next === null || compareEventKeys(page.next, end) >= 0) break;
    after = page.next;
  }
  return words;
}

/** Splits events into parts whose contents stay below MAX_CONTENT, with at least one event each. */
function* byContent(rows: readonly ScannedEvent[]): Generator<ScannedEvent[]> {
  let part: ScannedEvent[] = [];
  let content = 0;
  for (const row of rows) {
    if (part.length > 0 && content + row.size > MAX_CONTENT) {
      yield part;
      part = [];
      content = 0;
    }
    part.push(row);
    content += row.size;
  }
  if (part.length > 0) yield part;
}
