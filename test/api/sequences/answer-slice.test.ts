import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { rangeMembers } from "../../../src/api/sequences/answer-slice";
import type { SequenceQuestion } from "../../../src/model/questions/question";
import { TimeZone } from "../../../src/model/time/time-zone";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { costlyDatabase } from "../../storage/failing-database";
import { DAY, HOUR, MORNING } from "../../storage/seed";
import { day, funnel, post, seedVisits, steps, withQueue } from "./visits";

beforeAll(() => seedVisits());

describe("a slice", () => {
  it("is answered with its range and the rows that were read", async () => {
    const { start, end, rows_read: rowsRead } = await funnel({ steps });
    expect([start, end]).toEqual(["2021-01-01T00:00:00+00:00", "2021-01-02T00:00:00+00:00"]);
    // An event is at least one row.
    expect(rowsRead).toBeGreaterThanOrEqual(100);
  });

  it.each([
    ["one step if it", 1, 1],
    ["all of its steps if a sample", 100_000, 10],
  ])("becomes a job of %s has more rows than one request reads", async (_, times, expected) => {
    const { bindings, sent } = withQueue();
    await env.DB.prepare("UPDATE counts SET events = events * ?1").bind(times).run();
    const costly = costlyDatabase(firstDatabase(databasesOf(env)), 600_000).binding;
    const response = await post("/theeye/funnels", { ...day, steps }, { ...bindings, DB: costly });
    expect(response.status).toBe(202);
    expect(sent).toHaveLength(1);
    const job = await env.DB.prepare("SELECT steps FROM question_jobs WHERE id = ?1").bind(sent[0]?.job).first();
    expect(job).toEqual({ steps: expected });
  });
});

describe("rangeMembers", () => {
  it("has the end of the range, exclusive, in the zone of the question", () => {
    const question = { from: MORNING - 9 * HOUR, to: MORNING - 9 * HOUR + DAY - 1 } as SequenceQuestion;
    const zone = TimeZone.find("Asia/Kolkata") ?? TimeZone.UTC;
    expect(rangeMembers(question, zone)).toEqual({
      start: "2021-01-01T05:30:00+05:30",
      end: "2021-01-02T05:30:00+05:30",
    });
  });
});
