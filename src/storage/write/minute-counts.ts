import type { Micros } from "../../model/time/time";
import { minuteOf } from "../../model/time/units";
import { jsonArray } from "./chunks";
import type { EventRow } from "./rows";

/** Numbers of events by the place of their dimension key and the minute. */
export class MinuteCounts {
  /** By place, then by minute. */
  private readonly counts = new Map<number, Map<number, number>>();

  add(place: number, time: Micros): void {
    let minutes = this.counts.get(place);
    if (minutes === undefined) {
      minutes = new Map();
      this.counts.set(place, minutes);
    }
    const minute = minuteOf(time);
    minutes.set(minute, (minutes.get(minute) ?? 0) + 1);
  }

  /** [[place, start of the minute in seconds since 1970, events], …] */
  toText(): string {
    const texts = [...this.counts].flatMap(([place, minutes]) =>
      [...minutes].map(([minute, events]) => `[${place},${minute},${events}]`),
    );
    return jsonArray(texts);
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
