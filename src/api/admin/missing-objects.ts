import type { Context } from "hono";
import * as v from "valibot";
import { resumeWaiting } from "../../compaction/erasure/consume-erasures";
import { erasureIoOf } from "../../compaction/erasure/erasure-io";
import { findRestored } from "../../compaction/erasure/restore/find-restored";
import { acceptLoss, findMissingFiles } from "../../compaction/missing-files";
import { answer } from "../../http/answer";
import type { AppEnv } from "../../http/app-env";
import { NextSchema, pageResponse, readCursor } from "../../http/page";
import { problem, Refusal } from "../../http/problem";
import { MomentSchema } from "../../http/request/moment";
import { CursorParameter, readParameters, refuseParameter } from "../../http/request/parameters";
import { parseJsonBody } from "../../http/request/parse-json-body";
import { CountSchema } from "../../model/count";
import { formatTimestamp } from "../../model/time/time";
import { type ArchiveBucket, archiveOf } from "../../storage/archive/archive-bucket";
import type { ArchiveFile } from "../../storage/archive/file/archive-file";
import { databasesOf } from "../../storage/core/databases";

const members = {
  object: v.pipe(v.string(), v.description("The name of the object in the bucket.")),
  kind: v.picklist(["events", "errors"]),
  rows: v.pipe(CountSchema, v.description("The events or errors in it.")),
  bytes: CountSchema,
  first: v.pipe(MomentSchema, v.description("The first timestamp in it; for errors, of receipt.")),
  last: MomentSchema,
};

export const MissingObjectsResponse = v.object({ results: v.array(v.object(members)), next: NextSchema });

export const MissingObjectsParameters = v.object({ cursor: CursorParameter });

export const AcceptLossInput = v.strictObject({
  object: v.pipe(v.string(), v.maxLength(200), v.description("The name of a missing object.")),
});

export const AcceptLossResponse = v.object({
  ...members,
  lost_rows: v.pipe(
    CountSchema,
    v.description(
      "The rows that are nowhere else. 0 if the databases have them still: they move to the archive again.",
    ),
  ),
});

const PlaceSchema = v.pipe(
  v.strictTuple([v.pipe(v.string(), v.maxLength(200))]),
  v.transform(([after]) => after),
);

/** `GET /theeye/storage/missing`: objects that the manifest of the archive names and that are not in the bucket. */
export async function listMissing(c: Context<AppEnv>): Promise<Response> {
  const question = readParameters(c.req.url, MissingObjectsParameters);
  if (question instanceof Refusal) return question.response();
  const after = readCursor(question, "missing", PlaceSchema);
  if (after instanceof Refusal) return after.response();
  const archive = archiveOf(c.env);
  if (archive === null) return answer({ results: [], next: null });
  const { missing, next } = await findMissingFiles({ databases: databasesOf(c.env), archive }, after ?? "");
  const place = next === null ? null : [next];
  return pageResponse(c.req.url, { question, name: "missing", place }, { results: missing.map(render) });
}

/** `POST /theeye/storage/accept-loss`: takes a missing object out of the manifest, so that nothing waits for it. */
export async function acceptObjectLoss(c: Context<AppEnv>): Promise<Response> {
  const input = await parseJsonBody(c.req.raw, AcceptLossInput);
  if (input instanceof Refusal) return input.response();
  const archive = archiveOf(c.env);
  // A restored manifest names objects that were rewritten since. Without their entries the rewritten ones would be deleted.
  if (await findRestored(erasureIoOf(c.env, () => undefined))) {
    return problem(
      "unavailable",
      "A restored database is being repaired. Wait until its erasure of kind restore is done.",
    );
  }
  const accepted = archive === null ? null : await accept(c, archive, input.object);
  if (accepted === null) return problem("not_found", "The archive's manifest has no object of this name.");
  if (accepted === "exists") {
    return refuseParameter(
      "object",
      "it is in the bucket, so nothing is lost. Only a missing object is accepted.",
    ).response();
  }
  const { file, lost } = accepted;
  console.log(JSON.stringify({ log: "accepted_loss", object: file.key, rows: file.rows, lost }));
  await resumeWaiting(
    erasureIoOf(c.env, () => undefined),
    file.key,
  );
  const body: v.InferOutput<typeof AcceptLossResponse> = { ...render(file), lost_rows: lost };
  return answer(body);
}

function accept(c: Context<AppEnv>, archive: ArchiveBucket, key: string) {
  return acceptLoss({ databases: databasesOf(c.env), archive, now: () => Date.now() * 1_000 }, key);
}

function render({ key, kind, rows, bytes, first, last }: ArchiveFile) {
  return { ...{ object: key, kind, rows, bytes }, first: formatTimestamp(first), last: formatTimestamp(last) };
}
