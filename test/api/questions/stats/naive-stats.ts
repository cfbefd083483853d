import type { EventRow } from "../../../../src/storage/write/rows";

/**
 * Answers queries about events by reading all of them, in the simplest way and without any code of the service. The
 * service's answers are compared with these.
 */

export interface NaiveQuestion {
  /** Inclusive, exclusive, microseconds. */
  start: number;
  end: number;
  timezone: string;
  interval: "minute" | "hour" | "day" | "week" | "month" | "none";
  metric: string;
  groupBy: string[];
  keep: (row: EventRow) => boolean;
}

/** The label of the bucket of a time, as the platform's clocks show it. */
export function labelOf(timezone: string, moment: number, interval: NaiveQuestion["interval"]): string {
  const parts = Object.fromEntries(
    formatOf(timezone)
      .formatToParts(moment / 1_000)
      .map(({ type, value }) => [type, value]),
  );
  const { year, month, day, hour, minute, timeZoneName } = parts;
  if (interval === "none") return "all";
  if (interval === "month") return `${year}-${month}`;
  if (interval === "day") return `${year}-${month}-${day}`;
  if (interval === "hour") return `${year}-${month}-${day} ${hour} ${timeZoneName}`;
  if (interval === "minute") return `${year}-${month}-${day} ${hour}:${minute} ${timeZoneName}`;
  const date = new Date(`${year}-${month}-${day}T12:00:00Z`);
  date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7));
  return `week of ${date.toISOString().slice(0, 10)}`;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timezone: string): Intl.DateTimeFormat {
  const known = formats.get(timezone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat("en-GB", {
    ...{ timeZone: timezone, year: "numeric", month: "2-digit", day: "2-digit" },
    ...{ hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "longOffset" },
  });
  formats.set(timezone, format);
  return format;
}

/** The number of a metric over some events. */
export function measure(metric: string, rows: readonly EventRow[]): number | null {
  if (metric === "events") return rows.length;
  if (metric === "sessions") return new Set(rows.map(({ session }) => session)).size;
  if (metric === "visitors") return new Set(rows.flatMap(({ visitor }) => visitor ?? [])).size;
  const [kind = "", path = ""] = metric.split(":");
  const numbers = rows
    .map((row) => valueAt(row, path))
    .filter((value): value is number => typeof value === "number")
    .sort((a, b) => a - b);
  const sum = numbers.reduce((total, number) => total + number, 0);
  if (kind === "sum") return sum;
  if (numbers.length === 0) return null;
  if (kind === "avg") return sum / numbers.length;
  const share = Number(kind.slice(1)) / 100;
  return numbers.find((_, place) => (place + 1) / numbers.length >= share - 1e-12) ?? null;
}

export function valueAt({ data }: EventRow, path: string): unknown {
  let value: unknown = JSON.parse(data);
  for (const key of path.split(".")) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Object.entries(value).find(([name]) => name === key)?.[1];
  }
  return value;
}

export function textAt(row: EventRow, path: string): string | null {
  const value = valueAt(row, path);
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : null;
}

export function groupOf(row: EventRow, groupBy: string[]): Record<string, string | null> {
  return Object.fromEntries(
    groupBy.map((dimension) => {
      if (dimension.startsWith("data.")) return [dimension, textAt(row, dimension.slice(5))];
      const { application, category, name } = row;
      return [dimension, { application, category, name }[dimension] ?? null];
    }),
  );
}

/** The number of each group in each bucket, by labels, and in total. */
export function naiveStats(rows: readonly EventRow[], question: NaiveQuestion) {
  const { start, end, timezone, interval, metric, groupBy, keep } = question;
  const asked = rows.filter((row) => row.occurredAt >= start && row.occurredAt < end && keep(row));
  const line = (own: readonly EventRow[]) => ({
    total: measure(metric, own),
    byLabel: new Map(
      [...Map.groupBy(own, (row) => labelOf(timezone, row.occurredAt, interval))].map(([label, some]) => [
        label,
        measure(metric, some),
      ]),
    ),
  });
  const groups = [...Map.groupBy(asked, (row) => JSON.stringify(groupOf(row, groupBy)))].map(([key, own]) => ({
    key,
    ...line(own),
  }));
  return { groups, all: line(asked), asked };
}
