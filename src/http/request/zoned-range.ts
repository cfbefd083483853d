import * as v from "valibot";
import { addLocal } from "../../model/time/calendar";
import { type Micros, parseTimestamp, TEXT_TIMESTAMP_FORMS } from "../../model/time/time";
import { TimeZone } from "../../model/time/time-zone";
import type { Refusal } from "../problem";
import { refuseParameter } from "./parameters";

/** The range of a query whose dates and times are in a time zone. */

/** A date or time as given. `at` treats it as UTC, unless the text names a zone. */
interface GivenMoment {
  kind: "date" | "local" | "moment";
  at: Micros;
}

const BARE_DATE = /^\d{4}-\d{2}-\d{2}$/;
const ZONE = /[Tt ]\d.*(?:[Zz]|[+-]\d{2}:?(?:\d{2})?)$| GMT$/;
const FORMS = `${TEXT_TIMESTAMP_FORMS}, or a date such as 2021-01-01`;

/** An unescaped plus sign in a URL is decoded as a space: `2021-01-01T09:15:27 02:00`. */
function withOffsetSign(given: string): string {
  return given.replace(/(\d:\d{2}\S*|[Tt]\d{4}\S*) (\d{2}:?(?:\d{2})?)$/, "$1+$2");
}

function readMoment(text: string): GivenMoment | null {
  const isDate = BARE_DATE.test(text);
  const given = isDate ? `${text} 00:00:00` : withOffsetSign(text);
  const at = parseTimestamp(given);
  if (at === null) return null;
  return { kind: isDate ? "date" : ZONE.test(given) ? "moment" : "local", at };
}

function zonedMoment(description: string) {
  return v.optional(
    v.pipe(
      v.string(),
      v.description(description),
      v.rawTransform(({ dataset, addIssue, NEVER }): GivenMoment => {
        const moment = readMoment(dataset.value);
        if (moment !== null) return moment;
        addIssue({ message: `expected ${FORMS}` });
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
  start_date: zonedMoment(`The earliest time of occurrence, inclusive: ${FORMS}, which means its first microsecond.`),
  end_date: zonedMoment(
    `The latest time of occurrence, inclusive to the microsecond: ${FORMS}, which means the whole day.`,
  ),
};

export interface ZonedRange {
  timezone: TimeZone;
  start_date?: GivenMoment | undefined;
  end_date?: GivenMoment | undefined;
}

/** The bounds of a range: `start` inclusive, `end` exclusive. Null if not given. */
export function readZonedRange(range: ZonedRange): { start: Micros | null; end: Micros | null } | Refusal {
  const { timezone: zone, start_date: first, end_date: last } = range;
  const start = first === undefined ? null : momentOf(first, zone);
  const end = last === undefined ? null : endOf(last, zone);
  if (start === null || end === null || start < end) return { start, end };
  return refuseParameter("start_date", "expected a time that is not after end_date.");
}

function momentOf({ kind, at }: GivenMoment, zone: TimeZone): Micros {
  if (kind === "moment") return at;
  const millis = Math.floor(at / 1_000);
  return zone.momentOf(millis) + (at - millis * 1_000);
}

function endOf(given: GivenMoment, zone: TimeZone): Micros {
  if (given.kind !== "date") return momentOf(given, zone) + 1;
  return zone.momentOf(addLocal(given.at / 1_000, "day", 1));
}
