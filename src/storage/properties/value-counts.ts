import { binOf } from "../../model/questions/numbers/number-bins";

/** The most frequent values of one property and dimension key that are counted separately in an hour or a day. */
export const MAX_COUNTED_VALUES = 1_024;

/** Characters of the values in a row: D1 limits a row to 2 MB. */
const MAX_VALUES_CHARACTERS = 400_000;

/** Quarters in an hour: the offset of every time zone from UTC is a whole number of quarters. */
export const PARTS_OF_HOUR = 4;

/** The values of a property in an hour, in four parts, or in a day, in one part, while they are counted. */
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

/** The stored form: values in columns, which are read several times as fast as an object with a member for each. */
export interface StoredCounts extends Omit<ValueCounts, "values"> {
  texts: string[];
  /** For each text, the numbers of its parts. */
  numbers: number[];
}

/** As rows were stored before the columns. */
type EarlierCounts = Omit<ValueCounts, "values"> & { values: Record<string, number[]> };

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
export function addToDay(day: ValueCounts, hour: StoredCounts): void {
  day.events[0] = (day.events[0] ?? 0) + sumOf(hour.events);
  day.rest[0] = (day.rest[0] ?? 0) + sumOf(hour.rest);
  day.sums[0] = (day.sums[0] ?? 0) + sumOf(hour.sums);
  day.restValues = Math.max(day.restValues, hour.restValues);
  const parts = hour.events.length;
  for (const [place, text] of hour.texts.entries()) {
    const own = sumOf(hour.numbers.slice(place * parts, (place + 1) * parts));
    day.values.set(text, [(day.values.get(text)?.[0] ?? 0) + own]);
  }
}

/** Adds the counts of an hour or a day to others of the same width. */
export function addCounts(into: ValueCounts, own: StoredCounts): void {
  const addTo = (all: number[], added: readonly number[], from = 0) => {
    for (const part of all.keys()) all[part] = (all[part] ?? 0) + (added[from + part] ?? 0);
  };
  addTo(into.events, own.events);
  addTo(into.rest, own.rest);
  addTo(into.sums, own.sums);
  into.restValues = Math.max(into.restValues, own.restValues);
  const width = into.events.length;
  for (const [place, text] of own.texts.entries()) {
    const numbers = into.values.get(text) ?? into.events.map(() => 0);
    addTo(numbers, own.numbers, place * width);
    into.values.set(text, numbers);
  }
}

/** Whether a row holds all values that were counted. */
export function fitsInRow({ values }: ValueCounts): boolean {
  let characters = 0;
  for (const value of values.keys()) characters += value.length;
  return values.size <= MAX_COUNTED_VALUES && characters <= MAX_VALUES_CHARACTERS;
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** The counts as JSON, with the most frequent values listed separately. */
export function writeValueCounts({ values, ...counts }: ValueCounts): string {
  const ranked = [...values].sort(([a, x], [b, y]) => sumOf(y) - sumOf(x) || (a < b ? -1 : 1));
  let characters = 0;
  const kept = ranked.filter(([value], place) => {
    characters += value.length;
    return place < MAX_COUNTED_VALUES && characters <= MAX_VALUES_CHARACTERS;
  });
  const left = ranked.slice(kept.length);
  const stored: StoredCounts = {
    ...counts,
    texts: kept.map(([value]) => value),
    numbers: kept.flatMap(([, own]) => own),
    rest: counts.rest.map((held, part) => held + sumOf(left.map(([, own]) => own[part] ?? 0))),
    restValues: counts.restValues + left.length,
  };
  return JSON.stringify(stored);
}

export function readValueCounts(text: string): StoredCounts {
  const stored: StoredCounts | EarlierCounts = JSON.parse(text);
  if (!("values" in stored)) return stored;
  const { values, ...counts } = stored;
  return { ...counts, texts: Object.keys(values), numbers: Object.values(values).flat() };
}
