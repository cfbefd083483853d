import type { Context } from "hono";
import * as v from "valibot";
import { compactionIoOf } from "../../compaction/compaction-io";
import { beginErasure } from "../../compaction/erasure/begin-erasure";
import { erasureIoOf } from "../../compaction/erasure/erasure-io";
import { type CopiesOf, readCopies } from "../../compaction/erasure/remaining-copies";
import { findRestored } from "../../compaction/erasure/restore/find-restored";
import { answer } from "../../http/answer";
import type { AppEnv } from "../../http/app-env";
import { logFailure } from "../../http/log";
import { pageResponse, readCursor } from "../../http/page";
import { problem, Refusal } from "../../http/problem";
import { answerFrom } from "../../http/reading";
import { readParameters, refuseParameter } from "../../http/request/parameters";
import { MAX_ID_CHARACTERS } from "../../model/limits";
import { archiveOf } from "../../storage/archive/archive-bucket";
import { databasesOf, firstDatabase } from "../../storage/core/databases";
import { listErasures, loadErasure } from "../../storage/erasures/erasure-records";
import type { SubjectKind } from "../../storage/erasures/subject";
import { findAllErrorsById } from "../../storage/errors/all-errors";
import { EraseParameters, ErasurePlaceSchema, ErasuresParameters, renderErasure } from "./erasure-schemas";

/**
 * `DELETE /theeye/sessions/{id}`, with `thorough=1` until no copies remain. Also accepts a session without stored events: its
 * queued events are erased too.
 */
export function eraseSession(c: Context<AppEnv>): Promise<Response> {
  return begin(c, "session");
}

/** `DELETE /theeye/visitors/{id}`: erases every session in which the visitor was seen. */
export function eraseVisitor(c: Context<AppEnv>): Promise<Response> {
  return begin(c, "visitor");
}

/** `DELETE /theeye/errors/{id}`. */
export async function eraseError(c: Context<AppEnv>): Promise<Response> {
  const id = c.req.param("id") ?? "";
  return answerFrom(async () => {
    const [error] = await findAllErrorsById(databasesOf(c.env), [id], archiveOf(c.env));
    return error === undefined ? problem("not_found", "There is no error with this id.") : begin(c, "error");
  });
}

const NO_ARCHIVE =
  "this deployment has no archive (an R2 bucket, binding ARCHIVE) to which partitions could be moved. Erase without it: copies then end when a retention drops the partitions (`copies` of the erasure says when). Or bind a bucket.";

/** Answers 202 once the tombstone is recorded: from then on, nothing received before is stored. */
async function begin(c: Context<AppEnv>, kind: SubjectKind): Promise<Response> {
  const parameters = readParameters(c.req.url, kind === "error" ? v.object({}) : EraseParameters);
  if (parameters instanceof Refusal) return parameters.response();
  const isThorough = "thorough" in parameters && parameters.thorough === "1";
  if (isThorough && archiveOf(c.env) === null) return refuseParameter("thorough", NO_ARCHIVE).response();
  const subject = { kind, id: c.req.param("id") ?? "" };
  if (subject.id.length > MAX_ID_CHARACTERS) {
    return problem("not_found", `No ${kind} has an id of more than ${MAX_ID_CHARACTERS} characters.`);
  }
  const io = erasureIoOf(c.env, () => undefined);
  const request = {
    id: crypto.randomUUID(),
    now: Date.now() * 1000,
    requestedBy: c.var.identity?.application ?? null,
    isThorough,
  };
  const erasure = await beginErasure(io, subject, request);
  try {
    await io.sendErasure({ v: 1, erasure: erasure.id, step: 0 }, 0);
  } catch (thrown) {
    // The cron requests steps that are stalled.
    logFailure("queue_refused", thrown);
  }
  try {
    await findRestored(io);
  } catch (thrown) {
    // The cron writes the mark of this erasure within a minute.
    logFailure("mark_failed", thrown);
  }
  return answer(renderErasure(erasure, null), 202, { Location: `/theeye/erasures/${erasure.id}` });
}

/** `GET /theeye/erasures/{id}`: the progress of an erasure. */
export async function showErasure(c: Context<AppEnv>): Promise<Response> {
  const erasure = await loadErasure(firstDatabase(databasesOf(c.env)), c.req.param("id") ?? "");
  if (erasure === null) return problem("not_found", "There is no erasure with this id.");
  return answer(renderErasure(erasure, (await copiesNow(c))(erasure)));
}

function copiesNow({ env, var: { config } }: Context<AppEnv>): Promise<CopiesOf> {
  const readSettings = async () => (await compactionIoOf(env, config, () => undefined)).settings;
  return readCopies(databasesOf(env), { readSettings, hasArchive: archiveOf(env) !== null });
}

/** `GET /theeye/erasures`: newest first. */
export async function listAllErasures(c: Context<AppEnv>): Promise<Response> {
  const question = readParameters(c.req.url, ErasuresParameters);
  if (question instanceof Refusal) return question.response();
  const after = readCursor(question, "erasures", ErasurePlaceSchema);
  if (after instanceof Refusal) return after.response();
  const found = await listErasures(firstDatabase(databasesOf(c.env)), { limit: question.limit + 1, after });
  const results = found.slice(0, question.limit);
  const last = found.length > results.length ? results.at(-1) : undefined;
  const place = last === undefined ? null : [last.before, last.id];
  const copiesOf = await copiesNow(c);
  return pageResponse(
    c.req.url,
    { question, name: "erasures", place },
    { results: results.map((erasure) => renderErasure(erasure, copiesOf(erasure))) },
  );
}
