import type { Context } from "hono";
import * as v from "valibot";
import type { AppEnv } from "../../http/app-env";
import { NextSchema, pageResponse, readCursor } from "../../http/page";
import { problem, Refusal } from "../../http/problem";
import { answerFrom } from "../../http/reading";
import { MomentSchema, secondsBetween } from "../../http/request/moment";
import { CursorParameter, LimitParameter, readParameters } from "../../http/request/parameters";
import { CountSchema } from "../../model/count";
import { formatTimestamp } from "../../model/time/time";
import { databasesOf, metered } from "../../storage/core/databases";
import { findVisitorSessions, MAX_VISITOR_SESSIONS } from "../../storage/sessions/visitor-sessions";

/** The parameters of `GET /theeye/visitors/{id}`. */
export const VisitorParameters = v.object({ limit: LimitParameter, cursor: CursorParameter });

export const VisitorResponse = v.object({
  visitor_id: v.string(),
  sessions: v.pipe(
    v.nullable(CountSchema),
    v.description(`The number of the visitor's sessions, or null if there are more than ${MAX_VISITOR_SESSIONS}.`),
  ),
  sessions_at_least: v.pipe(
    CountSchema,
    v.description("The number of sessions that were examined, starting with the newest."),
  ),
  results: v.pipe(
    v.array(
      v.object({
        session_id: v.string(),
        first_event_at: v.pipe(
          MomentSchema,
          v.description("The timestamp of the earliest event of the whole session."),
        ),
        last_event_at: v.pipe(MomentSchema, v.description("The timestamp of the latest event of the whole session.")),
        duration_seconds: v.pipe(v.number(), v.minValue(0)),
      }),
    ),
    v.description("The sessions, most recently active first, to a quarter of an hour."),
  ),
  rows_read: v.pipe(CountSchema, v.description("The rows read in D1, as billed.")),
  next: NextSchema,
});

const VisitPlaceSchema = v.pipe(
  v.strictTuple([v.pipe(v.number(), v.safeInteger()), v.pipe(v.string(), v.maxLength(200))]),
  v.transform(([window, session]) => ({ window, session })),
);

const NOT_IN_DATABASES =
  "No event of this visitor is in the databases. Archived sessions are not listed here: GET /theeye/sessions?visitor_id=… finds them.";

/** `GET /theeye/visitors/{id}`: the sessions in which an event carries this `visitor_id`. */
export async function showVisitor(c: Context<AppEnv>): Promise<Response> {
  const visitor = c.req.param("id") ?? "";
  const parameters = readParameters(c.req.url, VisitorParameters);
  if (parameters instanceof Refusal) return parameters.response();
  const question = { ...parameters, visitor };
  const after = readCursor(question, "visitor", VisitPlaceSchema);
  if (after instanceof Refusal) return after.response();
  return answerFrom(async () => {
    const { databases, meter } = metered(databasesOf(c.env));
    const { rows, next, sessions } = await findVisitorSessions(databases, visitor, { limit: question.limit, after });
    if (sessions === 0) return problem("not_found", NOT_IN_DATABASES);
    const place = next === null ? null : [next.window, next.session];
    return pageResponse(
      c.req.url,
      { question, name: "visitor", place },
      {
        visitor_id: visitor,
        sessions: sessions > MAX_VISITOR_SESSIONS ? null : sessions,
        sessions_at_least: Math.min(sessions, MAX_VISITOR_SESSIONS),
        results: rows.map(({ session, times: { firstEventAt, lastEventAt } }) => ({
          session_id: session,
          first_event_at: formatTimestamp(firstEventAt),
          last_event_at: formatTimestamp(lastEventAt),
          duration_seconds: secondsBetween(firstEventAt, lastEventAt),
        })),
        rows_read: meter.rowsRead,
      },
    );
  });
}
