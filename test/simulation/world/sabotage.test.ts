import { beforeAll, describe, expect, it } from "vitest";
import { simulate, withoutWaiting } from "../simulate";
import type { Sabotage } from "./sabotage";

/** Some faults show only if several things coincide, such as a deployment and a closed partition. */
const MAX_SEEDS = 80;

beforeAll(withoutWaiting);

describe("the simulation notices", () => {
  it.each<[string, Sabotage, RegExp]>([
    ["a key that lacks the event's id", "without_tie", /stored 0 times/],
    ["rules at the time of processing", "rules_at_processing", /stored|error/],
    ["placement by the databases that are bound now", "current_databases", /does not belong here/],
    ["activity that is written before the transaction of its event", "activity_apart", /: activity: /],
    ["counts that are added although the events are refused", "counts_apart", /minutes|counts by/],
    ["messages that are acknowledged before the commit", "acknowledge_before_commit", /stored 0 times|missing/],
    ["a late lane that ignores the sealed tables", "late_copies", /stored 2 times/],
    ["report-only findings that are lost", "without_report_only", /report-only/],
    ["errors placed by the time of processing", "errors_by_processing", /error .*(missing|twice|none)/],
  ])("%s", { timeout: 120_000 }, async (_, sabotage, sign) => {
    let isNoticed = false;
    for (let seed = 1_000_001; seed <= 1_000_000 + MAX_SEEDS && !isNoticed; seed++) {
      isNoticed = (await simulate(seed, sabotage)).some((problem) => sign.test(problem));
    }
    expect(isNoticed).toBe(true);
  });
});
