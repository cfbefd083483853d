import type { Micros } from "../../model/time/time";
import type { ArchiveBucket } from "../archive/archive-bucket";
import { MAX_COLD_READS } from "../archive/cold-events";
import { coldPartitions } from "../archive/cold-files";
import { ReadBudget, RecentGroups } from "../archive/file/file-reader";
import type { Database } from "../core/databases";
import type { SeriesFilter } from "../counts/series";
import { findEvents } from "../events/find-events";
import { type FoundEvent, withNames } from "../events/named-events";
import type { ScannedEvent } from "../events/scan-statements";
import { isTableGone, withPartitions } from "../partitions/known-partitions";
import type { PartitionMap } from "../partitions/partition-map";
import { compareEventKeys, type EventKey, type EventRange, startOf } from "../scan/event-order";
import { partitionsLeft } from "../scan/scan-partitions";
import { PartitionMoved, readSource, sourcesOf } from "./event-source";
import { mergeSources } from "./merge-sources";

/** Which events to export, oldest first. Filters combine; null matches any. */
export interface ExportQuestion extends SeriesFilter {
  session: string | null;
  range: EventRange & { order: "asc" };
  /** The most events to export. */
  limit: number;
}

/** A batch of exported events, and where the export continues. */
export interface ExportedEvents {
  rows: FoundEvent[];
  /** Where an export that stops here continues; null if nothing is left. */
  next: EventKey | null;
}

/** Contents of the events whose names and texts are added at a time, in characters. */
const MAX_CONTENT = 2_000_000;

/** Events in a page of a filtered export, and of the archive. */
const PAGE_SIZE = 5_000;

/** Pages of one export. A page makes some ten queries, and an invocation may make 1,000 (D1's limit). */
const MAX_PAGES = 80;

/** The most reads of R2 of one export. */
const MAX_READS = 800;

/** The pages and reads that one export has left. */
interface Allowance {
  pages: number;
  reads: ReadBudget;
}

/**
 * Reads the events of the databases and the archive in batches, in the order of their keys, oldest first. Without filters, each
 * event of the databases is read about once. With filters, and from the archive, events are read in pages of `findEvents`. An
 * export may end before its range does; the last `next` is then not null.
 *
 * @throws DrizzleQueryError
 */
export async function* exportEvents(
  databases: Database[],
  question: ExportQuestion,
  archive: ArchiveBucket | null = null,
): AsyncGenerator<ExportedEvents> {
  const { session, category, name, applications } = question;
  const isFiltered = [session, category, name, applications].some((filter) => filter !== null);
  const allowance: Allowance = { pages: MAX_PAGES, reads: new ReadBudget(MAX_READS) };
  if (isFiltered) yield* exportPages({ databases, archive }, question, allowance);
  else if (archive === null) yield* exportHot({ databases, archive }, question);
  else yield* exportSegments({ databases, archive }, question, allowance);
}

interface Sources {
  databases: Database[];
  archive: ArchiveBucket | null;
}

/** Exports the range in segments that are all in the databases or all in the archive. Partitions never overlap in time. */
async function* exportSegments(
  sources: Sources,
  question: ExportQuestion,
  allowance: Allowance,
): AsyncGenerator<ExportedEvents> {
  let { range, limit: left } = question;
  for (;;) {
    const segment = await withPartitions(sources.databases, async (map) => nextSegment(map, range));
    const behind = segment.end === null ? null : startOf(segment.end);
    const own = { ...question, limit: left, range: segment.end === null ? range : { ...range, to: segment.end - 1 } };
    const parts = segment.isCold ? exportPages(sources, own, allowance) : exportHot(sources, own);
    let next: EventKey | null = null;
    try {
      for await (const part of parts) {
        next = part.next;
        left -= part.rows.length;
        range = { ...range, after: next ?? behind };
        yield { rows: part.rows, next: next ?? behind };
      }
    } catch (thrown) {
      // The remaining events of the segment are now in the archive.
      if (thrown instanceof PartitionMoved) continue;
      throw thrown;
    }
    if (next !== null || behind === null || left === 0) return;
  }
}

/** The segment at the start of the range: partitions that are all in the databases, or all in the archive. */
function nextSegment(map: PartitionMap, range: EventRange): { isCold: boolean; end: Micros | null } {
  const partitions = partitionsLeft(map, range);
  const cold = new Set(coldPartitions(map, range));
  const [first] = partitions;
  if (first === undefined) return { isCold: false, end: null };
  const other = partitions.find((partition) => cold.has(partition) !== cold.has(first));
  return { isCold: cold.has(first), end: other?.from ?? null };
}

async function* exportPages(
  { databases, archive }: Sources,
  question: ExportQuestion,
  allowance: Allowance,
): AsyncGenerator<ExportedEvents> {
  let { range, limit: left } = question;
  const recent = new RecentGroups();
  while (allowance.pages > 0 && allowance.reads.left >= MAX_COLD_READS && left > 0) {
    allowance.pages -= 1;
    const budget = new ReadBudget(MAX_COLD_READS, recent);
    const limit = Math.min(left, PAGE_SIZE);
    const page = await findEvents(databases, { ...question, range, limit }, archive, budget);
    allowance.reads.reads += budget.reads;
    yield page;
    if (page.next === null) return;
    left -= page.rows.length;
    range = { ...range, after: page.next };
  }
  // No page or read was left, so nothing was read.
  if (range === question.range) yield { rows: [], next: beginning(range) };
}

/** A place before all wanted events. */
function beginning({ after, from }: ExportQuestion["range"]): EventKey {
  return after ?? startOf(from ?? 0);
}

async function* exportHot(
  { databases, archive }: Sources,
  { range, limit }: ExportQuestion,
): AsyncGenerator<ExportedEvents> {
  const sources = sourcesOf(databases, archive !== null).map((source) => readSource(databases, source, range));
  const compare = (a: ScannedEvent, b: ScannedEvent) => compareEventKeys(a.key, b.key);
  let left = limit;
  let last: EventKey | null = null;
  for await (const rows of mergeSources(sources, compare)) {
    if (left === 0) return;
    for (const some of byContent(rows.slice(0, left))) {
      const words = await wordsOf({ databases, archive }, some, { ...range, after: last ?? range.after });
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
  { databases, archive }: Sources,
  some: readonly ScannedEvent[],
  range: ExportQuestion["range"],
): Promise<FoundEvent[]> {
  try {
    return await withNames(some);
  } catch (thrown) {
    if (!isTableGone(thrown)) throw thrown;
  }
  const anything = { session: null, category: null, name: null, applications: null };
  const end = some.at(-1)?.key;
  const words: FoundEvent[] = [];
  for (let after = range.after; end !== undefined; ) {
    const to = end.occurredAt;
    const question = { ...anything, range: { ...range, to, after }, limit: PAGE_SIZE };
    const page = await findEvents(databases, question, archive);
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
