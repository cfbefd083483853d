import * as v from "valibot";
import type { EventCode, Issue } from "../model/codes";
import { type ClientEvent, EventSchema, isJsonObject, JsonObjectSchema, utf8Bytes } from "../model/event/event";
import type { EventTypeRule } from "../model/event/event-type";
import { textEventMessage } from "../model/event/text-event";
import { jsonText } from "../model/json/json-text";
import { MAX_EVENT_BYTES, MAX_NESTING_LEVELS } from "../model/limits";
import { formatTimestamp, type Micros, momentOf } from "../model/time/time";
import type { WorkMeter } from "../model/work-meter";
import { compiledSchema } from "./compile-schema";
import type { Rules } from "./rules";

/** What a schema in report-only mode would have rejected an event for. */
export interface ReportOnlyFindings {
  /** Of the event type. */
  version: number;
  issues: Issue[];
}

/**
 * The verdict on an event: what is to be stored of it, or everything that is wrong with it. `shadow` is null unless a
 * schema in report-only mode would have made it fail. `occurredAt` of an invalid event is null where its timestamp cannot be read, or
 * lies in the future.
 */
export type Verdict =
  | { valid: true; event: ClientEvent; occurredAt: Micros; shadow: ReportOnlyFindings | null }
  | { valid: false; issues: Issue[]; occurredAt: Micros | null };

export interface ValidationTerms {
  /** The event's own moment of receipt at the edge: the verdict must not depend on when it is reached. */
  receivedAt: Micros;
  futureToleranceMicros: number;
  /** What the event's type asks for. */
  rules: Rules;
  /** The event's size as UTF-8 JSON, where it was measured before; see EventsEnvelope and PartEnvelope. */
  bytes?: number;
  /** The event's levels of nesting, where the edge measured them: it sends no deeper event in any other way. */
  levels?: number;
  /** What validating the payload is charged to, for whoever validates many. Without it each event has its own. */
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

/** Validates an event as the client sent it. Pure: the same event with the same receipt and rules has the same verdict. */
export function checkEvent(event: unknown, terms: ValidationTerms): Verdict {
  const bytes = terms.bytes ?? sizeOf(event);
  const levels = terms.levels ?? 0;
  // What is too large or too deep has come in pieces, with a truncated preview in place of its payload.
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

/** Validates by the event's type, as far as the event has what that takes: a category, a name, a payload. */
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
        : `expected an event type in use, found ${found}`;
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
