import { bytesUpTo, isJsonObject } from "../model/event/event";
import { countedPath } from "../model/event/issue-path";
import { canonicalText } from "../model/json/canonical-text";
import { keepShape } from "../model/kept-shapes";
import { MAX_EVENT_BYTES } from "../model/limits";
import type { Micros } from "../model/time/time";
import { checkEvent, type ReportOnlyFindings } from "../rules/check-event";
import { type RuleEpoch, rulesAmong } from "../rules/rules-in-force";
import type { ReportOnlyMark } from "../storage/write/rows";
import type { IncomingEvent, PlacedOutcome } from "./session-protocol";

/** What a verdict depends on, besides the event and its receipt. */
export interface Terms {
  futureToleranceMicros: number;
  epochs: RuleEpoch[];
}

/** The identity of an event in its session, as text. */
export function identityIn({ occurredAt, id }: { occurredAt: Micros; id: string }): string {
  return `${occurredAt} ${id}`;
}

/** The timestamp in an identity, or null if it is that of an event with another id. */
export function occurrenceIn(identity: string, id: string): Micros | null {
  const end = identity.indexOf(" ");
  return identity.length === end + 1 + id.length && identity.endsWith(id) ? Number(identity.slice(0, end)) : null;
}

/**
 * Validates and orders the incoming events of a call, and finds copies among them. The function is pure: the outcomes
 * depend only on the call.
 *
 * The identity of an event is (session, timestamp, id). Incoming events with the same identity and content are one
 * event, and the first one received is kept. If their contents differ, the write decides which one is stored, since
 * only the database knows what it contains.
 */
export function decide(
  incomingEvents: readonly IncomingEvent[],
  { epochs, futureToleranceMicros }: Terms,
): PlacedOutcome[] {
  const valid: Extract<PlacedOutcome, { kind: "valid" }>[] = [];
  const others: PlacedOutcome[] = [];
  const events = new Map<string, unknown[]>();
  const rulesAt = rulesAmong(epochs);
  for (const { incoming, place } of inOrderOfReceipt(incomingEvents)) {
    const { receivedAt, text, id } = incoming;
    const event: unknown = JSON.parse(text);
    const rules = rulesAt(receivedAt);
    const verdict = checkEvent(event, {
      futureToleranceMicros,
      rules,
      receivedAt,
      bytes: bytesUpTo(text, MAX_EVENT_BYTES),
    });
    keepShape("event", event);
    keepShape("verdict", verdict);
    if (!verdict.valid) {
      others.push({ kind: "failed", place, issues: verdict.issues, occurredAt: verdict.occurredAt });
      continue;
    }
    const { occurredAt, shadow } = verdict;
    const identity = identityIn({ occurredAt, id });
    const same = events.get(identity);
    if (same?.some((other) => contentOf(other) === contentOf(event))) {
      others.push({ kind: "copy", place, occurredAt });
      continue;
    }
    if (same === undefined) events.set(identity, [event]);
    else same.push(event);
    const outcome: (typeof valid)[number] = { kind: "valid", place, occurredAt, isNew: same === undefined };
    if (shadow !== null) outcome.shadow = reportOnlyMark(shadow);
    valid.push(outcome);
  }
  // They are already in the order of receipt, which the stable sort keeps for equal timestamps.
  valid.sort((a, b) => a.occurredAt - b.occurredAt);
  return [...valid, ...others];
}

function inOrderOfReceipt(incomingEvents: readonly IncomingEvent[]): { incoming: IncomingEvent; place: number }[] {
  return incomingEvents
    .map((incoming, place) => ({ incoming, place }))
    .sort((a, b) => a.incoming.receivedAt - b.incoming.receivedAt || a.place - b.place);
}

/**
 * An event's content is its category, name and data. Context and other members differ between the retries of an SDK.
 */
function contentOf(event: unknown): string {
  if (!isJsonObject(event)) return "";
  return canonicalText({ category: event.category, data: event.data, name: event.name });
}

/** The findings to count. Messages are left out, since a replay preview shows them again. */
function reportOnlyMark({ version, issues }: ReportOnlyFindings): ReportOnlyMark {
  return { version, paths: [...new Set(issues.map(({ path }) => countedPath(path)))] };
}
