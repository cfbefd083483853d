import { Refusal } from "../../http/problem";
import { MAX_LIVE_EVENTS } from "../../storage/core/read-limits";

/**
 * The refusal of a question that would look at more events than an answer may.
 *
 * @param events null: not for those who ask, since events of other applications count too
 */
export function refuseTooManyEvents(events: number | null, limit = MAX_LIVE_EVENTS): Refusal {
  const some = events === null ? "too many" : `some ${events}`;
  const detail = `The question looks at ${some} events, and ${limit} is the limit. Take a shorter range, or a category that is rare.`;
  return new Refusal("question_too_large", detail, { limit, ...(events === null ? {} : { actual: events }) });
}
