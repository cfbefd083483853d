import * as v from "valibot";
import type { EventCode, Issue } from "../model/codes";
import { type ClientEvent, EventSchema, isJsonObject, JsonObjectSchema, utf8Bytes } from "../model/event/event";
import type { EventTypeRule } from "../model/event/event-type";
import { textEventMessage } from "../model/event/text-event";
import { jsonText } from "../model/json/json-text";
import { keepShape } from "../model/kept-shapes";
import { MAX_EVENT_BYTES, MAX_NESTING_LEVELS } from "../model/limits";
import { formatTimestamp, type Micros, momentOf } from "../model/time/time";
import type { WorkMeter } from "../model/work-meter";
import { compiledSchema } from "./compile-schema";
import type { Rules } from "./rules";

/** The issues for which a schema in report-only mode would have rejected an event. */
export interface ReportOnlyFindings {
  /** The version of the event type. */
  version: number;
  issues: Issue[];
}

/**
 * The verdict on an event: the event to store, or all its issues. `shadow` is null unless a schema in report-only mode
 * would have rejected it. `occurredAt` of an invalid event is null if its timestamp cannot be read or lies in the
 * future.
 */
export type Verdict =
  | { valid: true; event: ClientEvent; occurredAt: Micros; shadow: ReportOnlyFindings | null }
  | { valid: false; issues: Issue[]; occurredAt: Micros | null };

export interface ValidationTerms {
  /** When the edge received the event. The verdict must not depend on when the event is validated. */
  receivedAt: Micros;
  futureToleranceMicros: number;
  /** The rules that apply to the event's type. */
  rules: Rules;
  /** The event's size as UTF-8 JSON, if it is already known; see PartEnvelope. */
  bytes?: number;
  /** The event's levels of nesting, if the edge measured them, as it does for every event that is nested too deeply. */
  levels?: number;
  /**
   * The meter that is charged for validating the payload, to bound many events together. Absent: one for each event.
   */
  meter?: WorkMeter;
}

const CODE_OF_MEMBER: Record<string, EventCode> = {
  session_id: "session_id_invalid",
  category: "category_invalid",
  name: "name_invalid",
  data: "data_invalid",
  timestamp: "timestamp_invalid",
  id: "event_invalid",
  visitor_id: "event_invalid",
  context: "event_invalid",
};

const ObjectEventSchema = v.pipe(JsonObjectSchema, EventSchema);

// What a schema of valibot passes on while it validates.
const dataset = { value: "" };
v.string()["~run"](dataset, {});
keepShape("dataset", dataset);

/**
 * Validates an event as the client sent it. The function is pure: the same event, receipt and rules give the same
 * verdict.
 */
export function checkEvent(event: unknown, terms: ValidationTerms): Verdict {
  const bytes = terms.bytes ?? sizeOf(event);
  const levels = terms.levels ?? 0;
  // An event that is too large or too deep came in pieces, with a truncated preview instead of its payload.
  const isWhole = bytes <= MAX_EVENT_BYTES && levels <= MAX_NESTING_LEVELS;

  const result = v.safeParse(ObjectEventSchema, event, { abortPipeEarly: true });
  const issues: Issue[] = (result.issues ?? []).map((issue) => ({
    code: CODE_OF_MEMBER[String(issue.path?.[0]?.key)] ?? "event_invalid",
    path: issue.path?.[0] === undefined ? "" : `/${String(issue.path[0].key)}`,
    message: typeof event === "string" && isWhole ? textEventMessage(event) : issue.message,
  }));

  if (bytes > MAX_EVENT_BYTES) {
    issues.push({
      code: "event_too_large",
      path: "",
      message: `expected at most ${MAX_EVENT_BYTES} bytes, found ${bytes}`,
    });
  }

  if (levels > MAX_NESTING_LEVELS) {
    const message = `expected at most ${MAX_NESTING_LEVELS} levels of nesting, found ${levels}`;
    issues.push({ code: "event_invalid", path: "", message });
  }

  const occurredAt = occurrenceOf(event);
  const isAhead = occurredAt !== null && occurredAt > terms.receivedAt + terms.futureToleranceMicros;
  if (isAhead) {
    issues.push({ code: "timestamp_in_future", path: "/timestamp", message: aheadMessage(occurredAt, terms) });
  }

  const type = isWhole ? checkType(event, issues, terms) : NOTHING;
  issues.push(...type.issues);

  if (issues.length > 0 || !result.success || occurredAt === null) {
    return { valid: false, issues, occurredAt: isAhead ? null : occurredAt };
  }
  return { valid: true, event: result.output, occurredAt, shadow: type.shadow };
}

interface TypeVerdict {
  issues: Issue[];
  shadow: ReportOnlyFindings | null;
}

const NOTHING: TypeVerdict = { issues: [], shadow: null };

/** Validates an event against its type's rule, if its category, name and payload allow that. */
function checkType(event: unknown, issues: readonly Issue[], { rules, meter }: ValidationTerms): TypeVerdict {
  if (!isJsonObject(event) || has(issues, "category_invalid") || has(issues, "name_invalid")) return NOTHING;
  const { category, name, data } = event;
  if (typeof category !== "string" || typeof name !== "string") return NOTHING;
  const rule = rules.find(category, name);
  const mode = rule?.mode ?? rules.unregistered;
  if (mode === "reject") {
    const found = `${JSON.stringify(category)} with ${JSON.stringify(name)}`;
    const message =
      rule === null
        ? `expected a registered event type, found ${found}`
        : `expected an event type that is not retired, found ${found}`;
    return { issues: [{ code: "unplanned_event", path: "", message }], shadow: null };
  }
  if (rule === null || rule.schema === null || !isJsonObject(data)) return NOTHING;
  const violations = checkData(data, rule.schema, meter);
  if (violations.length === 0) return NOTHING;
  return rule.schema_mode === "enforce"
    ? { issues: violations, shadow: null }
    : { issues: [], shadow: { version: rule.version, issues: violations } };
}

/** @param schema the text of a registered schema */
function checkData(
  data: Record<string, unknown>,
  schema: NonNullable<EventTypeRule["schema"]>,
  meter?: WorkMeter,
): Issue[] {
  return compiledSchema(schema)(data, meter).map(({ path, message }) => ({
    code: "schema_violation",
    path: `/data${path}`,
    message,
  }));
}

function has(issues: readonly Issue[], code: EventCode): boolean {
  return issues.some((issue) => issue.code === code);
}

function occurrenceOf(event: unknown): Micros | null {
  return isJsonObject(event) ? momentOf(event.timestamp) : null;
}

function sizeOf(event: unknown): number {
  return utf8Bytes(jsonText(event));
}

function aheadMessage(occurredAt: Micros, { receivedAt, futureToleranceMicros }: ValidationTerms): string {
  const tolerance = futureToleranceMicros / 1_000_000;
  return `expected at most ${tolerance} s after its receipt at ${formatTimestamp(receivedAt)}, found ${formatTimestamp(occurredAt)}`;
}
