import type { Context } from "hono";
import * as v from "valibot";
import type { AppEnv } from "../../http/app-env";
import { askedApplications } from "../../http/auth/visible-applications";
import {
  archiveNote,
  EventPlaceSchema,
  eventPlace,
  FromArchiveSchema,
  NextSchema,
  pageResponse,
  readCursor,
} from "../../http/page";
import { problem, Refusal } from "../../http/problem";
import { answerFrom } from "../../http/reading";
import { secondsBetween } from "../../http/request/moment";
import { CursorParameter, LimitParameter, readParameters } from "../../http/request/parameters";
import { CountSchema } from "../../model/count";
import { archiveOf } from "../../storage/archive/archive-bucket";
import { databasesOf } from "../../storage/core/databases";
import { MAX_EVENTS_COUNTED } from "../../storage/core/read-limits";
import { findEvents } from "../../storage/events/find-events";
import { summariseWholeSession } from "../../storage/events/whole-session";
import { renderEvent, StoredEventSchema } from "../events/stored-event";
import { FirstEventAt, LastEventAt, renderTimes } from "./sessions";

/** The parameters of `GET /theeye/sessions/{id}`. */
export const SessionParameters = v.object({ limit: LimitParameter, cursor: CursorParameter });

export const SessionResponse = v.object({
  session_id: v.string(),
  first_event_at: FirstEventAt,
  last_event_at: LastEventAt,
  duration_seconds: v.pipe(
    v.number(),
    v.minValue(0),
    v.description("The time between the first event and the last, with microseconds."),
  ),
  events: v.pipe(
    v.nullable(CountSchema),
    v.description(
      `The number of the session's events, or null if it has more than ${MAX_EVENTS_COUNTED}, of any application.`,
    ),
  ),
  events_at_least: v.pipe(CountSchema, v.description("The number of events that were counted.")),
  applications: v.pipe(
    v.array(v.string()),
    v.description(
      `The applications that sent them. Of a longer session, those of ${MAX_EVENTS_COUNTED} of its events.`,
    ),
  ),
  results: v.array(
    v.object({
      ...StoredEventSchema.entries,
      position: v.pipe(
        v.number(),
        v.integer(),
        v.minValue(1),
        v.description("The event's place in the session, starting at 1."),
      ),
    }),
  ),
  from_archive: FromArchiveSchema,
  next: NextSchema,
});

/** The number of events in the pages before, and the event at which they ended. */
const SessionPlaceSchema = v.strictTuple([v.pipe(v.number(), v.safeInteger(), v.minValue(0)), EventPlaceSchema]);

/**
 * `GET /theeye/sessions/{id}`: a session's summary and a page of its events, oldest first, each with its position.
 * An event that arrives late takes its place by time, and the positions after it grow by one. A scan that has passed
 * that place continues with the positions it started with.
 */
export async function showSession(c: Context<AppEnv>): Promise<Response> {
  const session = c.req.param("id") ?? "";
  const question = readParameters(c.req.url, SessionParameters);
  if (question instanceof Refusal) return question.response();
  const applications = askedApplications(c);
  if (applications instanceof Refusal) return applications.response();
  const asked = { ...question, session };
  const place = readCursor(asked, "session", SessionPlaceSchema);
  if (place instanceof Refusal) return place.response();
  const [before, after] = place ?? [0, null];

  return answerFrom(async () => {
    const databases = databasesOf(c.env);
    const archive = archiveOf(c.env);
    const [summary, page] = await Promise.all([
      summariseWholeSession(databases, { session, applications }, archive),
      findEvents(
        databases,
        {
          session,
          category: null,
          name: null,
          applications,
          range: { order: "asc", from: null, to: null, after },
          limit: question.limit,
        },
        archive,
      ),
    ]);
    if (summary === null)
      return problem(
        "not_found",
        "No event of this session is stored. An event is stored a few seconds after it was accepted.",
      );
    const { firstEventAt, lastEventAt, events } = summary;
    const results = page.rows.map((row, index) => ({ ...renderEvent(row), position: before + index + 1 }));
    const end = page.next === null ? null : [before + results.length, eventPlace(page.next)];
    return pageResponse(
      c.req.url,
      { question: asked, name: "session", place: end },
      {
        session_id: session,
        ...renderTimes({ firstEventAt, lastEventAt }),
        duration_seconds: secondsBetween(firstEventAt, lastEventAt),
        events: summary.isCounted ? events : null,
        events_at_least: events,
        applications: summary.applications,
        results,
        ...archiveNote(page.fromArchive),
      },
    );
  });
}
