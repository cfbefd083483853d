import * as v from "valibot";
import { CountSchema } from "../count";

/** Asks for one step of a job. It holds no state: what is done and what is next stands in the table `question_jobs`. */
export const JobMessageSchema = v.object({
  v: v.literal(1),
  job: v.string(),
  step: CountSchema,
});

export type JobMessage = v.InferOutput<typeof JobMessageSchema>;
