/**
 * What a failure of D1 or of a Durable Object asks for.
 *
 * - `stale`: a table of a partition is not there: the partition was closed since the map was read.
 * - `transient`: the connection or the object went away; the same idempotent call may work at once.
 * - `overloaded`: the other side has too much to do; trying again at once makes it worse.
 * - `rejected`: it would fail again just so. The call itself is at fault, or a bug.
 */
export type Failure = "stale" | "transient" | "overloaded" | "rejected";

/**
 * D1 reports by text only; these are the ones that its documentation names (debug-d1, retry-queries). A full database is
 * waited for like a busy one, and so is one that lacks a migration: the team mends both, and no event is at fault. A
 * message that found all its invocation's subrequests used up comes back in another batch.
 */
const OVERLOADED =
  /overloaded|too many (requests|subrequests|API requests)|exceeded timeout|exceeded its CPU time limit|memory limit|too much load|disk is full|SQLITE_FULL|maximum DB size|no such (table|column)/i;
const STALE = /no such table: (main\.)?(events|activity|visits|minutes)_\d/i;
const TRANSIENT =
  /network connection lost|caused object to be reset|code was updated|transient issue|internal error|disconnected|timed out/i;

/**
 * Sorts a thrown value by what to do next: the platform's own flags first, its words last. An object's call that is
 * both retryable and overloaded must not be repeated at once.
 */
export function failureOf(thrown: unknown): Failure {
  if (hasFlag(thrown, "overloaded")) return "overloaded";
  if (hasFlag(thrown, "retryable") || hasFlag(thrown, "durableObjectReset")) return "transient";
  const message = messageOf(thrown);
  if (STALE.test(message)) return "stale";
  if (OVERLOADED.test(message)) return "overloaded";
  if (TRANSIENT.test(message)) return "transient";
  return "rejected";
}

/** The text of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function hasFlag(thrown: unknown, flag: string): boolean {
  return typeof thrown === "object" && thrown !== null && Reflect.get(thrown, flag) === true;
}
