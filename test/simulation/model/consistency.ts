import { createHash } from "node:crypto";
import { EVENT_CODE_NAMES } from "../../../src/model/codes";
import { tieOf } from "../../../src/model/event/event-key";
import { CODE_BITS } from "../../../src/storage/core/error-codes";
import type { Partition } from "../../../src/storage/partitions/partition";
import { sampleKeyOf } from "../../../src/storage/partitions/sample-key";
import { add, type Counts, type DatabaseTables, type EventFound, type LaneTables, type Tables } from "../world/tables";

const WINDOW = 900_000_000;

/**
 * Checks what must hold after every transaction, whatever is still in progress: every event is in its place, and activity,
 * visits and counts match the events. Returns a description of every difference.
 */
export function inconsistencies(tables: Tables, partitions: readonly Partition[]): string[] {
  const replayed = new Set(
    // A replay keeps the receipt. An error that was resolved with an event of another receipt found it stored.
    tables.databases.flatMap(({ errors }) =>
      errors.map((one) => `${one.resolvedSession} ${one.resolvedEventId} ${one.receivedAt}`),
    ),
  );
  return [
    ...mapProblems(partitions),
    ...tables.lanes.flatMap((lane) => laneProblems(lane, partitions)),
    ...tables.databases.flatMap((one) => {
      const events = tables.lanes
        .filter(({ database, kind }) => database === one.database && kind !== "late")
        .flatMap((lane) => lane.events);
      const all = tables.lanes.filter(({ database }) => database === one.database).flatMap((lane) => lane.events);
      return [...countProblems(one, events), ...receiptProblems(one, all, replayed), ...failureProblems(one)];
    }),
  ];
}

function mapProblems(partitions: readonly Partition[]): string[] {
  return partitions.flatMap(({ id, from, to }, place) => {
    const next = partitions[place + 1];
    return [
      ...(from < to && from % WINDOW === 0 && to % WINDOW === 0 ? [] : [`partition ${id}: from ${from} to ${to}`]),
      ...(next === undefined || to <= next.from ? [] : [`partitions ${id} and ${next.id} overlap`]),
    ];
  });
}

/** The database of a session, or of an error without a session, in a partition. */
export function expectedDatabase({ databases }: Partition, session: string): number {
  const hash = Number.parseInt(createHash("sha256").update(session).digest("hex").slice(0, 8), 16);
  return databases[hash % databases.length] ?? -1;
}

function laneProblems(lane: LaneTables, partitions: readonly Partition[]): string[] {
  const { database, events, activity, visits, minutes, kind } = lane;
  const name = `partition ${lane.partition} (${kind}) in DB_${database}`;
  const partition = partitions.find(({ id }) => id === lane.partition);
  if (partition === undefined) return [`${name}: is not in the map`];
  const problems = events.flatMap((row) => eventProblems(row, partition).map((problem) => `${name}: ${problem}`));
  if (kind === "archived") return problems;
  const isCounted = kind !== "late";
  return [
    ...problems,
    ...compare(`${name}: activity`, ones(windowsOf(events)), ones(activity)),
    ...compare(`${name}: visits`, ones(visitsOf(events)), ones(visits)),
    ...compareCounts(`${name}: minutes`, countsOf(isCounted ? events : [], 60), minutes),
  ];
}

function windowsOf(events: readonly EventFound[]): Set<string> {
  return new Set(events.map(({ session, occurredAt }) => `${session} ${Math.floor(occurredAt / WINDOW)}`));
}

function visitsOf(events: readonly EventFound[]): Set<string> {
  return new Set(events.flatMap(({ visitor, session }) => (visitor === null ? [] : [`${visitor} ${session}`])));
}

function eventProblems(row: EventFound, partition: Partition): string[] {
  const { session, id, occurredAt, receivedAt, category } = row;
  const since = partition.common.get(category) ?? Number.POSITIVE_INFINITY;
  const isRight =
    partition.from <= occurredAt &&
    occurredAt < partition.to &&
    row.database === expectedDatabase(partition, session) &&
    row.slot === Math.floor(occurredAt / partition.slotMicros) &&
    row.sampleKey === sampleKeyOf(session) &&
    row.tie === tieOf(id) &&
    row.isRare === receivedAt < since;
  return isRight ? [] : [`does not belong here: ${JSON.stringify(row)}`];
}

function countProblems({ database, counts, hours }: DatabaseTables, events: readonly EventFound[]): string[] {
  const hoursOf = new Set(events.map((row) => `${seriesOf(row)} ${bucketOf(row, 3600)}`));
  return [
    ...[3600, 86400].flatMap((seconds) =>
      compareCounts(`counts by ${seconds} s in DB_${database}`, countsOf(events, seconds), counts.get(String(seconds))),
    ),
    ...compare(`hours of series in DB_${database}`, ones(hoursOf), ones(hours)),
  ];
}

/**
 * Receipts are counted when an event is stored, in a late lane too, unless a replay stored it. This cannot be checked while a late
 * lane has rows that are also in the archive.
 */
function receiptProblems(
  { database, receipts }: DatabaseTables,
  all: readonly EventFound[],
  replayed: ReadonlySet<string>,
): string[] {
  if (new Set(all.map(({ session, occurredAt, tie }) => `${session} ${occurredAt} ${tie}`)).size < all.length)
    return [];
  const received = all
    .filter(({ session, id, receivedAt }) => !replayed.has(`${session} ${id} ${receivedAt}`))
    .map((row) => ({ ...row, occurredAt: row.receivedAt }));
  return [60, 3600, 86400].flatMap((seconds) =>
    compareCounts(`counts by receipt and ${seconds} s in DB_${database}`, countsOf(received, seconds), {
      ...{ bySeries: new Map(), sums: new Map() },
      ...receipts.get(String(seconds)),
    }),
  );
}

function countsOf(events: readonly EventFound[], seconds: number): Counts {
  const counts: Counts = { bySeries: new Map(), sums: new Map() };
  for (const row of events) {
    add(counts.sums, String(bucketOf(row, seconds)), 1);
    add(counts.bySeries, `${seriesOf(row)} ${bucketOf(row, seconds)}`, 1);
  }
  return counts;
}

function seriesOf({ application, category, name }: EventFound): string {
  return `${application} ${category} ${name}`;
}

function bucketOf({ occurredAt }: EventFound, seconds: number): number {
  return Math.floor(occurredAt / 1_000_000 / seconds) * seconds;
}

/**
 * Failures are counted once for each error, when it is stored. Replays change errors later, so this does not hold after
 * replays.
 */
function failureProblems({ database, errors, failures }: DatabaseTables): string[] {
  const expected = new Map<string, number>();
  const problems: string[] = [];
  for (const { id, receivedAt, application, category, name, issues, codeBits, replay } of errors) {
    if (replay !== null) return [];
    const aggregates = new Map([
      ["", ["", ""]],
      ...issues.map(({ code, path }) => [`${code} ${path}`, [code, path]] as const),
    ]);
    for (const seconds of [60, 3600, 86400]) {
      const bucket = Math.floor(receivedAt / 1_000_000 / seconds) * seconds;
      for (const [code, path] of aggregates.values()) {
        add(expected, JSON.stringify([seconds, code, bucket, application ?? "", category ?? "", name ?? "", path]), 1);
      }
    }
    const listed = EVENT_CODE_NAMES.filter((code) => (codeBits & CODE_BITS[code]) !== 0).sort();
    const codes = [...new Set(issues.map(({ code }) => code))].sort();
    if (listed.join() !== codes.join()) problems.push(`error ${id} is listed under ${listed} and has ${codes}`);
  }
  return [...problems, ...compare(`failures in DB_${database}`, expected, failures)];
}

function compareCounts(name: string, expected: Counts, found: Counts | undefined): string[] {
  return [
    ...compare(name, expected.bySeries, found?.bySeries ?? new Map()),
    ...compare(`${name}, all series`, expected.sums, found?.sums ?? new Map()),
  ];
}

function ones(keys: Iterable<string>): Map<string, number> {
  const all = new Map<string, number>();
  for (const key of keys) add(all, key, 1);
  return all;
}

export function compare(name: string, expected: Map<string, number>, found: Map<string, number>): string[] {
  return [...new Set([...expected.keys(), ...found.keys()])]
    .filter((key) => expected.get(key) !== found.get(key))
    .map((key) => `${name}: ${key}: ${found.get(key)}, expected ${expected.get(key)}`);
}
