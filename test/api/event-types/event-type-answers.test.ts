import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { lastDays, noType, refuseSchema, render, renderUsage } from "../../../src/api/event-types/event-type-answers";
import { expectRefusal } from "../../http/expect-refusal";

describe("refuseSchema", () => {
  it("accepts no schema and a valid one", () => {
    expect(refuseSchema(null)).toBeNull();
    expect(refuseSchema({ type: "object" })).toBeNull();
  });

  it("names the place of the fault", () => {
    const refusal = expectRefusal(refuseSchema({ properties: { a: { type: "text" } } }), "schema_invalid");
    expect(refusal.members).toEqual({ path: "/properties/a/type" });
    expect(refusal.detail).toContain("is not valid at /properties/a/type: ");
  });

  it("names no place if the whole is no schema", () => {
    expect(expectRefusal(refuseSchema(7), "schema_invalid").detail).toContain("The schema is not valid: ");
  });
});

describe("lastDays", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it.each([
    ["2021-03-01T00:00:00.000Z", 1, "2021-03-01"],
    ["2021-03-01T23:59:59.999Z", 2, "2021-02-28"],
    ["2021-03-01T12:00:00.000Z", 30, "2021-01-31"],
  ])("at %s, the last %i days begin on %s and end with today", (now, days, first) => {
    vi.setSystemTime(new Date(now));
    const seconds = (date: string) => Date.parse(date) / 1_000;
    expect(lastDays(days)).toEqual({ firstDay: seconds(first), lastDay: seconds("2021-03-01") });
  });
});

it("shows when a type was seen, or null if it never was", () => {
  const type = { category: "c", name: "n", events: 3, failures: 1 };
  expect(renderUsage({ ...type, firstSeen: 60, lastSeen: null })).toEqual({
    ...{ first_seen: "1970-01-01T00:01:00.000000Z", last_seen: null, events: 3, failures: 1 },
  });
});

it("shows the schema of a version as JSON, and null if there is none", () => {
  const version = {
    ...({ category: "c", name: "n", version: 2, registered: true, mode: "accept", schema_mode: "enforce" } as const),
    ...{ description: null, owner: null, changed_at: 1, in_force_at: 60_000_001 },
  };
  expect(render({ ...version, schema: '{"type":"object"}' })).toMatchObject({
    ...{ version: 2, schema: { type: "object" } },
    ...{ changed_at: "1970-01-01T00:00:00.000001Z", in_force_at: "1970-01-01T00:01:00.000001Z" },
  });
  expect(render({ ...version, schema: null }).schema).toBeNull();
});

it("answers 404 for a type that is not registered", () => {
  expect(noType().status).toBe(404);
});
