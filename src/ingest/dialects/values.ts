import { isJsonObject } from "../../model/event/event";
import { MAX_NAME_CHARACTERS } from "../../model/limits";

/** The value if it is an object, otherwise an empty object. */
export function objectOf(value: unknown): Record<string, unknown> {
  return isJsonObject(value) ? value : {};
}

/** A non-empty text, or a number as text; otherwise undefined. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The first value that `textOf` accepts. */
export function firstText(...values: readonly unknown[]): string | undefined {
  for (const value of values) {
    const text = textOf(value);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** Cuts a name to the length that the format allows, but not within a surrogate pair. */
export function shortName(name: string): string {
  if (name.length <= MAX_NAME_CHARACTERS) return name;
  return name.slice(0, MAX_NAME_CHARACTERS).replace(/[\uD800-\uDBFF]$/, "");
}

/** A vendor's event, mapped to the members of the native format. */
export interface Mapped {
  session: string | undefined;
  visitor: string | undefined;
  category: string;
  name: string;
  data: Record<string, unknown>;
  timestamp: unknown;
  id: string | undefined;
  /** A new object. Members that have no other place are added to it. */
  context: Record<string, unknown>;
  /** Members that cannot be mapped. The context keeps them as `unmapped`; undefined values are left out. */
  unmapped?: Record<string, unknown>;
}

/**
 * Builds a native event. A name that is too long is cut; the context keeps the whole name. Missing members are left
 * out, so the event fails the native validation and is stored among the errors.
 */
export function nativeEvent(mapped: Mapped): Record<string, unknown> {
  const { session, visitor, timestamp, id, data, unmapped, context } = mapped;
  const event: Record<string, unknown> = {};
  if (session !== undefined) event.session_id = session;
  if (visitor !== undefined) event.visitor_id = visitor;
  event.category = shortName(mapped.category);
  event.name = shortName(mapped.name);
  event.data = data;
  if (timestamp !== undefined && timestamp !== null) event.timestamp = timestamp;
  if (id !== undefined) event.id = id;
  event.context = context;
  const leftOver = unmapped === undefined ? undefined : leftOverOf(unmapped);
  if (leftOver !== undefined) {
    // The vendor may have a member of this name too.
    if (context.unmapped !== undefined) leftOver.unmapped = context.unmapped;
    context.unmapped = leftOver;
  }
  if (event.category !== mapped.category) context.full_category = mapped.category;
  if (event.name !== mapped.name) context.full_name = mapped.name;
  return event;
}

/** The members that are not undefined, or undefined if there are none, as in nearly every event. */
function leftOverOf(unmapped: Record<string, unknown>): Record<string, unknown> | undefined {
  let some: Record<string, unknown> | undefined;
  for (const name in unmapped) {
    if (unmapped[name] === undefined) continue;
    some ??= {};
    some[name] = unmapped[name];
  }
  return some;
}

/**
 * Returns the members of `under` that `over` would replace with another value. Undefined if there are none, as in
 * nearly every event.
 */
export function hiddenBy(
  over: Record<string, unknown>,
  under: Record<string, unknown>,
): Record<string, unknown> | undefined {
  let hidden: Record<string, unknown> | undefined;
  for (const name in over) {
    if (!Object.hasOwn(under, name) || under[name] === undefined || under[name] === over[name]) continue;
    hidden = { ...hidden, [name]: under[name] };
  }
  return hidden;
}

/** The value if `textOf` cannot read it, so that it can be kept anyway. Otherwise undefined. */
export function unlessText(value: unknown): unknown {
  return textOf(value) === undefined && value !== null && value !== "" ? value : undefined;
}

/** The value if `objectOf` cannot read it, so that it can be kept anyway. Otherwise undefined. */
export function unlessObject(value: unknown): unknown {
  return isJsonObject(value) || value === null ? undefined : value;
}

/**
 * Divides the members of an object in two. The results are built from entries, because assigning to a member named
 * `__proto__` would lose it.
 */
export function divide(
  value: Record<string, unknown>,
  isFirst: (key: string) => boolean,
): [Record<string, unknown>, Record<string, unknown>] {
  const entries = Object.entries(value);
  const first = entries.filter(([key]) => isFirst(key));
  return [Object.fromEntries(first), Object.fromEntries(entries.filter(([key]) => !isFirst(key)))];
}

/** Wraps an event that is not an object, so that it is stored among the errors and its neighbours are stored as usual. */
export function unmapped(value: unknown): Record<string, unknown> {
  return { data: null, context: { unmapped: value ?? null } };
}
