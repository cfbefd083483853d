import { Refusal } from "../../../http/problem";
import { MAX_LIVE_EVENTS } from "../../../storage/core/read-limits";

/**
 * The refusal of a query that would examine more events than allowed.
 *
 * @param events null if the caller must not see the number, because it includes events of other applications
 */
export function refuseTooManyEvents(
  events: number | null,
  { limit = MAX_LIVE_EVENTS, advice = "Use a shorter range, or a category that is rare." } = {},
): Refusal {
  const some = events === null ? "too many" : `about ${events}`;
  const detail = `The query would examine ${some} events; the limit is ${limit}. ${advice}`;
  return new Refusal("question_too_large", detail, { limit, ...(events === null ? {} : { actual: events }) });
}
