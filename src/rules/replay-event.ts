import { utf8Bytes } from "../model/event/event";
import { jsonText } from "../model/json/json-text";
import { nestingOf } from "../model/json/nesting";
import { MAX_EVENT_BYTES, MAX_NESTING_LEVELS } from "../model/limits";
import { type Repair, type Repaired, repairEvent } from "../model/repair/repair";
import type { Micros } from "../model/time/time";
import type { WorkMeter } from "../model/work-meter";
import { checkEvent, type Verdict } from "./check-event";
import type { Rules } from "./rules";

/** A failed event as the errors table stores it. */
export interface FailedEvent {
  key: { receivedAt: Micros };
  application: string | null;
  session: string | null;
  eventId: string | null;
  /** JSON: [{code, path, message}]. */
  issues: string;
  content: { kind: "whole"; text: string } | { kind: "incomplete"; arrived: number; of: number };
}

/** A failed event that is ready to be validated again, or the reason why it cannot be. */
export type PreparedReplay =
  | {
      kind: "fit";
      event: unknown;
      eventId: string;
      application: string;
      receivedAt: Micros;
      bytes: number;
      levels: number;
      /** True if it is too large or too deep: it will fail, and is not sent to a session. */
      isOversized: boolean;
      /** Units of work that the repair took. */
      work: number;
    }
  | { kind: "unfit"; reason: string; work: number };

/**
 * Units of work to read, write and measure an event, in addition to one for each character. A unit takes at most 50 ns,
 * measured with events of 32 KB and of 1 MB. See MAX_VALIDATION_WORK.
 */
const UNITS_PER_EVENT = 200;

/** Reads a failed event and applies the repair, if there is one. */
export function prepareReplay(error: FailedEvent, repair: Repair | null): PreparedReplay {
  const { application, eventId, content } = error;
  if (application === null || eventId === null || isMalformed(error)) {
    return { kind: "unfit", reason: "it is a malformed queue message and not an event", work: 1 };
  }
  if (content.kind === "incomplete") {
    return { kind: "unfit", reason: `${content.arrived} of its ${content.of} pieces have arrived`, work: 1 };
  }
  const read = UNITS_PER_EVENT + content.text.length;
  if (nestingOf(content.text) > MAX_REPAIRED_LEVELS) {
    return { kind: "unfit", reason: "it is nested too deeply to be repaired", work: read };
  }
  const { receivedAt } = error.key;
  const repaired = repair === null ? unrepaired(content.text) : repairEvent(content.text, repair, receivedAt);
  const work = read + repaired.work;
  if (!repaired.applies) return { kind: "unfit", reason: `the repair does not apply: ${repaired.reason}`, work };
  const text = jsonText(repaired.event);
  const bytes = utf8Bytes(text);
  const levels = nestingOf(text);
  return {
    kind: "fit",
    event: repaired.event,
    eventId,
    application,
    receivedAt,
    bytes,
    levels,
    isOversized: bytes > MAX_EVENT_BYTES || levels > MAX_NESTING_LEVELS,
    work,
  };
}

function unrepaired(text: string): Repaired {
  return { applies: true, event: JSON.parse(text), work: 0 };
}

/** Structured clones overflow at about 4,000 levels; see MAX_NESTING_LEVELS. */
const MAX_REPAIRED_LEVELS = 1_000;

/** The verdict on a repaired event, without the check for id conflicts, which needs its session. */
export function validateReplayed(
  { event, receivedAt, bytes, levels }: Extract<PreparedReplay, { kind: "fit" }>,
  terms: { futureToleranceMicros: number; rules: Rules; meter?: WorkMeter },
): Verdict {
  return checkEvent(event, { ...terms, receivedAt, bytes, levels });
}

/** Only a malformed message has `delivery_failed` without a session. */
function isMalformed({ session, issues }: FailedEvent): boolean {
  const found: { code: string }[] = JSON.parse(issues);
  return session === null && found.some(({ code }) => code === "delivery_failed");
}
