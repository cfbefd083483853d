import * as v from "valibot";

/** Asks for one step of a job. It holds no state: what is done and what is next stands in the table `question_jobs`. */
export const JobMessageSchema = v.object({
  v: v.literal(1),
  job: v.string(),
  step: v.pipe(v.number(), v.integer(), v.minValue(0)),
});

export type JobMessage = v.InferOutput<typeof JobMessageSchema>;
