import * as v from "valibot";
import { MAX_ID_CHARACTERS, MAX_NAME_CHARACTERS } from "../limits";
import { momentOf, TIMESTAMP_FORMS } from "../time/time";

/**
 * Session ids that broken clients send in place of one. Taken as they are, they would gather untrusted senders in one session
 * and make its object the hottest of all. The list is that of PostHog and Mixpanel, compared without case.
 */
const PLACEHOLDERS = new Set([
  ...["0", "-1", "{}", "[]", "null", "(null)", "nil", "none", "nan", "undefined", "true", "false", "n/a", "unknown"],
  ...["anonymous", "guest", "[object object]", "00000000-0000-0000-0000-000000000000"],
  "ffffffff-ffff-ffff-ffff-ffffffffffff",
]);

/**
 * Control characters, line and paragraph separators, and halves of a surrogate pair: none is text that a database returns
 * as it took it.
 */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u;

function printable(max: number) {
  const rule = `1 to ${max} printable characters`;
  return v.pipe(
    v.string((issue) => `expected a string of ${rule}, found ${issue.received}`),
    v.minLength(1, `expected ${rule}, found an empty string`),
    v.maxLength(max, (issue) => `expected at most ${max} characters, found ${issue.input.length}`),
    v.check((text) => text.trim() !== "" && !UNPRINTABLE.test(text), `expected ${rule}`),
  );
}

/** As `printable`, for what stands in paths: `.` and `..` are steps there, and no escape keeps them (RFC 3986, 5.2.4). */
function addressable(max: number) {
  return v.pipe(
    printable(max),
    v.check((text) => text !== "." && text !== "..", 'expected another text than "." and "..", which no URL can name'),
  );
}

/** An event's or a request's own identifier. */
export const EventIdSchema = v.pipe(
  printable(MAX_ID_CHARACTERS),
  v.description("The event's identity in its session. An event that arrives again with it is the same event."),
);

export const SessionIdSchema = v.pipe(
  addressable(MAX_ID_CHARACTERS),
  v.check(
    (id) => !PLACEHOLDERS.has(id.trim().toLowerCase()),
    (issue) => `expected a session's own id, found the placeholder ${excerpt(issue.input)}`,
  ),
  v.description("Made by the application. Several applications may send events of the same session."),
);

export const CategorySchema = v.pipe(
  addressable(MAX_NAME_CHARACTERS),
  v.description("With the name, the event's type: `page interaction`."),
);

export const NameSchema = v.pipe(
  addressable(MAX_NAME_CHARACTERS),
  v.description("With the category, the event's type: `pageview`."),
);

/** The name of an application, as its keys carry it. */
export const ApplicationNameSchema = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, "expected 1 to 64 of a-z, 0-9, dot, dash and underscore, not a mark first"),
  v.description("The application's name."),
);

/**
 * A JSON object, taken as it is: valibot's own objects copy every member but those named `constructor` and `prototype`.
 * To valibot an array is an object too.
 */
export const JsonObjectSchema = v.custom<Record<string, unknown>>(
  isJsonObject,
  (issue) => `expected a JSON object, found ${foundIn(issue)}`,
);

export const DataSchema = v.pipe(
  JsonObjectSchema,
  v.description("The payload; what it holds depends on the event's type. `{}` is a payload."),
);

export const VisitorIdSchema = v.pipe(
  addressable(MAX_ID_CHARACTERS),
  v.description(
    "One person or device over many sessions, named by the application. Its form is up to the application.",
  ),
);

export const ContextSchema = v.pipe(
  JsonObjectSchema,
  v.description("The circumstances of the event, kept apart from its payload: SDK, page, device, time of sending."),
);

export const TimestampSchema = v.pipe(
  v.union([v.string(), v.number()], (issue) => `expected ${TIMESTAMP_FORMS}; found ${foundIn(issue)}`),
  v.check(
    (value) => momentOf(value) !== null,
    (issue) => `expected ${TIMESTAMP_FORMS}; found ${foundIn(issue)}`,
  ),
  v.description(`When it occurred: ${TIMESTAMP_FORMS}. Decimals count to the microsecond.`),
);

/**
 * An event as an application sends it. Members that are not named here are kept too; see `extraOf`.
 *
 * SDKs send `null` for what they do not know, so `visitor_id` and `context` may be null and then count as absent.
 */
export const EventSchema = v.object(
  {
    session_id: SessionIdSchema,
    category: CategorySchema,
    name: NameSchema,
    data: DataSchema,
    timestamp: TimestampSchema,
    id: v.optional(EventIdSchema),
    visitor_id: v.nullish(VisitorIdSchema),
    context: v.nullish(ContextSchema),
  },
  (issue) =>
    issue.expected === "Object" ? `expected a JSON object, found ${foundIn(issue)}` : "expected a value, found none",
);

export type ClientEvent = v.InferOutput<typeof EventSchema>;

/** What an issue found, briefly: valibot's own word for a text is the whole text. */
export function foundIn({ input, received }: { input: unknown; received: string }): string {
  return typeof input === "string" ? excerpt(input) : received;
}

/** At most 40 characters of what was found, so that a message never repeats a payload. */
export function excerpt(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}

/** True for a JSON object: neither null, an array nor a scalar. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The id that the client gave, or null if it gave none that can serve. */
export function clientEventId(event: unknown): string | null {
  if (!isJsonObject(event)) return null;
  return v.is(EventIdSchema, event.id) ? event.id : null;
}

/** The session that an event names, or null if it names none that can serve. */
export function sessionIdOf(event: unknown): string | null {
  if (!isJsonObject(event)) return null;
  return v.is(SessionIdSchema, event.session_id) ? event.session_id : null;
}

/** UTF-8 bytes of a text. */
export function utf8Bytes(text: string): number {
  return Buffer.byteLength(text);
}

/**
 * UTF-8 bytes of a text, for comparing them with a limit: counted only where the text may exceed it. A short text's characters
 * are returned in place of its bytes.
 */
export function bytesUpTo(text: string, limit: number): number {
  // A UTF-16 unit takes three bytes at most.
  return text.length * 3 <= limit ? text.length : utf8Bytes(text);
}
