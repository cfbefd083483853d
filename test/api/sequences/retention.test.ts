import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import { RetentionResponse } from "../../../src/api/sequences/retention";
import { ask } from "../ask";
import { expectProblem, seedVisits } from "./visits";

beforeAll(seedVisits);

describe("GET /theeye/retention", () => {
  it("counts visitors by the period of their first event, and who returned", async () => {
    const response = await ask(
      "/theeye/retention?interval=day&start_date=2020-12-30&end_date=2021-01-02&timezone=Asia/Kolkata",
    );
    const { cohorts } = v.parse(RetentionResponse, await response.json());
    expect(cohorts).toEqual([
      { start: "2020-12-30", size: 0, returned: [0, 0, 0, 0] },
      { start: "2020-12-31", size: 0, returned: [0, 0, 0] },
      { start: "2021-01-01", size: 20, returned: [20, 0] },
      { start: "2021-01-02", size: 0, returned: [0] },
    ]);
  });

  it("accepts filters for the events", async () => {
    const query = "interval=month&start_date=2021-01-01&end_date=2021-02-01&name=pageview&return_category=form";
    const { cohorts } = v.parse(RetentionResponse, await (await ask(`/theeye/retention?${query}`)).json());
    expect(cohorts).toEqual([
      { start: "2021-01-01", size: 20, returned: [10, 0] },
      { start: "2021-02-01", size: 0, returned: [0] },
    ]);
  });

  it("refuses unknown parameters and too many periods", async () => {
    await expectProblem(await ask("/theeye/retention?interval=hour"), "invalid_parameter", { parameter: "interval" });
    await expectProblem(
      await ask("/theeye/retention?interval=day&start_date=2020-01-01&end_date=2021-01-01"),
      "invalid_parameter",
      {
        parameter: "start_date",
      },
    );
  });
});
