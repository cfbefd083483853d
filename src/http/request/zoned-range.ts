import * as v from "valibot";
import { addLocal } from "../../model/time/calendar";
import type { Micros } from "../../model/time/time";
import { TimeZone } from "../../model/time/time-zone";
import type { Refusal } from "../problem";
import { type GivenTime, readGivenTime, TIME_FORMS } from "./given-time";
import { refuseParameter } from "./parameters";

/** The range of a query whose dates and times are in a time zone. */

function zonedMoment(description: string) {
  return v.optional(
    v.pipe(
      v.string(),
      v.description(description),
      v.rawTransform(({ dataset, addIssue, NEVER }): GivenTime => {
        const moment = readGivenTime(dataset.value);
        if (moment !== null) return moment;
        addIssue({ message: `expected ${TIME_FORMS}` });
        return NEVER;
      }),
    ),
  );
}

/** The parameters of a range of timestamps in a time zone. */
export const ZonedRangeParameters = {
  timezone: v.optional(
    v.pipe(
      v.string(),
      v.maxLength(64),
      v.description(
        "An IANA name such as Europe/Berlin. Buckets are hours, days, weeks and months in this zone, and dates and times without a zone are in it too.",
      ),
      v.rawTransform(({ dataset, addIssue, NEVER }): TimeZone => {
        const zone = TimeZone.find(dataset.value);
        if (zone !== null) return zone;
        addIssue({ message: "expected the name of a time zone, such as Europe/Berlin, or an offset such as +05:30" });
        return NEVER;
      }),
    ),
    "UTC",
  ),
  start_date: zonedMoment(
    `The earliest time of occurrence, inclusive: ${TIME_FORMS}, which means its first microsecond.`,
  ),
  end_date: zonedMoment(
    `The latest time of occurrence, inclusive to the microsecond: ${TIME_FORMS}, which means the whole day.`,
  ),
};

export interface ZonedRange {
  timezone: TimeZone;
  start_date?: GivenTime | undefined;
  end_date?: GivenTime | undefined;
}

/** The bounds of a range: `start` inclusive, `end` exclusive. Null if not given. */
export function readZonedRange(range: ZonedRange): { start: Micros | null; end: Micros | null } | Refusal {
  const { timezone: zone, start_date: first, end_date: last } = range;
  const start = first === undefined ? null : momentOf(first, zone);
  const end = last === undefined ? null : endOf(last, zone);
  if (start === null || end === null || start < end) return { start, end };
  return refuseParameter("start_date", "expected a time that is not after end_date.");
}

function momentOf({ kind, at }: GivenTime, zone: TimeZone): Micros {
  if (kind === "moment") return at;
  const millis = Math.floor(at / 1_000);
  return zone.momentOf(millis) + (at - millis * 1_000);
}

function endOf(given: GivenTime, zone: TimeZone): Micros {
  if (given.kind !== "date") return momentOf(given, zone) + 1;
  return zone.momentOf(addLocal(given.at / 1_000, "day", 1));
}
