import { Refusal } from "../../http/problem";
import { MAX_LIVE_EVENTS } from "../../storage/core/read-limits";

/** The refusal of a question that would look at more events than an answer may. */
export function refuseTooManyEvents(events: number, limit = MAX_LIVE_EVENTS): Refusal {
  const detail = `The question looks at some ${events} events, and ${limit} is the limit. Take a shorter range, or a category that is rare.`;
  return new Refusal("question_too_large", detail, { limit, actual: events });
}
