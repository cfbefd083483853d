import { matchesFilter } from "../../../model/event/property-value";
import { middleOf } from "../../../model/questions/numbers/number-bins";
import { bucketPlace } from "../../../model/time/calendar";
import { MAX_GROUPS_MEASURED } from "../../core/read-limits";
import type { MeasureTable } from "../../questions/measure-table";
import { type GroupName, groupName } from "../../questions/stats-answer";
import type { StatsQuestion } from "../../questions/stats-question";
import type { DeclaredSeries } from "../declared-series";
import type { StoredCounts } from "../value-counts";
import type { Piece } from "./roll-up-plan";

/** Adds the counts of values to the table of an answer. */
export interface ValueAdding {
  /**
   * @param piece the part of the stored bucket that is wanted
   * @param sign -1 to subtract events that were added before, in the same bucket of the answer
   */
  add(series: DeclaredSeries, piece: Piece, counts: StoredCounts, sign?: 1 | -1): void;
  /** Must be called after the last row. */
  finish(): void;
}

/** A group with its events in the current bucket of the answer. */
interface TalliedGroup {
  name: GroupName;
  events: number;
}

/**
 * Adds counts of values to a table. The events of groups are summed first while rows are of one bucket of the answer:
 * these repeat the same values, and adding to the table takes four times as long.
 */
export function createAdding({ metric, bounds, groupBy, properties }: StatsQuestion, table: MeasureTable): ValueAdding {
  const groups = createGroups(groupBy);
  const isGrouped = groupBy.some(({ kind }) => kind === "property");
  const isFiltered = properties.length > 0;
  const passes = (value: string | null) => properties.every((filter) => matchesFilter(filter, value));
  let current = 0;
  let touched: TalliedGroup[] = [];
  const flush = () => {
    for (const group of touched) {
      // All of its events were subtracted, or it was touched twice.
      if (group.events === 0) continue;
      table.addMany(group.name, current, group.events, group.events);
      group.events = 0;
    }
    touched = [];
    if (groups.size() > MAX_GROUPS_MEASURED) groups.clear();
  };
  const addEvents = (group: TalliedGroup, events: number) => {
    if (group.events === 0) touched.push(group);
    group.events += events;
  };

  const add = (series: DeclaredSeries, { start, parts }: Piece, counts: StoredCounts, sign: 1 | -1 = 1): void => {
    const place = bucketPlace(bounds, start);
    const { texts, numbers } = counts;
    const width = counts.events.length;
    const wanted = parts ?? counts.events.map((_, part) => part);
    const sum = (all: readonly number[], from = 0) => {
      let total = 0;
      for (const part of wanted) total += all[from + part] ?? 0;
      return total;
    };
    let left = sum(counts.events);
    if (left === 0) return;
    const rest = sum(counts.rest);
    const own = groups.of(series);
    if (metric.kind === "sum" || metric.kind === "avg") {
      const times = texts.reduce((total, _, value) => total + sum(numbers, value * width), 0) + rest;
      table.addMany(own(null).name, place, sum(counts.sums), times);
      return;
    }
    if (metric.kind !== "events") {
      const { name } = own(null);
      for (const [at, value] of texts.entries()) {
        const times = sum(numbers, at * width);
        if (times > 0) table.addMany(name, place, middleOf(value), times);
      }
      table.addMany(name, place, 0, 0);
      return;
    }
    if (place !== current || groups.size() > MAX_GROUPS_MEASURED) flush();
    current = place;
    for (const [at, value] of texts.entries()) {
      const events = sum(numbers, at * width);
      if (events === 0) continue;
      left -= events;
      if (!isFiltered || passes(value)) addEvents(own(isGrouped ? value : null), sign * events);
    }
    left -= rest;
    // Which of the rare values pass a filter is unknown: they are left out, and the answer reports it.
    if (rest > 0) table.addFolded(place, isFiltered ? 0 : rest, counts.restValues);
    if (left > 0 && passes(null)) addEvents(own(null), sign * left);
  };
  return { add, finish: flush };
}

/** The groups of an answer. Dimension keys that a question does not tell apart share theirs. */
function createGroups(groupBy: StatsQuestion["groupBy"]) {
  const byTexts = new Map<string, Map<string | null, TalliedGroup>>();
  let size = 0;
  const textsOf = (series: DeclaredSeries, value: string | null) =>
    groupBy.map((dimension) => (dimension.kind === "property" ? value : series[dimension.kind]));
  return {
    size: () => size,
    clear() {
      byTexts.clear();
      size = 0;
    },
    /** The groups of a dimension key, by value. */
    of(series: DeclaredSeries): (value: string | null) => TalliedGroup {
      const { key } = groupName(textsOf(series, null));
      const own = byTexts.get(key) ?? new Map<string | null, TalliedGroup>();
      byTexts.set(key, own);
      return (value) => {
        const known = own.get(value);
        if (known !== undefined) return known;
        const made = { name: groupName(textsOf(series, value)), events: 0 };
        own.set(value, made);
        size += 1;
        return made;
      };
    },
  };
}
