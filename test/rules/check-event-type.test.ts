import { describe, expect, it } from "vitest";
import type { EventTypeRule, Mode } from "../../src/model/event/event-type";
import { checkEvent, type Verdict } from "../../src/rules/check-event";
import { NO_RULES, rulesOf } from "../../src/rules/rules";
import { RECEIVED_AT, SAMPLE_EVENTS } from "../pipeline/sample-events";

const terms = { rules: rulesOf(NO_RULES), receivedAt: RECEIVED_AT, futureToleranceMicros: 60_000_000 };
const sample = SAMPLE_EVENTS[0];
const issuesOf = (verdict: Verdict) => (verdict.valid ? [] : verdict.issues);

describe("the event's type", () => {
  const rule = (changes: Partial<EventTypeRule> = {}): EventTypeRule => ({
    category: sample.category,
    name: sample.name,
    version: 3,
    mode: "accept",
    schema_mode: "enforce",
    schema: null,
    ...changes,
  });
  const placesOf = (verdict: Verdict) => issuesOf(verdict).map(({ code, path }) => [code, path]);
  const validated = (event: unknown, types: EventTypeRule[], unregistered: Mode = "accept", changes = {}) =>
    checkEvent(event, { ...terms, rules: rulesOf({ unregistered, types }), ...changes });
  const schema = '{"properties":{"path":{"type":"number"}},"required":["title"]}';
  const violations = [
    { code: "schema_violation", path: "/data", message: 'expected the member "title", found none' },
    { code: "schema_violation", path: "/data/path", message: 'expected number, found "/"' },
  ];

  it("passes if it is not registered, unless unregistered types are rejected", () => {
    expect(validated(sample, [])).toMatchObject({ valid: true });
    expect(validated(sample, [rule({ name: "other" })], "reject")).toMatchObject({
      valid: false,
      issues: [
        {
          code: "unplanned_event",
          path: "",
          message: 'expected a registered event type, found "page interaction" with "pageview"',
        },
      ],
    });
  });

  it("passes if it is registered without a schema, and fails if it is retired", () => {
    expect(validated(sample, [rule()], "reject")).toMatchObject({ valid: true, shadow: null });
    expect(placesOf(validated(sample, [rule({ mode: "reject" })]))).toMatchObject([["unplanned_event", ""]]);
  });

  it("fails with every place at which its payload does not match the schema", () => {
    expect(validated(sample, [rule({ schema })])).toMatchObject({ valid: false, issues: violations });
  });

  it("passes if the schema is in report-only mode, and returns the issues", () => {
    expect(validated(sample, [rule({ schema, schema_mode: "shadow" })])).toMatchObject({
      valid: true,
      shadow: { version: 3, issues: violations },
    });
    expect(validated(sample, [rule({ schema: "{}", schema_mode: "shadow" })])).toMatchObject({
      valid: true,
      shadow: null,
    });
  });

  it("is validated together with the other members", () => {
    const event = { ...sample, timestamp: "not a date" };
    expect(placesOf(validated(event, [rule({ schema })]))).toEqual([
      ["timestamp_invalid", "/timestamp"],
      ["schema_violation", "/data"],
      ["schema_violation", "/data/path"],
    ]);
  });

  it("is not validated if the event has none or came in pieces without its payload", () => {
    expect(placesOf(validated({ ...sample, name: "" }, [], "reject"))).toEqual([["name_invalid", "/name"]]);
    expect(placesOf(validated({ ...sample, data: 7 }, [rule({ schema })]))).toEqual([["data_invalid", "/data"]]);
    expect(placesOf(validated(sample, [rule({ schema })], "accept", { bytes: 40_000 }))).toEqual([
      ["event_too_large", ""],
    ]);
  });
});

it("a payload that takes too much work is a violation, which report-only mode counts like any other", () => {
  const twice = { properties: { a: { $ref: "#/$defs/t" } } };
  const rule: EventTypeRule = {
    ...{ category: "page interaction", name: "pageview", version: 3, mode: "accept" },
    schema: JSON.stringify({ $defs: { t: { allOf: [twice, twice] } }, $ref: "#/$defs/t" }),
    schema_mode: "enforce",
  };
  const event = { ...sample, data: JSON.parse(`${'{"a":'.repeat(60)}{}${"}".repeat(60)}`) };
  const verdictOf = (own: EventTypeRule) =>
    checkEvent(event, { ...terms, rules: rulesOf({ unregistered: "accept", types: [own] }) });
  const message = expect.stringContaining("at most 50000 units of work");
  const issues = [{ code: "schema_violation", path: "/data", message }];
  expect(verdictOf(rule)).toMatchObject({ valid: false, issues });
  expect(verdictOf({ ...rule, schema_mode: "shadow" })).toMatchObject({ valid: true, shadow: { version: 3, issues } });
});
