import * as v from "valibot";
import { MAX_ID_CHARACTERS, MAX_NAME_CHARACTERS } from "../limits";
import { momentOf, TIMESTAMP_FORMS } from "../time/time";

/**
 * Placeholders that broken clients send instead of a session id. If they were accepted, unrelated senders would share
 * one session and overload its object. PostHog and Mixpanel have the same list. It is compared without case.
 */
const PLACEHOLDERS = new Set([
  ...["0", "-1", "{}", "[]", "null", "(null)", "nil", "none", "nan", "undefined", "true", "false", "n/a", "unknown"],
  ...["anonymous", "guest", "[object object]", "00000000-0000-0000-0000-000000000000"],
  "ffffffff-ffff-ffff-ffff-ffffffffffff",
]);

/**
 * Control characters, line and paragraph separators, and lone surrogates. A database does not return them unchanged.
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

/**
 * `printable` for values that appear in URL paths, where `.` and `..` are removed even when escaped (RFC 3986, 5.2.4).
 */
function addressable(max: number) {
  return v.pipe(
    printable(max),
    v.check(
      (text) => text !== "." && text !== "..",
      'expected a text other than "." and "..", which a URL path cannot contain',
    ),
  );
}

/** The id that a client gives an event. */
export const EventIdSchema = v.pipe(
  printable(MAX_ID_CHARACTERS),
  v.description("The event's identity in its session. A repeated event with the same id and timestamp is stored once."),
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
  v.description("Together with the name, the event's type: `page interaction`."),
);

export const NameSchema = v.pipe(
  addressable(MAX_NAME_CHARACTERS),
  v.description("Together with the category, the event's type: `pageview`."),
);

/** The name of an application, as its keys hold it. */
export const ApplicationNameSchema = v.pipe(
  v.string(),
  v.regex(
    /^[a-z0-9][a-z0-9._-]{0,63}$/,
    "expected 1 to 64 of a-z, 0-9, dot, dash and underscore, beginning with a letter or digit",
  ),
  v.description("The application's name."),
);

/**
 * A JSON object, passed through unchanged. valibot's own object schemas drop members named `constructor` and
 * `prototype`, and accept arrays.
 */
export const JsonObjectSchema = v.custom<Record<string, unknown>>(
  isJsonObject,
  (issue) => `expected a JSON object, found ${foundIn(issue)}`,
);

export const DataSchema = v.pipe(
  JsonObjectSchema,
  v.description("The payload. Its members depend on the event's type. `{}` is a valid payload."),
);

export const VisitorIdSchema = v.pipe(
  addressable(MAX_ID_CHARACTERS),
  v.description("Identifies one person or device over many sessions. The application chooses its form."),
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
  v.description(`When it occurred: ${TIMESTAMP_FORMS}. Decimals are kept to the microsecond.`),
);

/**
 * An event as an application sends it. Members that are not named here are kept too; see `extraOf`.
 *
 * SDKs send `null` for unknown values, so `visitor_id` and `context` may be null, which counts as absent.
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

/** What an issue found, shortened: valibot reports the whole text of a string. */
export function foundIn({ input, received }: { input: unknown; received: string }): string {
  if (typeof input === "string") return excerpt(input);
  return received === "Array" ? "a list" : received === "Object" ? "an object" : received;
}

/** At most 40 characters of a text, so that a message never repeats a payload. */
export function excerpt(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}

/** True for a JSON object: neither null, an array nor a scalar. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The client's id of an event, or null if there is no valid one. */
export function clientEventId(event: unknown): string | null {
  if (!isJsonObject(event)) return null;
  return v.is(EventIdSchema, event.id) ? event.id : null;
}

/** The session id of an event, or null if there is no valid one. */
export function sessionIdOf(event: unknown): string | null {
  if (!isJsonObject(event)) return null;
  return v.is(SessionIdSchema, event.session_id) ? event.session_id : null;
}

/** UTF-8 bytes of a text. */
export function utf8Bytes(text: string): number {
  return Buffer.byteLength(text);
}

/**
 * UTF-8 bytes of a text, for comparison with a limit. Bytes are counted only if the text may exceed the limit; for a
 * shorter text, its characters are returned instead.
 */
export function bytesUpTo(text: string, limit: number): number {
  // A UTF-16 unit takes three bytes at most.
  return text.length * 3 <= limit ? text.length : utf8Bytes(text);
}
