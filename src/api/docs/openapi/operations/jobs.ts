import { json, type OperationPlan } from "../operation";
import { pathParameter } from "../parameters";
import { ASKING, FUNNEL_ANSWER } from "../sample-questions";

const JOB_ID = "1b4e28ba-2fa1-41d2-883f-0016d3cca427";
const JOB_URL = `../theeye/jobs/${JOB_ID}`;

export const JOB_STARTED = {
  status: 202,
  description: "There is too much to read for an immediate answer. A job computes the answer and stores it.",
  headers: { Location: { description: "The job, relative to the requested URL.", schema: { type: "string" } } },
  content: json("JobStarted", { job: JOB_ID, url: JOB_URL }, "A job"),
} as const;

export function jobOperation(): OperationPlan {
  return {
    ...ASKING,
    method: "get",
    path: "/theeye/jobs/{id}",
    operationId: "showJob",
    summary: "Show a job",
    description: "Returns the progress of a query that could not be answered at once and, when it is done, its result.",
    parameters: [pathParameter("id", "The job's id.", JOB_ID)],
    answers: [
      {
        status: 200,
        description: "The job, relative to the requested URL.",
        content: json("Job", {
          job: JOB_ID,
          kind: "funnel",
          status: "done",
          progress: 1,
          created_at: "2026-01-01T00:00:00.000000Z",
          updated_at: "2026-01-01T00:00:12.000000Z",
          rows_read: 8_700_000,
          result: { ...FUNNEL_ANSWER, rows_read: 8_700_000 },
        }),
      },
    ],
    problems: ["not_found"],
  };
}
