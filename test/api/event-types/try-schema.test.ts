import { describe, expect, it } from "vitest";
import { MAX_TRIAL_WORK, trySchema } from "../../../src/api/event-types/try-schema";
import { compileSchema } from "../../../src/rules/compile-schema";
import { MAX_VALIDATION_WORK } from "../../../src/rules/schema-limits";

const stored = (data: unknown, id = "a") => ({ session: "s", id, data: JSON.stringify(data) });
const failed = (event: unknown, id = "e") => ({
  key: { id, receivedAt: 1_700_000_000_000_000 },
  session: "s",
  content: { kind: "whole" as const, text: JSON.stringify(event) },
});
const event = { session_id: "s", category: "c", name: "n", timestamp: "2021-01-01 08:00:00" };

describe("trySchema", () => {
  it("counts what passes and fails, and why, with samples", () => {
    const check = compileSchema({ properties: { total: { type: "number" } } });
    const result = trySchema(
      check,
      {
        stored: [stored({ total: 1 }), stored({ total: "1" }, "b")],
        failed: [
          failed({ ...event, data: { total: 1 } }),
          failed({ ...event, data: { total: "1" }, timestamp: "x" }, "e2"),
        ],
      },
      0,
    );
    expect(result).toMatchObject({
      stored: { checked: 2, pass: 1, fail: 1 },
      failed: { checked: 2, pass: 1, fail: 1 },
      complete: true,
      groups: [
        {
          ...{ code: "schema_violation", path: "/data/total", kind: "type", stored: 1, failed: 1 },
          samples: [
            { session_id: "s", id: "b" },
            { session_id: "s", error_id: "e2" },
          ],
        },
        { code: "timestamp_invalid", stored: 0, failed: 1 },
      ],
    });
  });

  it("stops once the allowed work is used up, and reports how many were checked", () => {
    const check = compileSchema({ additionalProperties: { items: { type: "number", minimum: 0, maximum: 9 } } });
    // Each takes more work than one event may, and is charged the most that one event may.
    const heavy = { list: Array(16_000).fill(1) };
    const many = 2 * Math.ceil(MAX_TRIAL_WORK / MAX_VALIDATION_WORK);
    const all = {
      stored: Array(many).fill(stored(heavy)),
      failed: Array(many).fill(failed({ ...event, data: heavy })),
    };
    const result = trySchema(check, all, 0);
    const checked = MAX_TRIAL_WORK / MAX_VALIDATION_WORK;
    expect(result).toMatchObject({ complete: false, stored: { checked, fail: checked }, failed: { checked } });
  });
});
