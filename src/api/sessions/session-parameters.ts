import * as v from "valibot";
import {
  CursorParameter,
  endDateParameter,
  LimitParameter,
  startDateParameter,
  text,
} from "../../http/request/parameters";
import { MAX_ID_CHARACTERS, MAX_NAME_CHARACTERS } from "../../model/limits";
import type { SessionSize } from "../../storage/sessions/session-filter";

const IncludeParameter = v.optional(
  v.pipe(
    v.picklist(["times"], "expected times"),
    v.description(
      "`times` adds `first_event_at` and `last_event_at` to each session. This reads a few hundred more rows for each session.",
    ),
  ),
);

const SIZE_RULE = "expected a whole number from 0 to 1000";

function eventsParameter(description: string) {
  return v.optional(
    v.pipe(
      v.string(),
      v.regex(/^\d{1,4}$/, SIZE_RULE),
      v.description(description),
      v.transform(Number),
      v.maxValue(1_000, SIZE_RULE),
    ),
  );
}

const SECONDS_RULE = "expected a number of seconds, such as 90 or 0.5";

function secondsParameter(description: string) {
  return v.optional(
    v.pipe(v.string(), v.regex(/^\d{1,9}(\.\d{1,6})?$/, SECONDS_RULE), v.description(description), v.transform(Number)),
  );
}

/** The parameters of `GET /theeye/sessions`, without the filters by property. */
export const SessionsParameters = v.object({
  start_date: startDateParameter("of activity"),
  end_date: endDateParameter("of activity"),
  category: text(MAX_NAME_CHARACTERS, "Sessions with an event of this category."),
  name: text(MAX_NAME_CHARACTERS, "Sessions with an event of this name."),
  application: text(MAX_NAME_CHARACTERS, "Sessions with an event of this application."),
  visitor_id: text(MAX_ID_CHARACTERS, "Sessions with an event of this visitor."),
  min_events: eventsParameter("Sessions with at least this many events in the range, of any type."),
  max_events: eventsParameter("Sessions with at most this many events in the range, of any type."),
  min_seconds: secondsParameter(
    "Sessions whose first and last event in the range are at least this many seconds apart.",
  ),
  max_seconds: secondsParameter(
    "Sessions whose first and last event in the range are at most this many seconds apart.",
  ),
  include: IncludeParameter,
  limit: LimitParameter,
  cursor: CursorParameter,
});

/** Null: sessions of any size. */
export function sizeOf(asked: v.InferOutput<typeof SessionsParameters>): SessionSize | null {
  const micros = (seconds: number | undefined) => (seconds === undefined ? null : Math.round(seconds * 1_000_000));
  const { min_events: fewest, max_events: most, min_seconds: shortest, max_seconds: longest } = asked;
  if ([fewest, most, shortest, longest].every((given) => given === undefined)) return null;
  return {
    events: { least: fewest ?? null, most: most ?? null },
    micros: { least: micros(shortest), most: micros(longest) },
  };
}
