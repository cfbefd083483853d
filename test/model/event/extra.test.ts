import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EVENT_MEMBERS, extraOf } from "../../../src/model/event/extra";
import { SAMPLE_EVENTS } from "../../pipeline/sample-events";

const event = { ...SAMPLE_EVENTS[0], id: "a", visitor_id: "v", context: { sdk: "web" } };

describe("extraOf", () => {
  it("is null for an event with only known members, whatever their values", () => {
    expect(extraOf(event)).toBeNull();
    expect(extraOf({ ...event, visitor_id: null, context: null })).toBeNull();
    expect(extraOf({})).toBeNull();
  });

  it("contains client members whose names only answers use", () => {
    const own = { received_at: 1, application: "other", position: 7, extra: { a: 1 }, sequence: null };
    expect(extraOf({ ...event, ...own })).toEqual(own);
  });

  it("loses no member that the format does not define, whatever its name and value", () => {
    const others = fc.dictionary(
      fc
        .oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "prototype", "toString", "0"))
        .filter((name) => !EVENT_MEMBERS.has(name)),
      fc.jsonValue(),
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(others, (more) => {
        const text = JSON.stringify(more);
        const sent: Record<string, unknown> = JSON.parse(
          `{"session_id":"s"${text === "{}" ? "" : ","}${text.slice(1)}`,
        );
        const extra = extraOf(sent);
        expect(JSON.stringify(extra ?? {})).toBe(text);
      }),
    );
  });
});
