import { beforeAll, describe, expect, it } from "vitest";
import { simulate, withoutWaiting } from "../simulate";
import type { Sabotage } from "./sabotage";

/** Some breaches show only where several things come together: a deployment, a closed partition. */
const MAX_SEEDS = 80;

beforeAll(withoutWaiting);

describe("the simulation notices", () => {
  it.each<[string, Sabotage, RegExp]>([
    ["a key that lacks the event's id", "without_tie", /stored 0 times/],
    ["rules taken at the processing of an event", "rules_at_processing", /stored|error/],
    ["placement by the databases that are bound now", "current_databases", /does not belong here/],
    ["activity that is written before its event's transaction", "activity_apart", /: activity: /],
    ["counts that are added though the events are refused", "counts_apart", /minutes|counts by/],
    ["messages that are acknowledged before the commit", "acknowledge_before_commit", /stored 0 times|missing/],
    ["a late lane that does not look into the sealed tables", "late_copies", /stored 2 times/],
    ["report-only findings that are lost", "without_report_only", /report-only/],
    ["errors placed by the moment of their processing", "errors_by_processing", /error .*(missing|twice|none)/],
  ])("%s", { timeout: 120_000 }, async (_, sabotage, sign) => {
    let isNoticed = false;
    for (let seed = 1_000_001; seed <= 1_000_000 + MAX_SEEDS && !isNoticed; seed++) {
      isNoticed = (await simulate(seed, sabotage)).some((problem) => sign.test(problem));
    }
    expect(isNoticed).toBe(true);
  });
});
