import { canonicalText } from "../../../src/model/json/canonical-text";
import type { Micros } from "../../../src/model/time/time";
import type { EventFound } from "../world/tables";
import type { Submission } from "../world/traffic";
import { type Flaw, type Regime, validateType } from "./rule-sets";

/** A simple model of a single event. */

/** FUTURE_TOLERANCE_SECONDS of the tests. */
export const TOLERANCE: Micros = 60_000_000;

/** The flaw of an event whose identity is stored with other content. */
export const CONFLICT: Flaw = { code: "id_conflict", path: "/id" };

export function identityOf({ session, occurredAt, id }: Pick<Submission, "session" | "occurredAt" | "id">): string {
  return `${session} ${occurredAt} ${id}`;
}

type Validated = Pick<Submission, "event" | "occurredAt" | "receivedAt">;

/** All flaws of an event by the given rules. They follow from the event and its receipt. */
export function flawsOf(validated: Validated, regime: Regime): Flaw[] {
  const { event, occurredAt } = validated;
  const { session_id: session, name, data, visitor_id: visitor, context } = event;
  const isObject = typeof data === "object" && data !== null;
  const own: [boolean, Flaw][] = [
    [typeof session !== "string" || session === "undefined", { code: "session_id_invalid", path: "/session_id" }],
    [name === "", { code: "name_invalid", path: "/name" }],
    [!isObject, { code: "data_invalid", path: "/data" }],
    [typeof visitor === "number", { code: "event_invalid", path: "/visitor_id" }],
    [Array.isArray(context), { code: "event_invalid", path: "/context" }],
    [occurredAt === null, { code: "timestamp_invalid", path: "/timestamp" }],
    [isAhead(validated), { code: "timestamp_in_future", path: "/timestamp" }],
  ];
  return [...own.flatMap(([isSo, flaw]) => (isSo ? [flaw] : [])), ...validateType(regime, event).flaws];
}

function isAhead({ occurredAt, receivedAt }: Validated): boolean {
  return occurredAt !== null && occurredAt > receivedAt + TOLERANCE;
}

/** The time that determines the place of an error: its receipt if it has no valid timestamp, or one in the future. */
export function placedAt(validated: Validated): Micros {
  const { occurredAt, receivedAt } = validated;
  return occurredAt === null || isAhead(validated) ? receivedAt : occurredAt;
}

/** The content of an event. Two of one identity are the same event if their content is equal. */
export function contentOf(one: Pick<Submission, "event"> | EventFound): string {
  const { category, name, data } = "event" in one ? one.event : { ...one, data: JSON.parse(one.data) };
  return canonicalText({ category, name, data });
}

const NAMED = new Set(["session_id", "category", "name", "data", "timestamp", "id", "visitor_id", "context"]);

/** True if the row is this event with this receipt, in every column. */
export function isStoredAs(
  { event, application, receivedAt }: Pick<Submission, "event" | "receivedAt"> & { application: string | null },
  row: EventFound,
): boolean {
  const extra = Object.entries(event).filter(([name]) => !NAMED.has(name));
  return (
    row.receivedAt === receivedAt &&
    row.application === application &&
    row.category === event.category &&
    row.name === event.name &&
    row.data === JSON.stringify(event.data) &&
    row.context === (event.context ? JSON.stringify(event.context) : null) &&
    row.extra === (extra.length === 0 ? null : JSON.stringify(Object.fromEntries(extra))) &&
    row.visitor === (event.visitor_id ?? null)
  );
}
