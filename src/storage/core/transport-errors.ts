import { DrizzleQueryError } from "drizzle-orm/errors";

/**
 * How to react to a failure of D1 or of a Durable Object.
 *
 * - `stale`: a partition's table does not exist, because the partition was closed after the map was read. Or
 *   something was erased after the writer checked (erasures/erasure-fence.ts).
 * - `transient`: the connection or the object was lost; the same idempotent call may succeed at once.
 * - `overloaded`: the other side is overloaded; retrying at once makes it worse.
 * - `exhausted`: the call used up its CPU time or memory. Its content is probably at fault, so it is bisected like a
 *   rejected one. A neighbour on the same machine may be the cause too, so it is retried for longer.
 * - `rejected`: a retry would fail in the same way. The call itself is at fault, or there is a bug.
 */
export type Failure = "stale" | "transient" | "overloaded" | "exhausted" | "rejected";

/**
 * D1 reports errors only as text. These are the texts in its documentation (debug-d1, retry-queries). A full
 * database is retried like a busy one, and so is one that lacks a migration: the team fixes both, and no event is at
 * fault. A message whose invocation has used up its subrequests is delivered again in another batch.
 */
const OVERLOADED =
  /overloaded|too many (requests|subrequests|API requests)|exceeded timeout|too much load|disk is full|SQLITE_FULL|maximum DB size|no such (table|column)/i;
/**
 * "D1 DB exceeded its CPU time limit and was reset", "Durable Object's isolate exceeded its memory limit and was
 * reset", "Worker exceeded resource limits", "Worker has exceeded memory limit", and V8's messages about its heap.
 */
const EXHAUSTED =
  /exceeded (?:its |the )?(?:CPU|memory|resource)|(?:CPU time|CPU|memory|resource) limits? (?:was |were )?exceeded|out of memory/i;
const STALE = /no such table: (main\.)?(events|activity|visits|minutes)_\d|constraint failed: erasures_are_known/i;
const TRANSIENT =
  /network connection lost|caused object to be reset|code was updated|transient issue|internal error|disconnected|timed out/i;

/**
 * Classifies a thrown value by the reaction to it: first by the platform's flags, last by its text. A Durable Object
 * call that is both retryable and overloaded must not be repeated at once. An object that ran out of CPU time or
 * memory also reports a reset, so those texts are checked before the flags: the same call would reset it again.
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

/** Returns whether a smaller part of the same call may succeed. */
export function isFaultOfContent(failure: Failure): boolean {
  return failure === "rejected" || failure === "exhausted";
}

/**
 * The message of any thrown value. Of a failed query it is the message of the cause: Drizzle's own message has the SQL text
 * with its parameters, such as the ids of a session or visitor, which must not reach a log.
 */
export function messageOf(thrown: unknown): string {
  const cause = causeOf(thrown);
  if (cause instanceof DrizzleQueryError) return "a query failed";
  return cause instanceof Error ? cause.message : String(cause);
}

/** What made a query fail; any other thrown value as it is. */
export function causeOf(thrown: unknown): unknown {
  return thrown instanceof DrizzleQueryError && thrown.cause !== undefined ? thrown.cause : thrown;
}

function hasFlag(thrown: unknown, flag: string): boolean {
  const cause = causeOf(thrown);
  return typeof cause === "object" && cause !== null && Reflect.get(cause, flag) === true;
}
