import type { Context } from "hono";
import * as v from "valibot";
import { MAX_ID_CHARACTERS } from "../model/limits";
import { groupOf } from "../model/session-groups";
import { formatTimestamp } from "../model/time";
import { databasesOf } from "../storage/databases";
import { type FailedReceipt, findFailures, findStoredEvent, type StoredReceipt } from "../storage/receipt-queries";
import type { AppEnv } from "./app-env";
import { isolateKeyCache, recognise, refuseUse } from "./authenticate";
import { logFailure } from "./log";
import { readParameters } from "./parameters";
import { Refusal } from "./problem";
import { answerFrom } from "./reading";
import { MomentSchema } from "./stored-event";

const id = (description: string) =>
  v.pipe(
    v.string("it is missing"),
    v.maxLength(MAX_ID_CHARACTERS, `expected at most ${MAX_ID_CHARACTERS} characters`),
    v.description(description),
  );

export const ReceiptParameters = v.object({
  session_id: id("The session id as it was sent."),
  id: id("The event's id: the client's, or the one that the 202 returned."),
});

const count = v.pipe(v.number(), v.integer(), v.minValue(1));

const FailureSchema = v.object({
  error_id: v.string(),
  url: v.pipe(v.string(), v.description("The path that shows the error, with a read key.")),
  issues: v.array(v.object({ code: v.string(), path: v.string(), message: v.string() })),
  received_at: MomentSchema,
});

export const ReceiptResponse = v.object({
  session_id: v.string(),
  id: v.string(),
  status: v.pipe(
    v.picklist(["pending", "stored", "duplicate", "failed", "unknown"]),
    v.description(
      "pending: on its way, or it may be: the queue holds events. stored: among the events. duplicate: stored, and its session has lately received it more than once. failed: among the errors. unknown: it never arrived, or belongs to another application than the write key.",
    ),
  ),
  stored: v.pipe(
    v.nullable(
      v.object({
        position: v.pipe(v.nullable(count), v.description("Its place in the session; null in a very long one.")),
        timestamp: MomentSchema,
        received_at: MomentSchema,
        application: v.string(),
      }),
    ),
    v.description("The event, once it is stored."),
  ),
  failures: v.pipe(
    v.array(FailureSchema),
    v.description("Open errors of events with this id: more than one, or one beside `stored`, if its contents differ."),
  ),
});

type Receipt = v.InferOutput<typeof ReceiptResponse>;

/**
 * `GET /theeye/receipts`: what became of an event. Asks the session's group and the databases; nothing is kept for it
 * while events are taken.
 */
export async function showReceipt(c: Context<AppEnv>): Promise<Response> {
  const only = await applicationToShow(c);
  if (only instanceof Refusal) return only.response();
  const question = readParameters(c.req.url, ReceiptParameters);
  if (question instanceof Refusal) return question.response();
  const { session_id: session, id } = question;
  const isShown = ({ application }: { application: string | null }) =>
    only.application === null || application === only.application;

  return answerFrom(async () => {
    const databases = databasesOf(c.env);
    const remembered = await c.env.SESSIONS.getByName(groupOf(session)).recallOne(session, id);
    const [stored, failures] = await Promise.all([
      findStoredEvent(databases, { session, id, place: remembered }),
      findFailures(databases, session, id),
    ]);
    const own = failures.filter(isShown);
    const facts = {
      stored: stored !== null && isShown(stored) ? stored : null,
      failures: own.filter(({ resolvedAt }) => resolvedAt === null),
      isDecided: remembered !== null && stored === null && isShown(remembered),
      isDuplicate: remembered?.isDuplicate ?? false,
    };
    const isNothingKnown = stored === null && failures.length === 0 && remembered === null;
    const mayBeQueued = isNothingKnown && (await hasBacklog(c.env.EVENTS));
    const moved = facts.stored === null ? await movedEvent(own, databases, id) : null;
    const receipt = receiptOf({ session, id }, { ...facts, stored: facts.stored ?? moved }, mayBeQueued);
    return c.json(receipt, 200, { "Cache-Control": "no-store" });
  });
}

/** A write key sees its own application's events, wherever it may be used to send; a read key sees all. */
async function applicationToShow(c: Context<AppEnv>): Promise<{ application: string | null } | Refusal> {
  const sources = { keys: c.env.KEYS, config: c.var.config, cache: isolateKeyCache };
  const recognised = await recognise(c.req.raw, sources);
  if (recognised instanceof Refusal) return recognised;
  const { identity } = recognised;
  c.set("identity", identity);
  const needed = identity.scope === "write" ? "write" : "read";
  const refusal = refuseUse(recognised, needed, c.req.raw);
  if (refusal !== null) return refusal;
  return { application: identity.scope === "write" ? identity.application : null };
}

/** The event that a replay made of an error, in the session that its repair named. */
async function movedEvent(
  failures: FailedReceipt[],
  databases: ReturnType<typeof databasesOf>,
  id: string,
): Promise<StoredReceipt | null> {
  const moved = failures.find(({ resolvedSession }) => resolvedSession !== null)?.resolvedSession;
  return moved === null || moved === undefined ? null : findStoredEvent(databases, { session: moved, id, place: null });
}

/** A queue that does not tell counts as empty: `pending` for ever would be no answer. */
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
  /** The session has taken the event, and the databases do not show it yet. */
  isDecided: boolean;
  isDuplicate: boolean;
}

export function receiptOf(
  asked: { session: string; id: string },
  { stored, failures, isDecided, isDuplicate }: Facts,
  mayBeQueued: boolean,
): Receipt {
  let status: Receipt["status"] = "unknown";
  if (stored !== null) status = isDuplicate ? "duplicate" : "stored";
  else if (isDecided) status = "pending";
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
          },
    failures: failures.map(({ errorId, issues, receivedAt }) => ({
      error_id: errorId,
      url: `/theeye/errors/${errorId}`,
      issues: JSON.parse(issues),
      received_at: formatTimestamp(receivedAt),
    })),
  };
}
