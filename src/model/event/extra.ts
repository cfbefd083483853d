import { EventSchema } from "./event";

/** The members that the event format defines. */
export const EVENT_MEMBERS: ReadonlySet<string> = new Set(Object.keys(EventSchema.entries));

/**
 * The members of an event that the format does not define, as sent, or null if there are none. They are stored and
 * returned under `extra`, whatever their names: a client's own `received_at` or `extra` is kept like any other and
 * never interpreted.
 */
export function extraOf(event: Record<string, unknown>): Record<string, unknown> | null {
  const names = Object.keys(event).filter((name) => !EVENT_MEMBERS.has(name));
  // An assignment to a member named `__proto__` would set the prototype instead.
  return names.length === 0 ? null : Object.fromEntries(names.map((name) => [name, event[name]]));
}
