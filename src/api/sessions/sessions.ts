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
import { Refusal } from "../../http/problem";
import { answerFrom } from "../../http/reading";
import { MomentSchema } from "../../http/request/moment";
import { readParameters, refuseReversedRange } from "../../http/request/parameters";
import { refuseUnknownApplication } from "../../http/request/unknown-application";
import { formatTimestamp, type Micros } from "../../model/time/time";
import { archiveOf } from "../../storage/archive/archive-bucket";
import { databasesOf } from "../../storage/core/databases";
import { MAX_SESSION_LIST_ROWS } from "../../storage/core/read-limits";
import { findActiveSessions } from "../../storage/sessions/active-sessions";
import { MAX_VISITOR_SESSIONS } from "../../storage/sessions/visitor-sessions";
import { readPropertyFilters } from "../questions/property-parameters";
import { SessionsParameters, sizeOf } from "./session-parameters";

export const FirstEventAt = v.pipe(MomentSchema, v.description("The earliest event of the whole session."));
export const LastEventAt = v.pipe(MomentSchema, v.description("The latest event of the whole session."));

const ActiveAt = v.pipe(
  MomentSchema,
  v.description("The session's last event in the range that matches the filters. The list is ordered by it."),
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
 * `GET /theeye/sessions`: each session with an event in the range that matches the filters, once, by the last such event.
 * Later pages leave out events that were received after the first page was requested.
 */
export async function listSessions(c: Context<AppEnv>): Promise<Response> {
  const split = readPropertyFilters(c.req.url);
  if (split instanceof Refusal) return split.response();
  const asked = readParameters(split.url, SessionsParameters);
  if (asked instanceof Refusal) return asked.response();
  const visible = askedApplications(c);
  const applications = askedApplications(c, asked.application);
  if (visible instanceof Refusal) return visible.response();
  if (applications instanceof Refusal) return applications.response();
  if (visible !== null && asked.include !== undefined) return refuseTimes().response();
  const reversed = refuseReversedRange(asked);
  if (reversed !== null) return reversed.response();
  const question = { ...asked, properties: split.filters };
  const place = readCursor(question, "sessions", SessionsPlaceSchema);
  if (place instanceof Refusal) return place.response();
  const [asOf, after] = place ?? [Date.now() * 1000 + 999, null];

  return answerFrom(async () => {
    const { category = null, name = null, visitor_id: visitor = null } = asked;
    const asking = {
      ...{ from: asked.start_date ?? null, to: asked.end_date ?? null },
      filter: { category, name, applications, properties: split.filters, visitor },
      ...{ size: sizeOf(asked), visible, limit: asked.limit, after, asOf, withTimes: asked.include === "times" },
    };
    const databases = databasesOf(c.env);
    const { rows, next, fromArchive, refused } = await findActiveSessions(databases, asking, archiveOf(c.env));
    if (refused !== null) return refuseList(refused).response();
    if (rows.length === 0 && next === null && after === null) {
      const unknown = await refuseUnknownApplication(databases, asked.application);
      if (unknown !== null) return unknown.response();
    }
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

function refuseList(why: "cold_scan" | "too_many"): Refusal {
  if (why === "too_many") {
    const detail = `The visitor has more than ${MAX_VISITOR_SESSIONS} sessions, or reading them takes more than ${MAX_SESSION_LIST_ROWS} rows. Use a shorter range, or GET /theeye/visitors/{id}.`;
    return new Refusal("question_too_large", detail, { limit: MAX_VISITOR_SESSIONS });
  }
  return new Refusal(
    "cold_scan",
    "A part of the range is archived. There, sessions are listed without `include=times`, and by a property only together with an application, category, name or visitor. The archive is read a bounded number of times. Use a later or shorter range, a smaller `limit`, or SQL.",
  );
}

/**
 * The first or last event of a session may belong to another application. Finding the events that the key can read, in
 * many sessions, would be unbounded work.
 */
function refuseTimes(): Refusal {
  const detail =
    "The key is limited to certain applications, and `include=times` covers whole sessions. GET /theeye/sessions/{id} returns the times of the events that the key can read.";
  return new Refusal("forbidden", detail, { parameter: "include" });
}

export function renderTimes({ firstEventAt, lastEventAt }: { firstEventAt: Micros; lastEventAt: Micros }) {
  return { first_event_at: formatTimestamp(firstEventAt), last_event_at: formatTimestamp(lastEventAt) };
}
