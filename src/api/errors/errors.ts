import type { Context } from "hono";
import * as v from "valibot";
import type { AppEnv } from "../../http/app-env";
import { askedApplications } from "../../http/auth/visible-applications";
import { archiveNote, FromArchiveSchema, NextSchema, pageResponse, readCursor } from "../../http/page";
import { problem, Refusal } from "../../http/problem";
import { answerFrom } from "../../http/reading";
import { MomentSchema } from "../../http/request/moment";
import {
  CodeParameter,
  CursorParameter,
  filterParameters,
  LimitParameter,
  orderParameter,
  readParameters,
} from "../../http/request/parameters";
import { readQuestion } from "../../http/request/read-question";
import { refuseUnknownApplication } from "../../http/request/unknown-application";
import { EVENT_CODE_NAMES } from "../../model/codes";
import { CountSchema } from "../../model/count";
import { nestingOf } from "../../model/json/nesting";
import { isVisible } from "../../model/keys/visibility";
import { MAX_NESTING_LEVELS } from "../../model/limits";
import { formatTimestamp } from "../../model/time/time";
import { archiveOf } from "../../storage/archive/archive-bucket";
import { databasesOf } from "../../storage/core/databases";
import { findAllErrors, findAllErrorsById } from "../../storage/errors/all-errors";
import type { ErrorKey } from "../../storage/errors/error-key";
import { ERROR_STATUSES, type FoundError } from "../../storage/errors/scan-errors";

/**
 * The parameters of `GET /theeye/errors`. `start_date` and `end_date` refer to the receipt. Newest first without
 * `order`.
 */
export const ErrorsParameters = v.object({
  status: v.optional(
    v.pipe(
      v.picklist(ERROR_STATUSES, `expected one of ${ERROR_STATUSES.join(", ")}`),
      v.description(
        "open: the error is not resolved; resolved: a replay turned it into an event. Without this parameter: both.",
      ),
    ),
  ),
  code: CodeParameter,
  ...filterParameters("of receipt"),
  order: orderParameter("desc"),
  limit: LimitParameter,
  cursor: CursorParameter,
});

/** Codes are not validated here: another version of the Worker may have written them. */
const IssuesSchema = v.array(
  v.object({
    code: v.pipe(v.string(), v.description(`One of ${EVENT_CODE_NAMES.join(", ")}.`)),
    path: v.string(),
    message: v.string(),
  }),
);

export const StoredErrorSchema = v.object({
  id: v.pipe(v.string(), v.description("The id of the error.")),
  received_at: MomentSchema,
  application: v.pipe(
    v.nullable(v.string()),
    v.description("The application that sent it; null if the event named none."),
  ),
  session_id: v.nullable(v.string()),
  category: v.nullable(v.string()),
  name: v.nullable(v.string()),
  event_id: v.pipe(
    v.nullable(v.string()),
    v.description("The id of the event: the client's, or the one assigned on receipt."),
  ),
  issues: v.pipe(
    IssuesSchema,
    v.description("All issues of the event. `path` is a JSON pointer (RFC 6901) into the event."),
  ),
  status: v.picklist(ERROR_STATUSES),
  resolved: v.pipe(
    v.nullable(v.object({ session_id: v.string(), id: v.string(), timestamp: MomentSchema, at: MomentSchema })),
    v.description(
      "The session, id and timestamp of the event that a replay created, and when; null while the error is open.",
    ),
  ),
  replayed_at: v.pipe(
    v.nullable(MomentSchema),
    v.description("When a replay last validated it; its `issues` are from then."),
  ),
  event: v.pipe(v.unknown(), v.description("The complete content as it was sent, which can be any JSON value.")),
  event_text: v.optional(
    v.pipe(
      v.string(),
      v.description(
        `Only if the content is nested deeper than ${MAX_NESTING_LEVELS} levels: its JSON text; \`event\` is null.`,
      ),
    ),
  ),
  content_parts: v.optional(
    v.pipe(
      v.object({ arrived: CountSchema, of: CountSchema }),
      v.description("Only while parts of a large event have not arrived yet; `event` is null until then."),
    ),
  ),
});

export const ErrorsResponse = v.object({
  results: v.array(StoredErrorSchema),
  from_archive: FromArchiveSchema,
  next: NextSchema,
});

const ErrorPlaceSchema = v.pipe(
  v.strictTuple([v.pipe(v.number(), v.safeInteger()), v.pipe(v.string(), v.maxLength(200))]),
  v.transform(([receivedAt, id]): ErrorKey => ({ receivedAt, id })),
);

/**
 * `GET /theeye/errors`: the events that did not validate, each with its whole content and all its issues, by receipt.
 * See `findAllErrors` for what a page reads.
 */
export async function listErrors(c: Context<AppEnv>): Promise<Response> {
  const read = readQuestion(c, ErrorsParameters);
  if (read instanceof Refusal) return read.response();
  const { question, applications } = read;
  const order = question.order ?? "desc";
  const asked = { ...question, order };
  const after = readCursor(asked, "errors", ErrorPlaceSchema);
  if (after instanceof Refusal) return after.response();

  return answerFrom(async () => {
    const databases = databasesOf(c.env);
    const asking = {
      status: question.status ?? null,
      code: question.code ?? null,
      session: question.session_id ?? null,
      category: question.category ?? null,
      name: question.name ?? null,
      applications,
      from: question.start_date ?? null,
      to: question.end_date ?? null,
      order,
      limit: question.limit,
      after,
    };
    const { rows, next, fromArchive } = await findAllErrors(databases, asking, archiveOf(c.env));
    if (rows.length === 0 && next === null && after === null) {
      const unknown = await refuseUnknownApplication(databases, question.application);
      if (unknown !== null) return unknown.response();
    }
    const place = next === null ? null : [next.receivedAt, next.id];
    return pageResponse(
      c.req.url,
      { question: asked, name: "errors", place },
      {
        results: rows.map(renderError),
        ...archiveNote(fromArchive),
      },
    );
  });
}

/** `GET /theeye/errors/{id}`: one error, as in the list. */
export async function showError(c: Context<AppEnv>): Promise<Response> {
  const unknown = readParameters(c.req.url, v.object({}));
  if (unknown instanceof Refusal) return unknown.response();
  const applications = askedApplications(c);
  if (applications instanceof Refusal) return applications.response();
  const id = c.req.param("id") ?? "";
  return answerFrom(async () => {
    const [error] = await findAllErrorsById(databasesOf(c.env), [id], archiveOf(c.env));
    if (error === undefined || !isVisible(error.application, applications)) {
      return problem("not_found", "There is no error with this id.");
    }
    return Response.json(renderError(error), { headers: { "Cache-Control": "no-store" } });
  });
}

export function renderError(error: FoundError): v.InferOutput<typeof StoredErrorSchema> {
  const { content, replayedAt } = error;
  const resolved = renderResolution(error);
  const described = {
    id: error.key.id,
    received_at: formatTimestamp(error.key.receivedAt),
    application: error.application,
    session_id: error.session,
    category: error.category,
    name: error.name,
    event_id: error.eventId,
    issues: v.parse(IssuesSchema, JSON.parse(error.issues)),
    status: resolved === null ? ("open" as const) : ("resolved" as const),
    resolved,
    replayed_at: replayedAt === null ? null : formatTimestamp(replayedAt),
  };
  if (content.kind === "whole") {
    const tooDeep = nestingOf(content.text) > MAX_NESTING_LEVELS;
    return tooDeep
      ? { ...described, event: null, event_text: content.text }
      : { ...described, event: JSON.parse(content.text) };
  }
  return { ...described, event: null, content_parts: { arrived: content.arrived, of: content.of } };
}

function renderResolution({ resolvedAt, resolvedSession, resolvedEventId, resolvedOccurredAt }: FoundError) {
  if (resolvedAt === null || resolvedSession === null || resolvedEventId === null || resolvedOccurredAt === null)
    return null;
  return {
    session_id: resolvedSession,
    id: resolvedEventId,
    timestamp: formatTimestamp(resolvedOccurredAt),
    at: formatTimestamp(resolvedAt),
  };
}
