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

/** Reads every form of an event's timestamp, a number written as text, and the forms of `other-moments.ts`. */
export function momentIn(value: unknown): Micros | null {
  if (typeof value !== "string") return momentOf(value);
  const text = value.trim();
  // Eight digits are a date: as seconds they would be in 1970.
  const iso = isoOf(text);
  return momentOf(text) ?? (iso === null ? momentOf(numberIn(text)) : momentOf(iso));
}

const BOOLEANS = new Map([
  ["true", true],
  ["1", true],
  ["yes", true],
  ["false", false],
  ["0", false],
  ["no", false],
]);

function numberIn(value: unknown): number | null {
  if (typeof value === "number") return value;
  if (typeof value !== "string" || value.trim() === "") return null;
  // Adding 0 turns -0 into 0, which JSON writes anyway.
  const number = Number(value) + 0;
  return Number.isFinite(number) ? number : null;
}
