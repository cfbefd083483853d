/**
 * What a failure of D1 or of a Durable Object asks for.
 *
 * - `stale`: a table of a partition is not there: the partition was closed since the map was read. Or something was erased since
 *   the writer looked (erasures/erasure-fence.ts).
 * - `transient`: the connection or the object went away; the same idempotent call may work at once.
 * - `overloaded`: the other side has too much to do; trying again at once makes it worse.
 * - `exhausted`: the call used up its CPU time or memory. What it carries is probably at fault, so it is bisected like a
 *   rejected one; but a neighbour on the same machine may be too, so it is tried for longer.
 * - `rejected`: it would fail again just so. The call itself is at fault, or a bug.
 */
export type Failure = "stale" | "transient" | "overloaded" | "exhausted" | "rejected";

/**
 * D1 reports by text only; these are the ones that its documentation names (debug-d1, retry-queries). A full database is
 * waited for like a busy one, and so is one that lacks a migration: the team fixes both, and no event is at fault. A
 * message that found all its invocation's subrequests used up comes back in another batch.
 */
const OVERLOADED =
  /overloaded|too many (requests|subrequests|API requests)|exceeded timeout|too much load|disk is full|SQLITE_FULL|maximum DB size|no such (table|column)/i;
/**
 * "D1 DB exceeded its CPU time limit and was reset", "Durable Object's isolate exceeded its memory limit and was reset",
 * "Worker exceeded resource limits", "Worker has exceeded memory limit", and what V8 says of its heap.
 */
const EXHAUSTED =
  /exceeded (?:its |the )?(?:CPU|memory|resource)|(?:CPU time|CPU|memory|resource) limits? (?:was |were )?exceeded|out of memory/i;
const STALE = /no such table: (main\.)?(events|activity|visits|minutes)_\d|constraint failed: erasures_are_known/i;
const TRANSIENT =
  /network connection lost|caused object to be reset|code was updated|transient issue|internal error|disconnected|timed out/i;

/**
 * Sorts a thrown value by what to do next: the platform's own flags first, its words last. An object's call that is
 * both retryable and overloaded must not be repeated at once. An object that ran out of CPU time or memory says that it was
 * reset, so those words come before the flags: the same call would reset it again.
 */
export function failureOf(thrown: unknown): Failure {
  if (EXHAUSTED.test(messageOf(thrown))) return "exhausted";
  if (hasFlag(thrown, "overloaded")) return "overloaded";
  if (hasFlag(thrown, "retryable") || hasFlag(thrown, "durableObjectReset")) return "transient";
  const message = messageOf(thrown);
  if (STALE.test(message)) return "stale";
  if (OVERLOADED.test(message)) return "overloaded";
  if (TRANSIENT.test(message)) return "transient";
  return "rejected";
}

/** Whether a smaller part of the same call may work. */
export function isFaultOfContent(failure: Failure): boolean {
  return failure === "rejected" || failure === "exhausted";
}

/** The text of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function hasFlag(thrown: unknown, flag: string): boolean {
  return typeof thrown === "object" && thrown !== null && Reflect.get(thrown, flag) === true;
}
