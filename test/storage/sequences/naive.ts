import { ANY_EVENT, type EventPattern } from "../../../src/model/questions/event-pattern";
import type { EventRow } from "../../../src/storage/write/rows";
import { inReadingOrder } from "../seed";

/** Answers to queries about sequences, computed from raw events in the simplest way, without any code of the service. */

export interface NaiveStep {
  name?: string;
  category?: string;
  application?: string;
  /** Values of `path`, any of which matches. With `*` at the end a prefix. */
  path?: readonly string[];
}

export function patternOf({ name, category, application, path }: NaiveStep): EventPattern {
  const any = (path ?? []).map((text) =>
    text.endsWith("*") ? { kind: "begins" as const, text: text.slice(0, -1) } : { kind: "is" as const, text },
  );
  return {
    ...ANY_EVENT,
    ...{ name: name ?? null, category: category ?? null, application: application ?? null },
    data: path === undefined ? [] : [{ path: ["path"], filter: { any, none: [] } }],
  };
}

export function isStep(row: EventRow, { name, category, application, path }: NaiveStep): boolean {
  const own = textOf(row);
  return (
    (name === undefined || row.name === name) &&
    (category === undefined || row.category === category) &&
    (application === undefined || row.application === application) &&
    (path === undefined ||
      path.some((text) => own !== null && (text.endsWith("*") ? own.startsWith(text.slice(0, -1)) : own === text)))
  );
}

export function textOf(row: EventRow): string | null {
  const { path }: { path?: unknown } = JSON.parse(row.data);
  return ["string", "number", "boolean"].includes(typeof path) ? String(path) : null;
}

export function sequencesOf(rows: EventRow[], per: "session" | "visitor"): EventRow[][] {
  const known = inReadingOrder(rows).filter((row) => per === "session" || row.visitor !== null);
  return [...Map.groupBy(known, (row) => (per === "session" ? row.session : row.visitor)).values()];
}

/** From each possible start, repeatedly takes the next event that matches. */
export function naiveFunnel(
  rows: EventRow[],
  { steps, within, per }: { steps: NaiveStep[]; within: number | null; per: "session" | "visitor" },
): { counts: number[]; gaps: number[][]; groups: Map<string, { counts: number[]; gaps: number[][] }> } {
  const nothing = () => ({ counts: steps.map(() => 0), gaps: steps.slice(1).map((): number[] => []) });
  const whole = nothing();
  const groups = new Map<string, ReturnType<typeof nothing>>();
  for (const events of sequencesOf(rows, per)) {
    let best: number[] = [];
    for (const [start, first] of events.entries()) {
      const [step] = steps;
      if (step === undefined || !isStep(first, step)) continue;
      const places = [start];
      for (const next of steps.slice(1)) {
        const found = events.findIndex(
          (row, place) =>
            place > (places.at(-1) ?? 0) &&
            isStep(row, next) &&
            (within === null || row.occurredAt - first.occurredAt <= within),
        );
        if (found === -1) break;
        places.push(found);
      }
      const isBetter =
        places.length > best.length ||
        (places.length === best.length && (places.at(-1) ?? 0) <= (best.at(-1) ?? Number.POSITIVE_INFINITY));
      // Starts come in order: of those that end at the same event, the last one counts. The first one completes a
      // single step.
      if (isBetter) best = places;
    }
    const first = events[best[0] ?? -1];
    if (first === undefined) continue;
    const key = textOf(first) ?? "(none)";
    const group = groups.get(key) ?? nothing();
    groups.set(key, group);
    for (const [step, place] of best.entries()) {
      const before = events[best[step - 1] ?? -1];
      for (const { counts, gaps } of [whole, group]) {
        counts[step] = (counts[step] ?? 0) + 1;
        if (before !== undefined) gaps[step - 1]?.push((events[place]?.occurredAt ?? 0) - before.occurredAt);
      }
    }
  }
  for (const { gaps } of [whole, ...groups.values()]) for (const own of gaps) own.sort((a, b) => a - b);
  return { ...whole, groups };
}

/** Paths from the first event that matches, by `path`: how many sessions have each key on each level, and each step. */
export function naivePaths(
  rows: EventRow[],
  { start, depth, per }: { start: NaiveStep; depth: number; per: "session" | "visitor" },
): { levels: Record<string, number>[]; edges: Record<string, number> } {
  const levels: Record<string, number>[] = [];
  const edges: Record<string, number> = {};
  for (const events of sequencesOf(rows, per)) {
    const first = events.findIndex((row) => isStep(row, start));
    if (first === -1) continue;
    const keys = [...events.slice(first).map((row) => textOf(row) ?? "(none)"), "(end)"].slice(0, depth + 1);
    for (const [level, key] of keys.entries()) {
      levels[level] ??= {};
      levels[level][key] = (levels[level][key] ?? 0) + 1;
      const next = keys[level + 1];
      if (next !== undefined) edges[`${level} ${key} > ${next}`] = (edges[`${level} ${key} > ${next}`] ?? 0) + 1;
    }
  }
  return { levels, edges };
}

/**
 * Which visitors came first in which period, and in which periods they returned. Periods by their starts, and the
 * last one's end.
 */
export function naiveRetention(rows: EventRow[], starts: number[], first: NaiveStep, returning: NaiveStep): number[][] {
  const periodOf = ({ occurredAt }: EventRow) => starts.filter((start) => start <= occurredAt).length - 1;
  const periods = starts.length - 1;
  const found = Array.from({ length: periods }, (_, cohort) => Array.from({ length: periods - cohort + 1 }, () => 0));
  for (const events of sequencesOf(rows, "visitor")) {
    const inRange = events.filter((row) => periodOf(row) >= 0 && periodOf(row) < periods);
    const beginning = inRange.find((row) => isStep(row, first));
    if (beginning === undefined) continue;
    const cohort = periodOf(beginning);
    const own = found[cohort] ?? [];
    own[0] = (own[0] ?? 0) + 1;
    const later = inRange.slice(inRange.indexOf(beginning)).filter((row) => isStep(row, returning));
    for (const period of new Set(later.map(periodOf))) own[period - cohort + 1] = (own[period - cohort + 1] ?? 0) + 1;
  }
  return found;
}
