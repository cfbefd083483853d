import type { Micros } from "../../model/time/time";
import { minuteOf } from "../../model/time/units";
import { jsonArray } from "./chunks";
import type { EventRow } from "./rows";

/** Numbers of events by the place of their dimension key and the minute. */
export class MinuteCounts {
  private readonly counts = new Map<string, number>();

  add(place: number, time: Micros): void {
    const aggregate = `[${place},${minuteOf(time)}`;
    this.counts.set(aggregate, (this.counts.get(aggregate) ?? 0) + 1);
  }

  /** [[place, start of the minute in seconds since 1970, events], …] */
  toText(): string {
    return jsonArray([...this.counts].map(([aggregate, events]) => `${aggregate},${events}]`));
  }
}

/** Events by dimension key and minute, and the dimension keys: the parameters of the statements that count. */
export function countedBy(rows: readonly EventRow[], timeOf: (row: EventRow) => Micros): [string, string] {
  const places = new Map<string, number>();
  const minutes = new MinuteCounts();
  for (const row of rows) {
    const series = JSON.stringify([row.category, row.name, row.application]);
    const place = places.get(series) ?? places.size;
    places.set(series, place);
    minutes.add(place, timeOf(row));
  }
  return [minutes.toText(), jsonArray([...places.keys()])];
}
