import { describe, expect, it } from "vitest";
import { buildRows, type ReadArrival } from "../../src/pipeline/build-rows";
import type { Outcome } from "../../src/pipeline/session-protocol";
import { eventOf } from "./harness";
import { OCCURRED_AT, RECEIVED_AT } from "./sample-events";

const arrival = (text: string): ReadArrival => ({
  arrival: { id: "a", application: "blog", receivedAt: RECEIVED_AT + 9, text },
  event: JSON.parse(text),
});
const first = { receivedAt: RECEIVED_AT, application: "shop", duplicate: true };
const stored: Outcome = { ...first, kind: "stored", sequence: 3, occurredAt: OCCURRED_AT, opens: true };
const failed: Outcome = {
  ...first,
  kind: "failed",
  errorId: "e",
  issues: [{ code: "data_invalid", path: "/data", message: "m" }],
};

describe("buildRows", () => {
  it("makes a stored event's row under the receipt and application of its first arrival, as a repeat", () => {
    const text = JSON.stringify(eventOf("s", { data: { b: 1, a: "\u0000" } }));
    expect(buildRows("s", [arrival(text)], [stored])).toEqual({
      events: [
        {
          session: "s",
          sequence: 3,
          id: "a",
          application: "shop",
          category: "page interaction",
          name: "pageview",
          occurredAt: OCCURRED_AT,
          receivedAt: RECEIVED_AT,
          opens: true,
          data: '{"b":1,"a":"\\u0000"}',
          isRepeat: true,
        },
      ],
      errors: [],
      parts: [],
    });
  });

  it("keeps members of the payload that JavaScript objects have by themselves", () => {
    const data = '{"__proto__":{"a":1},"constructor":2,"toString":null}';
    const text = JSON.stringify(eventOf("s", { data: {} })).replace('"data":{}', `"data":${data}`);
    expect(buildRows("s", [arrival(text)], [stored]).events[0]?.data).toBe(data);
  });

  it("makes a failed event's row with its whole content, whatever JSON it is", () => {
    for (const text of ["null", "7", '"text"', "[]", "{}"]) {
      const { errors, events } = buildRows("s", [arrival(text)], [failed]);
      expect(events).toEqual([]);
      expect(errors).toMatchObject([
        { id: "e", receivedAt: RECEIVED_AT, application: "shop", eventId: "a", content: text, parts: 0 },
      ]);
    }
  });

  it("leaves no arrival out", () => {
    expect(() => buildRows("s", [arrival("null"), arrival("null")], [failed])).toThrow("left arrival 1 of 2 undecided");
  });
});
