import { VisitorParameters } from "../../../sessions/visitors";
import { json, type OperationPlan } from "../operation";
import { pathParameter, queryParameters } from "../parameters";
import { SAMPLE_SESSION } from "../sample-events";

export function visitorOperation(): OperationPlan {
  return {
    tag: "Queries",
    scope: "read",
    method: "get",
    path: "/theeye/visitors/{id}",
    operationId: "showVisitor",
    summary: "Show a visitor",
    description: "Lists the sessions that have an event with this `visitor_id`, most recently active first.",
    parameters: [pathParameter("id", "The visitor's id.", "visitor-1"), ...queryParameters(VisitorParameters)],
    answers: [
      {
        status: 200,
        description: "A page of the visitor's sessions.",
        content: json("Visitor", {
          visitor_id: "visitor-1",
          sessions: 1,
          sessions_at_least: 1,
          results: [
            {
              session_id: SAMPLE_SESSION,
              first_event_at: "2021-01-01T09:15:27.243860Z",
              last_event_at: "2021-01-01T09:15:27.243860Z",
              duration_seconds: 0,
            },
          ],
          rows_read: 460,
          next: null,
        }),
      },
    ],
    problems: ["invalid_parameter", "not_found"],
  };
}
