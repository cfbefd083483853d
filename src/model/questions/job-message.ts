import * as v from "valibot";
import { CountSchema } from "../count";

/** Requests one step of a job. The message holds no state; the table `question_jobs` records the progress. */
export const JobMessageSchema = v.object({
  v: v.literal(1),
  job: v.string(),
  step: CountSchema,
});

export type JobMessage = v.InferOutput<typeof JobMessageSchema>;
