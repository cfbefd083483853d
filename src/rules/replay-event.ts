import { utf8Bytes } from "../model/event/event";
import { jsonText } from "../model/json/json-text";
import { nestingOf } from "../model/json/nesting";
import { MAX_EVENT_BYTES, MAX_NESTING_LEVELS } from "../model/limits";
import { type Repair, type Repaired, repairEvent } from "../model/repair/repair";
import type { Micros } from "../model/time/time";
import type { WorkMeter } from "../model/work-meter";
import { checkEvent, type Verdict } from "./check-event";
import type { Rules } from "./rules";

/** A failed event as the errors table holds it. */
export interface FailedEvent {
  key: { receivedAt: Micros };
  application: string | null;
  session: string | null;
  eventId: string | null;
  /** JSON: [{code, path, message}]. */
  issues: string;
  content: { kind: "whole"; text: string } | { kind: "incomplete"; arrived: number; of: number };
}

/** A failed event made ready to be validated again, or why it cannot be. */
export type PreparedReplay =
  | {
      kind: "fit";
      event: unknown;
      eventId: string;
      application: string;
      receivedAt: Micros;
      bytes: number;
      levels: number;
      /** True if it can only fail, and does not travel to a session. */
      isOversized: boolean;
      /** Units that fixing it took. */
      work: number;
    }
  | { kind: "unfit"; reason: string; work: number };

/**
 * Units of work to read, write and measure an event, beside one for each character: 50 ns each at most, measured with
 * events of 32 KB and of 1 MB. See MAX_VALIDATION_WORK.
 */
const UNITS_PER_EVENT = 200;

/** Fixes a failed event. */
export function prepareReplay(error: FailedEvent, repair: Repair | null): PreparedReplay {
  const { application, eventId, content } = error;
  if (application === null || eventId === null || isMalformed(error)) {
    return { kind: "unfit", reason: "it is a queue message that was no event", work: 1 };
  }
  if (content.kind === "incomplete") {
    return { kind: "unfit", reason: `${content.arrived} of its ${content.of} pieces have arrived`, work: 1 };
  }
  const read = UNITS_PER_EVENT + content.text.length;
  if (nestingOf(content.text) > MAX_FIXED_LEVELS) {
    return { kind: "unfit", reason: "it is nested too deep to be fixed", work: read };
  }
  const { receivedAt } = error.key;
  const repaired = repair === null ? asItIs(content.text) : repairEvent(content.text, repair, receivedAt);
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

function asItIs(text: string): Repaired {
  return { applies: true, event: JSON.parse(text), work: 0 };
}

/** Structured clones overflow at some 4,000 levels; see MAX_NESTING_LEVELS. */
const MAX_FIXED_LEVELS = 1_000;

/** The verdict on a fixed event, but for what only its session knows: whether its id stands for another event. */
export function validateReplayed(
  { event, receivedAt, bytes, levels }: Extract<PreparedReplay, { kind: "fit" }>,
  terms: { futureToleranceMicros: number; rules: Rules; meter?: WorkMeter },
): Verdict {
  return checkEvent(event, { ...terms, receivedAt, bytes, levels });
}

/** Without a session only a message that was no envelope fails for its delivery; what it held was no event. */
function isMalformed({ session, issues }: FailedEvent): boolean {
  const found: { code: string }[] = JSON.parse(issues);
  return session === null && found.some(({ code }) => code === "delivery_failed");
}
