import type { Context } from "hono";
import * as v from "valibot";
import type { AppEnv } from "../../http/app-env";
import { isolateKeyCache, recognise, refuseUse } from "../../http/auth/authenticate";
import { visibleTo } from "../../http/auth/visible-applications";
import { type Asked, linkTo } from "../../http/links";
import { logFailure } from "../../http/log";
import { Refusal } from "../../http/problem";
import { answerFrom } from "../../http/reading";
import { MomentSchema } from "../../http/request/moment";
import { readParameters } from "../../http/request/parameters";
import { MAX_ID_CHARACTERS } from "../../model/limits";
import { formatTimestamp } from "../../model/time/time";
import { type ArchiveBucket, archiveOf } from "../../storage/archive/archive-bucket";
import { type Database, databasesOf } from "../../storage/core/databases";
import type { FailedReceipt } from "../../storage/events/receipts/failed-receipt";
import type { ReceiptQuestion, StoredReceipt } from "../../storage/events/receipts/stored-receipt";
import { findAllFailures } from "../../storage/events/receipts/whole-failures";
import { findWholeReceipt } from "../../storage/events/whole-session";

const id = (description: string) =>
  v.pipe(
    v.string("it is missing"),
    v.maxLength(MAX_ID_CHARACTERS, `expected at most ${MAX_ID_CHARACTERS} characters`),
    v.description(description),
  );

export const ReceiptParameters = v.object({
  session_id: id("The session id as it was sent."),
  id: id("The id of the event: the client's, or the one in the 202 response."),
});

const count = v.pipe(v.number(), v.integer(), v.minValue(1));

const FailureSchema = v.object({
  error_id: v.string(),
  url: v.pipe(
    v.string(),
    v.description("The error, for a read key: a reference relative to the requested URL (RFC 3986)."),
  ),
  issues: v.array(v.object({ code: v.string(), path: v.string(), message: v.string() })),
  received_at: MomentSchema,
});

export const ReceiptResponse = v.object({
  session_id: v.string(),
  id: v.string(),
  status: v.pipe(
    v.picklist(["pending", "stored", "duplicate", "failed", "unknown"]),
    v.description(
      "pending: the event may still be in the queue. stored: it is among the events. duplicate: it is stored, and its session has recently received it more than once. failed: it is among the errors. unknown: it never arrived, or it belongs to an application that the key cannot read.",
    ),
  ),
  stored: v.pipe(
    v.nullable(
      v.object({
        position: v.pipe(
          v.nullable(count),
          v.description(
            "Its position in the session, among the events that the key can read; null in a very long session.",
          ),
        ),
        timestamp: MomentSchema,
        received_at: MomentSchema,
        application: v.string(),
        events: v.pipe(
          count,
          v.description(
            "The number of events in the session with this id. More than one if it was sent with different timestamps.",
          ),
        ),
      }),
    ),
    v.description("The event, once it is stored. If there are several, the newest."),
  ),
  failures: v.pipe(
    v.array(FailureSchema),
    v.description(
      "Open errors of events with this id. More than one, or one in addition to `stored`, if the contents differ.",
    ),
  ),
});

type Receipt = v.InferOutput<typeof ReceiptResponse>;

/**
 * `GET /theeye/receipts`: the status of an event. Queries the session's object and the databases; ingest stores
 * nothing for it.
 *
 * For another application's event, a write key and a read key limited to some applications get the same response as
 * for an event that never arrived, even while the queue holds messages.
 */
export async function showReceipt(c: Context<AppEnv>): Promise<Response> {
  const only = await applicationToShow(c);
  if (only instanceof Refusal) return only.response();
  const parameters = readParameters(c.req.url, ReceiptParameters);
  if (parameters instanceof Refusal) return parameters.response();
  const { session_id: session, id } = parameters;
  const question = { session, id, ...only };

  return answerFrom(async () => {
    const databases = databasesOf(c.env);
    // Queried first: events that the object has seen may be written while the databases are read.
    const seen = await c.env.SESSIONS.getByName(session).recall(id);
    const [own, failures] = await Promise.all([
      findWholeReceipt(databases, question, archiveOf(c.env)),
      findAllFailures(databases, question, archiveOf(c.env)),
    ]);
    const stored = own ?? (await resolvedEvent(failures, databases, question, archiveOf(c.env)));
    const facts = {
      stored,
      failures: failures.filter(({ resolvedAt }) => resolvedAt === null),
      // The object does not know whose event it has seen, so only a key that can read all applications may learn of
      // it.
      isTaken: stored === null && seen.length > 0 && question.applications === null,
      // If it failed, the repeated event with this id may have had other content.
      isRepeated:
        failures.length === 0 &&
        seen.some(({ occurredAt, isRepeated }) => isRepeated && occurredAt === stored?.occurredAt),
    };
    const isUnknown = stored === null && failures.length === 0 && !facts.isTaken;
    const receipt = receiptOf({ session, id }, facts, {
      mayBeQueued: isUnknown && (await hasBacklog(c.env.EVENTS)),
      asked: c.req,
    });
    return c.json(receipt, 200, { "Cache-Control": "no-store" });
  });
}

/** A write key can read its own application's events, from any place; a read key those of its applications, or all. */
async function applicationToShow(c: Context<AppEnv>): Promise<{ applications: readonly string[] | null } | Refusal> {
  const sources = { keys: c.env.KEYS, config: c.var.config, cache: isolateKeyCache };
  const recognised = await recognise(c.req.raw, sources);
  if (recognised instanceof Refusal) return recognised;
  const { identity } = recognised;
  c.set("identity", identity);
  const needed = identity.scope === "write" ? "write" : "read";
  const refusal = refuseUse(recognised, needed, c.req.raw);
  if (refusal !== null) return refusal;
  return { applications: visibleTo(identity) };
}

/** The event that a replay created from an error, in the session that its repair gave. */
async function resolvedEvent(
  failures: FailedReceipt[],
  databases: Database[],
  { applications }: ReceiptQuestion,
  archive: ArchiveBucket | null,
): Promise<StoredReceipt | null> {
  for (const { resolvedSession: session, resolvedEventId: id } of failures) {
    if (session !== null && id !== null) return findWholeReceipt(databases, { session, id, applications }, archive);
  }
  return null;
}

/** A queue without metrics counts as empty; otherwise the status would stay `pending` forever. */
async function hasBacklog(queue: Queue): Promise<boolean> {
  try {
    return typeof queue.metrics === "function" && (await queue.metrics()).backlogCount > 0;
  } catch (error) {
    logFailure("queue_metrics_failed", error);
    return false;
  }
}

interface Facts {
  stored: StoredReceipt | null;
  failures: FailedReceipt[];
  /** The session's object has seen the event, but the databases do not have it yet. */
  isTaken: boolean;
  isRepeated: boolean;
}

export function receiptOf(
  asked: { session: string; id: string },
  { stored, failures, isTaken, isRepeated }: Facts,
  { mayBeQueued, asked: from }: { mayBeQueued: boolean; asked: Asked },
): Receipt {
  let status: Receipt["status"] = "unknown";
  if (stored !== null) status = isRepeated ? "duplicate" : "stored";
  else if (isTaken) status = "pending";
  else if (failures.length > 0) status = "failed";
  else if (mayBeQueued) status = "pending";
  return {
    session_id: asked.session,
    id: asked.id,
    status,
    stored:
      stored === null
        ? null
        : {
            position: stored.position,
            timestamp: formatTimestamp(stored.occurredAt),
            received_at: formatTimestamp(stored.receivedAt),
            application: stored.application,
            events: stored.events,
          },
    failures: failures.map(({ errorId, issues, receivedAt }) => ({
      error_id: errorId,
      url: linkTo(from, `/theeye/errors/${errorId}`),
      issues: JSON.parse(issues),
      received_at: formatTimestamp(receivedAt),
    })),
  };
}
