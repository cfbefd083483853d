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
import { MomentSchema, secondsBetween } from "../../http/request/moment";
import {
  CursorParameter,
  endDateParameter,
  LimitParameter,
  readParameters,
  refuseReversedRange,
  startDateParameter,
} from "../../http/request/parameters";
import { CountSchema } from "../../model/count";
import { formatTimestamp, type Micros } from "../../model/time/time";
import { archiveOf } from "../../storage/archive/archive-bucket";
import { databasesOf } from "../../storage/core/databases";
import { MAX_EVENTS_COUNTED } from "../../storage/core/read-limits";
import { findEvents } from "../../storage/events/find-events";
import { summariseWholeSession } from "../../storage/events/whole-session";
import { findActiveSessions } from "../../storage/sessions/active-sessions";
import { renderEvent, StoredEventSchema } from "../events/stored-event";

const IncludeParameter = v.optional(
  v.pipe(
    v.picklist(["times"], "expected times"),
    v.description(
      "`times` adds `first_event_at` and `last_event_at` to each session. This reads a few hundred more rows for each session.",
    ),
  ),
);

/** The parameters of `GET /theeye/sessions`. */
export const SessionsParameters = v.object({
  start_date: startDateParameter("of activity"),
  end_date: endDateParameter("of activity"),
  include: IncludeParameter,
  limit: LimitParameter,
  cursor: CursorParameter,
});

const FirstEventAt = v.pipe(MomentSchema, v.description("The timestamp of the earliest event of the whole session."));
const LastEventAt = v.pipe(MomentSchema, v.description("The timestamp of the latest event of the whole session."));

const ActiveAt = v.pipe(
  MomentSchema,
  v.description("The timestamp of the session's last event in the range, by which the list is ordered."),
);

export const SessionsResponse = v.object({
  results: v.array(
    v.object({
      session_id: v.string(),
      active_at: ActiveAt,
      first_event_at: v.optional(FirstEventAt),
      last_event_at: v.optional(LastEventAt),
    }),
  ),
  from_archive: FromArchiveSchema,
  next: NextSchema,
});

/** A scan over sessions: its start, and the event at which the last page ended. */
const SessionsPlaceSchema = v.strictTuple([v.pipe(v.number(), v.safeInteger()), EventPlaceSchema]);

/**
 * `GET /theeye/sessions`: the sessions that have an event in the range, ordered by the last of these events, each
 * session once. The pages after the first leave out events that were received after the first was requested.
 */
export async function listSessions(c: Context<AppEnv>): Promise<Response> {
  const question = readParameters(c.req.url, SessionsParameters);
  if (question instanceof Refusal) return question.response();
  const applications = askedApplications(c);
  if (applications instanceof Refusal) return applications.response();
  if (applications !== null && question.include !== undefined) return refuseTimes().response();
  const reversed = refuseReversedRange(question);
  if (reversed !== null) return reversed.response();
  const place = readCursor(question, "sessions", SessionsPlaceSchema);
  if (place instanceof Refusal) return place.response();
  const [asOf, after] = place ?? [Date.now() * 1000 + 999, null];

  return answerFrom(async () => {
    const asking = {
      from: question.start_date ?? null,
      to: question.end_date ?? null,
      applications,
      limit: question.limit,
      after,
      asOf,
      withTimes: question.include === "times",
    };
    const page = await findActiveSessions(databasesOf(c.env), asking, archiveOf(c.env));
    if (page.needsColdScan) {
      return problem(
        "cold_scan",
        "In the archive, sessions are listed without `include=times` and only for keys that can read every application. Request a later range, or query the archive with SQL.",
      );
    }
    const { rows, next, fromArchive } = page;
    const results = rows.map(({ key, session, times }) => ({
      session_id: session,
      active_at: formatTimestamp(key.occurredAt),
      ...(times === null ? {} : renderTimes(times)),
    }));
    const end = next === null ? null : [asOf, eventPlace(next)];
    return pageResponse(
      c.req.url,
      { question, name: "sessions", place: end },
      { results, ...archiveNote(fromArchive) },
    );
  });
}

/**
 * The first or last event of a session may belong to another application, and finding the key's own in many sessions
 * has no bound on its work.
 */
function refuseTimes(): Refusal {
  const detail =
    "The key is limited to certain applications, and `include=times` covers whole sessions. GET /theeye/sessions/{id} returns the times of the events that the key can read.";
  return new Refusal("forbidden", detail, { parameter: "include" });
}

function renderTimes({ firstEventAt, lastEventAt }: { firstEventAt: Micros; lastEventAt: Micros }) {
  return { first_event_at: formatTimestamp(firstEventAt), last_event_at: formatTimestamp(lastEventAt) };
}

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
    v.description(`The number of the session's events, or null if there are more than ${MAX_EVENTS_COUNTED}.`),
  ),
  events_at_least: v.pipe(CountSchema, v.description("The number of events that were counted.")),
  applications: v.pipe(
    v.array(v.string()),
    v.description(`The applications that sent its first ${MAX_EVENTS_COUNTED} events.`),
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
    if (summary === null) return problem("not_found", "No event of this session is stored.");
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
