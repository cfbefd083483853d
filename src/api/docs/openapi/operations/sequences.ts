import { RetentionParameters } from "../../../sequences/retention";
import { json, type OperationPlan } from "../operation";
import { queryParameters } from "../parameters";
import {
  ASKING,
  COST,
  FUNNEL,
  FUNNEL_ANSWER,
  QUESTION_BODY,
  QUESTION_PROBLEMS,
  questionBody,
  RANGE,
  SAMPLE_DAY,
} from "../sample-questions";
import { JOB_STARTED } from "./jobs";

const PATHS = { ...SAMPLE_DAY, start: { name: "pageview", data: { path: "/" } }, by: "type", depth: 2, top: 5 };

export function sequenceOperations(): OperationPlan[] {
  return [
    {
      ...ASKING,
      method: "post",
      path: "/theeye/funnels",
      operationId: "askFunnel",
      summary: "Query a funnel",
      description:
        "Returns how many sessions (or visitors) complete a series of steps: events e1 < e2 < … in the order of the session, each matching its step, the last within `within_seconds` of the first. Events with the same timestamp count in their order. If a session has several such sequences, the times between steps are those of the longest one; among these, of the one that ends first, and then of the one that starts last.",
      requestBody: {
        description: QUESTION_BODY,
        content: questionBody("FunnelInput", "From the home page to the form", FUNNEL),
      },
      answers: [
        { status: 200, description: "The funnel.", content: json("Funnel", FUNNEL_ANSWER, "A funnel") },
        JOB_STARTED,
      ],
      problems: ["invalid_json", ...QUESTION_PROBLEMS],
    },
    {
      ...ASKING,
      method: "post",
      path: "/theeye/paths",
      operationId: "askPaths",
      summary: "Query paths",
      description:
        "Returns what happens after a step, before it or between two steps, event by event in the order of the session: how many sessions (or visitors) have which key on each level, and how many go from one key to the next.",
      requestBody: {
        description: QUESTION_BODY,
        content: questionBody("PathsInput", "What follows on the home page", PATHS),
      },
      answers: [
        {
          status: 200,
          description: "The nodes and edges of the graph.",
          content: json("Paths", {
            ...RANGE,
            levels: [
              [{ key: "page interaction / pageview", count: 1 }],
              [{ key: "page interaction / cta click", count: 1 }],
            ],
            edges: [{ level: 0, from: "page interaction / pageview", to: "page interaction / cta click", count: 1 }],
            ...COST,
          }),
        },
        JOB_STARTED,
      ],
      problems: ["invalid_json", ...QUESTION_PROBLEMS],
    },
    {
      ...ASKING,
      method: "get",
      path: "/theeye/retention",
      operationId: "askRetention",
      summary: "Query retention",
      description:
        "Groups visitors into cohorts by the period of their first event in the range, and returns how many of each cohort were seen in that period and the following ones. Events without a `visitor_id` do not count.",
      parameters: queryParameters(RetentionParameters, { ...SAMPLE_DAY, interval: "day" }),
      answers: [
        {
          status: 200,
          description: "The cohorts.",
          content: json("Retention", { ...RANGE, cohorts: [{ start: "2021-01-01", size: 3, returned: [3] }], ...COST }),
        },
        JOB_STARTED,
      ],
      problems: [...QUESTION_PROBLEMS],
    },
  ];
}
