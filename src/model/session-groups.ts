import { SESSION_GROUPS } from "./limits";

/** The name of the object that decides on a session's events, together with those of other sessions. */
export function groupOf(session: string): string {
  // FNV-1a. Whoever may send events may choose which sessions share an object, and gains nothing by it.
  let hash = 0x811c9dc5;
  for (let i = 0; i < session.length; i++) hash = Math.imul(hash ^ session.charCodeAt(i), 0x01000193);
  return `group-${(hash >>> 0) % SESSION_GROUPS}`;
}
