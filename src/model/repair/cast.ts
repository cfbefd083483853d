import { formatTimestamp, type Micros, momentOf } from "../time/time";
import { isoOf } from "./other-moments";

export const CAST_TYPES = ["string", "number", "integer", "boolean", "timestamp"] as const;

export type CastType = (typeof CAST_TYPES)[number];

/** The value as another type, or unchanged if it cannot be converted. The event then fails as before. */
export function cast(value: unknown, type: CastType): unknown {
  if (typeof value === "object") return value;
  if (type === "string") return String(value);
  if (type === "boolean") return BOOLEANS.get(String(value).trim().toLowerCase()) ?? value;
  if (type === "timestamp") {
    const moment = momentIn(value);
    return moment === null ? value : formatTimestamp(moment);
  }
  const number = typeof value === "boolean" ? Number(value) : numberIn(value);
  if (number === null) return value;
  return type === "integer" && !Number.isInteger(number) ? value : number;
}

/** As microseconds, larger numbers would be after the year 5138. Nanoseconds of today have 19 digits. */
const MIN_NANOS = 1e17;
const NANOS = /^\d{18,19}$/;
const DOT_NET = /^\/Date\((\d{1,15})(?:[+-]\d{4})?\)\/$/;

/**
 * Reads every form of an event's timestamp, a number written as text, nanoseconds since 1970, .NET's milliseconds
 * (`/Date(1775037600000)/`), and the forms of `other-moments.ts`.
 */
export function momentIn(value: unknown): Micros | null {
  if (typeof value === "number" && value >= MIN_NANOS) return momentOf(Math.floor(value / 1000));
  if (typeof value !== "string") return momentOf(value);
  const text = value.trim();
  // A double does not hold 19 digits.
  if (NANOS.test(text)) return momentOf(Number(text.slice(0, -3)));
  const dotNet = DOT_NET.exec(text)?.[1];
  if (dotNet !== undefined) return momentOf(Number(dotNet) / 1000);
  // Eight digits are a date: as seconds they would be in 1970. So are fourteen, which would be in 2286 or later.
  const iso = isoOf(text);
  return momentOf(text) ?? (iso === null ? momentOf(numberIn(text)) : momentOf(iso));
}

const BOOLEANS = new Map([
  ["true", true],
  ["1", true],
  ["yes", true],
  ["y", true],
  ["t", true],
  ["on", true],
  ["false", false],
  ["0", false],
  ["no", false],
  ["n", false],
  ["f", false],
  ["off", false],
]);

function numberIn(value: unknown): number | null {
  if (typeof value === "number") return value;
  if (typeof value !== "string" || value.trim() === "") return null;
  // Adding 0 turns -0 into 0, which JSON writes anyway.
  const number = Number(value) + 0;
  // A double would change the last digits of a long number, such as an order's.
  if (/^\s*[+-]?\d+\s*$/.test(value) && !Number.isSafeInteger(number)) return null;
  return Number.isFinite(number) ? number : null;
}
