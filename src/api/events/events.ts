import type { Context } from "hono";
import * as v from "valibot";
import type { AppEnv } from "../../http/app-env";
import {
  archiveNote,
  EventPlaceSchema,
  eventPlace,
  FromArchiveSchema,
  NextSchema,
  pageResponse,
  readCursor,
} from "../../http/page";
import { Refusal } from "../../http/problem";
import { answerFrom } from "../../http/reading";
import { CursorParameter, filterParameters, LimitParameter, orderParameter } from "../../http/request/parameters";
import { readQuestion } from "../../http/request/read-question";
import { refuseUnknownApplication } from "../../http/request/unknown-application";
import { archiveOf } from "../../storage/archive/archive-bucket";
import { databasesOf } from "../../storage/core/databases";
import { findEvents } from "../../storage/events/find-events";
import type { FoundEvent } from "../../storage/events/named-events";
import { renderEvent, StoredEventSchema } from "./stored-event";

/** The parameters of `GET /theeye/events`. Without `order`: newest first, or oldest first with `session_id`. */
export const EventsParameters = v.object({
  ...filterParameters("of occurrence"),
  order: orderParameter("desc, or asc with session_id"),
  limit: LimitParameter,
  cursor: CursorParameter,
});

export const EventsResponse = v.object({
  results: v.array(StoredEventSchema),
  from_archive: FromArchiveSchema,
  next: NextSchema,
});

/**
 * `GET /theeye/events`: events of all databases, filtered by any combination of parameters, ordered by timestamp,
 * then receipt. See `findEvents` for what a page reads.
 */
export async function listEvents(c: Context<AppEnv>): Promise<Response> {
  const read = readQuestion(c, EventsParameters);
  if (read instanceof Refusal) return read.response();
  const { question, applications } = read;
  const order = question.order ?? (question.session_id === undefined ? "desc" : "asc");
  const asked = { ...question, order };
  const after = readCursor(asked, "events", EventPlaceSchema);
  if (after instanceof Refusal) return after.response();

  return answerFrom(async () => {
    const databases = databasesOf(c.env);
    const asking = {
      session: question.session_id ?? null,
      category: question.category ?? null,
      name: question.name ?? null,
      applications,
      range: { order, from: question.start_date ?? null, to: question.end_date ?? null, after },
      limit: question.limit,
    };
    const { rows, next, fromArchive } = await findEvents(databases, asking, archiveOf(c.env));
    if (rows.length === 0 && next === null && after === null) {
      const unknown = await refuseUnknownApplication(databases, question.application);
      if (unknown !== null) return unknown.response();
    }
    const place = next === null ? null : eventPlace(next);
    const results = rows.map((row: FoundEvent) => renderEvent(row));
    return pageResponse(
      c.req.url,
      { question: asked, name: "events", place },
      { results, ...archiveNote(fromArchive) },
    );
  });
}
