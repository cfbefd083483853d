import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { utf8Bytes } from "../../src/model/event/event";
import { formatTimestamp } from "../../src/model/time/time";
import { checkEvent, type Verdict } from "../../src/rules/check-event";
import { NO_RULES, rulesOf } from "../../src/rules/rules";
import { OCCURRED_AT, RECEIVED_AT, SAMPLE_EVENTS } from "../pipeline/sample-events";

const terms = { rules: rulesOf(NO_RULES), receivedAt: RECEIVED_AT, futureToleranceMicros: 60_000_000 };
const sample = SAMPLE_EVENTS[0];
const check = (event: unknown) => checkEvent(event, terms);
const issuesOf = (verdict: Verdict) => (verdict.valid ? [] : verdict.issues);
const codesOf = (event: unknown) => issuesOf(check(event)).map(({ code, path }) => `${code} ${path}`);

/** An event of exactly this many bytes as JSON, mostly in characters of three bytes. */
function eventOfBytes(bytes: number) {
  const rest = bytes - utf8Bytes(JSON.stringify({ ...sample, data: { text: "" } }));
  return { ...sample, data: { text: "€".repeat(Math.floor(rest / 3)) + "x".repeat(rest % 3) } };
}

describe("a valid event", () => {
  it.each(SAMPLE_EVENTS)("includes the requirements' sample $name", (event) => {
    expect(check(event)).toEqual({ valid: true, event, occurredAt: OCCURRED_AT, shadow: null });
  });

  it("may have an empty payload and members that the format does not name", () => {
    expect(check({ ...sample, data: {}, more: "x" })).toMatchObject({ valid: true, event: { data: {} } });
  });

  it("may have a visitor and a context, or null for either", () => {
    const more = { visitor_id: "visitor 7", context: { sdk: { name: "web" } } };
    expect(check({ ...sample, ...more })).toMatchObject({ valid: true, event: more });
    const verdict = check({ ...sample, visitor_id: null, context: null });
    expect(verdict).toMatchObject({ valid: true, event: { visitor_id: null, context: null } });
  });

  it("may have its timestamp as a number", () => {
    for (const timestamp of [1_609_492_527.24386, 1_609_492_527_243.86, 1_609_492_527_243_860]) {
      expect(check({ ...sample, timestamp })).toMatchObject({ valid: true, occurredAt: OCCURRED_AT });
    }
    expect(codesOf({ ...sample, timestamp: 99_999_999_999 })).toEqual(["timestamp_in_future /timestamp"]);
  });

  it("keeps its payload and context as they are", () => {
    const text = '{"constructor":1,"prototype":2,"__proto__":3}';
    const verdict = check({ ...sample, data: JSON.parse(text), context: JSON.parse(text) });
    const event = verdict.valid ? verdict.event : null;
    expect([JSON.stringify(event?.data), JSON.stringify(event?.context)]).toEqual([text, text]);
  });

  it("may have 32,768 bytes but not one more", () => {
    expect(utf8Bytes(JSON.stringify(eventOfBytes(32_768)))).toBe(32_768);
    expect(codesOf(eventOfBytes(32_768))).toEqual([]);
    expect(codesOf(eventOfBytes(32_769))).toEqual(["event_too_large "]);
  });

  it("may be later than its receipt by the tolerance but not by one microsecond more", () => {
    for (const futureToleranceMicros of [0, 60_000_000]) {
      const limit = RECEIVED_AT + futureToleranceMicros;
      const at = (micros: number) =>
        checkEvent({ ...sample, timestamp: formatTimestamp(micros) }, { ...terms, futureToleranceMicros });
      expect(at(limit)).toMatchObject({ valid: true, occurredAt: limit });
      expect(issuesOf(at(limit + 1))).toMatchObject([{ code: "timestamp_in_future", path: "/timestamp" }]);
    }
  });

  it("gets its verdict from its receipt and not from the clock", () => {
    const event = { ...sample, timestamp: "9999-12-31T23:59:59.999999Z" };
    expect(checkEvent(event, { ...terms, receivedAt: 253_402_300_799_999_000 })).toMatchObject({ valid: true });
    expect(codesOf(event)).toEqual(["timestamp_in_future /timestamp"]);
  });
});

describe("one fault gives one issue", () => {
  it.each<[string, unknown, string]>([
    ...["undefined", "null", "[object Object]", "", "  ", "a\u0000", "\ud800", "x".repeat(129), 7, null, {}, []].map(
      (bad): [string, unknown, string] => ["session_id", bad, "session_id_invalid"],
    ),
    ...["", " ", "a\u0007", "\udfff", "x".repeat(65), 7, null].map((bad): [string, unknown, string] => [
      "category",
      bad,
      "category_invalid",
    ]),
    ...["", "\u2028", "x".repeat(65), false].map((bad): [string, unknown, string] => ["name", bad, "name_invalid"]),
    ...["", "text", null, [], [{}], 7, true].map((bad): [string, unknown, string] => ["data", bad, "data_invalid"]),
    ...["2021-01-01", "not a date", "", "1609492527", -1, 1e17, true, {}, [], null, "2021-02-30 00:00:00"].map(
      (bad): [string, unknown, string] => ["timestamp", bad, "timestamp_invalid"],
    ),
    ...["", "a\nb", 7, null, "x".repeat(129)].map((bad): [string, unknown, string] => ["id", bad, "event_invalid"]),
    ...["", " ", "a\nb", 7, {}, "x".repeat(129)].map((bad): [string, unknown, string] => [
      "visitor_id",
      bad,
      "event_invalid",
    ]),
    ...["", "text", [], [{}], 7, true].map((bad): [string, unknown, string] => ["context", bad, "event_invalid"]),
  ])("%s: %j is %s", (member, value, code) => {
    expect(codesOf({ ...sample, [member]: value })).toEqual([`${code} /${member}`]);
  });

  it.each(["session_id", "category", "name", "data", "timestamp"])("a missing %s", (member) => {
    const { [member]: _, ...rest }: Record<string, unknown> = sample;
    expect(codesOf(rest)).toEqual([`${member}_invalid /${member}`]);
  });

  it.each([null, true, 0, 7, "text", [], [sample], Number.MAX_VALUE])("an event that is not an object: %j", (event) => {
    expect(codesOf(event)).toEqual(["event_invalid "]);
  });
});

describe("an event with several faults", () => {
  it("gets an issue for each of them", () => {
    const event = {
      session_id: "null",
      category: "",
      name: 7,
      data: null,
      timestamp: "soon",
      id: {},
      more: "x".repeat(32_768),
    };
    expect(codesOf(event)).toEqual([
      "session_id_invalid /session_id",
      "category_invalid /category",
      "name_invalid /name",
      "data_invalid /data",
      "timestamp_invalid /timestamp",
      "event_invalid /id",
      "event_too_large ",
    ]);
  });

  it("reports a timestamp in the future beside other issues", () => {
    expect(codesOf({ ...sample, data: [], timestamp: "2999-01-01T00:00:00Z" })).toEqual([
      "data_invalid /data",
      "timestamp_in_future /timestamp",
    ]);
  });

  it("reports the measured size if only a truncated preview came", () => {
    expect(issuesOf(checkEvent(sample, { ...terms, bytes: 500_000 }))).toEqual([
      { code: "event_too_large", path: "", message: "expected at most 32768 bytes, found 500000" },
    ]);
  });
});

describe("any JSON value", () => {
  const anyEvent = fc.oneof(
    fc.jsonValue(),
    fc.record(
      {
        session_id: fc.jsonValue(),
        category: fc.jsonValue(),
        name: fc.jsonValue(),
        data: fc.jsonValue(),
        timestamp: fc.jsonValue(),
        id: fc.jsonValue(),
      },
      { requiredKeys: [] },
    ),
  );

  it("gets a verdict with at most one issue per member", () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        const paths = issuesOf(check(event)).map(({ path }) => path);
        expect(new Set(paths).size).toBe(paths.length);
      }),
    );
  });

  it("is quoted in messages with at most 40 characters", () => {
    const secret = "S3cret!".repeat(20);
    for (const event of [
      secret,
      [secret],
      { ...sample, data: secret },
      { ...sample, timestamp: secret },
      { ...sample, session_id: secret, category: secret, name: secret, id: secret },
      { ...sample, session_id: `undefined${" ".repeat(110)}` },
    ]) {
      const messages = issuesOf(check(event)).map(({ message }) => message);
      expect(messages.length).toBeGreaterThan(0);
      for (const message of messages) {
        expect(message).not.toContain(secret.slice(0, 41));
        expect(message.length).toBeLessThan(250);
      }
    }
  });

  it("may be nested as deeply as JSON.parse accepts", () => {
    const deep: unknown = JSON.parse(`${"[".repeat(15_000)}{"0":1}${"]".repeat(15_000)}`);
    expect(codesOf({ ...sample, data: { deep } })).toEqual([]);
    expect(codesOf(deep)).toEqual(["event_invalid "]);
  });

  it("may have members named like those of every JavaScript object", () => {
    const data: unknown = JSON.parse('{"__proto__":{"a":1},"constructor":null,"toString":7,"hasOwnProperty":"x"}');
    expect(codesOf({ ...sample, data })).toEqual([]);
  });
});

it("a malformed line is kept whole and fails with the column of the JSON error", () => {
  const verdict = check('{"session_id": "s", "name": nope}');
  const message = expect.stringContaining("a text that is not JSON from column 29 on");
  expect(issuesOf(verdict)).toEqual([{ code: "event_invalid", path: "", message }]);
  // Only a part of an oversized line is available, so a column in it would be wrong.
  const [issue] = issuesOf(checkEvent('{"session_id": "s…', { ...terms, bytes: 40_000 }));
  expect(issue?.message).toBe('expected a JSON object, found "{\\"session_id\\": \\"s…"');
});
