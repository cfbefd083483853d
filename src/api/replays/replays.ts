import type { Context } from "hono";
import * as v from "valibot";
import { answer } from "../../http/answer";
import type { AppEnv } from "../../http/app-env";
import { askedApplications } from "../../http/auth/visible-applications";
import { logFailure } from "../../http/log";
import { pageResponse, readCursor } from "../../http/page";
import { problem, Refusal } from "../../http/problem";
import { queueRefusal } from "../../http/queue-refusal";
import { answerFrom } from "../../http/reading";
import { readParameters } from "../../http/request/parameters";
import { parseJsonBody } from "../../http/request/parse-json-body";
import { namedIn, refuseUnknownMembers } from "../../http/request/unknown-application";
import { ruleSourceOf } from "../../http/rule-source";
import type { ReplayFilter, ReplaySelection } from "../../model/replay";
import { formatTimestamp } from "../../model/time/time";
import {
  cancelReplay,
  deleteReplay,
  insertReplay,
  isReplayVisible,
  listReplays,
  loadReplay,
  type Replay,
} from "../../storage/admin/replays";
import { archiveOf } from "../../storage/archive/archive-bucket";
import { databasesOf, firstDatabase } from "../../storage/core/databases";
import { refuseArchived } from "./archived-errors";
import { previewReplay } from "./preview-replay";
import {
  type CreateReplay,
  CreateReplayParameters,
  CreateReplaySchema,
  type ReplaySchema,
  ReplaysParameters,
} from "./replay-schemas";

/**
 * `POST /theeye/errors/replay`: processes failed events again, fixed or unchanged. Answers 202 once the queue has
 * the first step; with `dry_run=1` 200 with a preview. Errors that arrive later are not included.
 */
export async function createReplay(c: Context<AppEnv>): Promise<Response> {
  const parameters = readParameters(c.req.url, CreateReplayParameters);
  if (parameters instanceof Refusal) return parameters.response();
  const input = await parseJsonBody(c.req.raw, CreateReplaySchema);
  if (input instanceof Refusal) return input.response();
  const now = Date.now() * 1000;
  const selection = selectionOf(input, now);
  if (selection instanceof Refusal) return selection.response();
  const unknown = await refuseUnknownMembers(databasesOf(c.env), namedIn("filter.application", input.filter));
  if (unknown !== null) return unknown.response();
  const repair = input.repair ?? null;
  return answerFrom(async () => {
    const archived = await refuseArchived(databasesOf(c.env), archiveOf(c.env), selection);
    if (archived !== null) return archived.response();
    const asked = { createdAt: now, selection, repair };
    return parameters.dry_run === undefined ? startReplay(c, asked) : showPreview(c, asked);
  });
}

type AskedReplay = Pick<Replay, "createdAt" | "selection" | "repair">;

async function showPreview(c: Context<AppEnv>, { createdAt, selection, repair }: AskedReplay): Promise<Response> {
  const { futureToleranceMicros, ruleLeadMicros } = c.var.config;
  // A replay started now uses these rules.
  const rules = await ruleSourceOf(c.env).readLatest(createdAt + ruleLeadMicros);
  const preview = await previewReplay(databasesOf(c.env), selection, repair, { futureToleranceMicros, rules });
  return c.json(preview, 200, { "Cache-Control": "no-store" });
}

async function startReplay(c: Context<AppEnv>, asked: AskedReplay): Promise<Response> {
  const id = crypto.randomUUID();
  const first = firstDatabase(databasesOf(c.env));
  await insertReplay(first, { id, ...asked });
  try {
    await c.env.REPLAYS.send({ v: 1, replay: id, step: 0 });
  } catch (error) {
    logFailure("queue_refused", error);
    await deleteReplay(first, id);
    return queueRefusal(error).response();
  }
  const replay = await loadReplay(first, id);
  if (replay === null) throw new Error("the replay record is missing");
  return c.json(renderReplay(replay), 202, { Location: `/theeye/replays/${id}`, "Cache-Control": "no-store" });
}

/** `GET /theeye/replays/{id}`: the progress of a replay. */
export async function showReplay(c: Context<AppEnv>): Promise<Response> {
  const applications = askedApplications(c);
  if (applications instanceof Refusal) return applications.response();
  const replay = await loadReplay(firstDatabase(databasesOf(c.env)), c.req.param("id") ?? "");
  return replay === null || !isReplayVisible(replay, applications) ? noReplay() : answer(renderReplay(replay));
}

/** `POST /theeye/replays/{id}/cancel`: ends a replay early. Stored events stay. Harmless if it has already ended. */
export async function endReplay(c: Context<AppEnv>): Promise<Response> {
  const first = firstDatabase(databasesOf(c.env));
  const replay = await cancelReplay(first, c.req.param("id") ?? "", Date.now() * 1000);
  return replay === null ? noReplay() : answer(renderReplay(replay));
}

/**
 * `POST /theeye/replays/{id}/resume`: requests the next step again. Harmless while the replay is running: a step
 * counts once.
 */
export async function resumeReplay(c: Context<AppEnv>): Promise<Response> {
  const replay = await loadReplay(firstDatabase(databasesOf(c.env)), c.req.param("id") ?? "");
  if (replay === null) return noReplay();
  if (replay.status === "running") await c.env.REPLAYS.send({ v: 1, replay: replay.id, step: replay.step });
  return c.json(renderReplay(replay), 202, { "Cache-Control": "no-store" });
}

const ReplayPlaceSchema = v.pipe(
  v.strictTuple([v.pipe(v.number(), v.safeInteger()), v.pipe(v.string(), v.maxLength(200))]),
  v.transform(([createdAt, id]) => ({ createdAt, id })),
);

/**
 * `GET /theeye/replays`: newest first. A key limited to some applications sees the replays whose filter names one of
 * them.
 */
export async function listAllReplays(c: Context<AppEnv>): Promise<Response> {
  const question = readParameters(c.req.url, ReplaysParameters);
  if (question instanceof Refusal) return question.response();
  const place = readCursor(question, "replays", ReplayPlaceSchema);
  if (place instanceof Refusal) return place.response();
  const applications = askedApplications(c);
  if (applications instanceof Refusal) return applications.response();
  const first = firstDatabase(databasesOf(c.env));
  const { rows, next } = await listReplays(first, { limit: question.limit, after: place, applications });
  const end = next === null ? null : [next.createdAt, next.id];
  return pageResponse(c.req.url, { question, name: "replays", place: end }, { results: rows.map(renderReplay) });
}

function noReplay(): Response {
  return problem("not_found", "There is no replay of this id.");
}

/** What a replay selects: errors received up to the request, so that it ends although more errors arrive. */
function selectionOf({ filter, ids }: CreateReplay, now: number): ReplaySelection | Refusal {
  if ((filter === undefined) === (ids === undefined)) {
    return new Refusal("invalid_parameter", "The body needs either `filter` or `ids`.", { parameter: "filter" });
  }
  if (ids !== undefined) return { ids: [...new Set(ids)] };
  const { start_date: from = null, end_date: to = null } = filter ?? {};
  if (from !== null && to !== null && from > to) {
    const detail = "The member filter.start_date is not valid: expected a time that is not after end_date.";
    return new Refusal("invalid_parameter", detail, { parameter: "filter.start_date" });
  }
  const { code = null, session_id: session = null, category = null, name = null, application = null } = filter ?? {};
  return { filter: { code, session, category, name, application, from, to: Math.min(to ?? now, now) } };
}

function renderReplay(replay: Replay): v.InferOutput<typeof ReplaySchema> {
  const { selection, cursor } = replay;
  return {
    id: replay.id,
    status: replay.status,
    created_at: formatTimestamp(replay.createdAt),
    updated_at: formatTimestamp(replay.updatedAt),
    filter: "filter" in selection ? renderFilter(selection.filter) : null,
    ids: "ids" in selection ? selection.ids.length : null,
    repair: replay.repair,
    steps: replay.step,
    matched: replay.matched,
    stored: replay.stored,
    failing: replay.failing,
    skipped: replay.skipped,
    reached: cursor === null || typeof cursor === "number" ? null : formatTimestamp(cursor.receivedAt),
  };
}

function renderFilter({ session, from, to, ...rest }: ReplayFilter): Record<string, string> {
  const members = {
    ...rest,
    session_id: session,
    start_date: from === null ? null : formatTimestamp(from),
    end_date: to === null ? null : formatTimestamp(to),
  };
  return Object.fromEntries(Object.entries(members).flatMap(([name, text]) => (text === null ? [] : [[name, text]])));
}
