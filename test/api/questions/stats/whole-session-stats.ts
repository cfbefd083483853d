import * as v from "valibot";
import { SessionStatsResponse, WholeLineSchema } from "../../../../src/api/questions/stats/session-stats-body";

const { entries } = WholeLineSchema;

/** An answer of `/theeye/sessions/stats` without `metrics`: its lines have all members. */
export const WholeSessionStats = v.object({
  ...SessionStatsResponse.entries,
  results: v.array(v.looseObject({ application: v.optional(v.string()), ...entries })),
  other: v.optional(v.object({ groups: v.number(), ...entries })),
  total: WholeLineSchema,
});
