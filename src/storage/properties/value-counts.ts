import { binOf } from "../../model/questions/numbers/number-bins";

/** The most frequent values of one property and dimension key that are counted separately in an hour or a day. */
export const MAX_COUNTED_VALUES = 1_024;

/** Characters of the values in a row: D1 limits a row to 2 MB. */
const MAX_VALUES_CHARACTERS = 400_000;

/** Quarters in an hour: the offset of every time zone from UTC is a whole number of quarters. */
export const PARTS_OF_HOUR = 4;

/** The values of a property in an hour, in four parts, or in a day, in one part. */
export interface ValueCounts {
  /** All events. */
  events: number[];
  /** Events by their values: texts, or bins of numbers (model/questions/numbers/number-bins.ts). */
  values: Map<string, number[]>;
  /** Events whose values are not among these. */
  rest: number[];
  /** The number of those values. */
  restValues: number;
  /** For numbers: their sums. */
  sums: number[];
}

/** The stored form. */
type HeldValues = Omit<ValueCounts, "values"> & { values: Record<string, number[]> };

export function noValues(size: number): ValueCounts {
  const zeros = () => Array.from({ length: size }, () => 0);
  return { events: zeros(), values: new Map(), rest: zeros(), restValues: 0, sums: zeros() };
}

/** Adds an event. @param value a text or number, or null if it has none */
export function addValue(counts: ValueCounts, part: number, value: string | number | null): void {
  counts.events[part] = (counts.events[part] ?? 0) + 1;
  if (value === null) return;
  const key = typeof value === "number" ? binOf(value) : value;
  const own = counts.values.get(key) ?? counts.events.map(() => 0);
  own[part] = (own[part] ?? 0) + 1;
  counts.values.set(key, own);
  if (typeof value === "number") counts.sums[part] = (counts.sums[part] ?? 0) + value;
}

/** Adds the counts of an hour to those of its day. */
export function addToDay(day: ValueCounts, hour: ValueCounts): void {
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  day.events[0] = (day.events[0] ?? 0) + sum(hour.events);
  day.rest[0] = (day.rest[0] ?? 0) + sum(hour.rest);
  day.sums[0] = (day.sums[0] ?? 0) + sum(hour.sums);
  day.restValues = Math.max(day.restValues, hour.restValues);
  for (const [value, own] of hour.values) day.values.set(value, [(day.values.get(value)?.[0] ?? 0) + sum(own)]);
}

/** The counts as JSON, with the most frequent values listed separately. */
export function writeValueCounts(counts: ValueCounts): string {
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  const ranked = [...counts.values].sort(([a, x], [b, y]) => sum(y) - sum(x) || (a < b ? -1 : 1));
  let characters = 0;
  const kept = ranked.filter(([value], place) => {
    characters += value.length;
    return place < MAX_COUNTED_VALUES && characters <= MAX_VALUES_CHARACTERS;
  });
  const left = ranked.slice(kept.length);
  const rest = counts.rest.map((held, part) => held + sum(left.map(([, own]) => own[part] ?? 0)));
  const held: HeldValues = {
    ...counts,
    values: Object.fromEntries(kept),
    rest,
    restValues: counts.restValues + left.length,
  };
  return JSON.stringify(held);
}

export function readValueCounts(text: string): ValueCounts {
  const held: HeldValues = JSON.parse(text);
  return { ...held, values: new Map(Object.entries(held.values)) };
}
