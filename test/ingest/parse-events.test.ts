import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseEvents as parseBody, parseBodyOfLines } from "../../src/ingest/parse-events";
import { MAX_EVENTS_PER_REQUEST } from "../../src/model/limits";
import { expectRefusal } from "../http/expect-refusal";

function parseEvents(text: string, contentType: string | null = "application/json") {
  const parsed = parseBody(text, contentType);
  if ("events" in parsed && parsed.json !== null) expect(JSON.parse(parsed.json)).toEqual(parsed.events);
  return "events" in parsed ? parsed.events : parsed;
}

describe("parseEvents", () => {
  it.each([
    ['{"name":"a"}', [{ name: "a" }]],
    ['[{"name":"a"},{"name":"b"}]', [{ name: "a" }, { name: "b" }]],
    ['{"name":"a"}\n{"name":"b"}', [{ name: "a" }, { name: "b" }]],
    ['\n{"name":"a"}\r\n\r\n  {"name":"b"}  \n\n', [{ name: "a" }, { name: "b" }]],
    ['{\n  "name": "a"\n}\n', [{ name: "a" }]],
    ["[1]\n[2]", [[1], [2]]],
  ])("reads %j", (text, events) => {
    expect(parseEvents(text)).toEqual(events);
  });

  it.each([
    ["5", [5]],
    ["null", [null]],
    ['"x"', ["x"]],
    ["[1,null,[],{}]", [1, null, [], {}]],
    ["1\n2", [1, 2]],
  ])("accepts %j, whose events are not objects and end among the errors", (text, events) => {
    expect(parseEvents(text)).toEqual(events);
  });

  it.each(["", " ", "\n\r\n\t", "[]", " [ ] "])("refuses %j as empty", (text) => {
    expectRefusal(parseEvents(text), "empty_batch");
  });

  it.each([
    ['{"name":}', 1, 9, "is not JSON"],
    ['{"name":"a"', 1, 12, "ends too early"],
    ['{\n  "name" "a"\n}', 2, 10, "is not JSON"],
    ['[1]\n\n{"b":x}\n', 3, 6, "is not JSON"],
    ['[1]\n{"b":1', 2, 7, "ends too early"],
    ['[{"a":1},\n{"b":x}]', 2, 6, "is not JSON"],
    ['a":1}\n{"b":1}', 1, 1, "is not JSON"],
    ['{"data":\n  {"b":1}\n  "c": 2\n}', 3, 3, "is not JSON"],
    ["not json", 1, 1, "is not JSON"],
    ['{"a":1} {"b":1}', 1, 9, "is not JSON"],
  ])("reports the place of the error in %j", (text, line, column, what) => {
    const refusal = expectRefusal(parseEvents(text), "invalid_json");
    expect(refusal.members).toEqual({ line, column });
    expect(refusal.detail).toBe(`The body ${what} at line ${line}, column ${column}.`);
  });

  it.each([
    ['{"a":1}\n{"b":x}\n{"c":1}', [{ a: 1 }, '{"b":x}', { c: 1 }]],
    ['\r\n{"a":1}\r\n{"b":\r\n', [{ a: 1 }, '{"b":']],
    ['{"a":1}\n  garbage \n7', [{ a: 1 }, "  garbage ", 7]],
    ['{"a":x}\n{"b":1}', ['{"a":x}', { b: 1 }]],
    ['{"a":1},\n{"b":\n\n{"c":1}\n', ['{"a":1},', '{"b":', { c: 1 }]],
  ])(
    "returns a line that is not JSON as text if the first line begins as an object and one line is one: %j",
    (text, events) => {
      expect(parseEvents(text)).toEqual(events);
      expect(parseEvents(text, null)).toEqual(events);
    },
  );

  it.each(["application/x-ndjson", "application/x-ndjson; charset=utf-8", "Application/JSONL", "application/ndjson"])(
    "returns any line that is not JSON as text if the content type is %s",
    (contentType) => {
      expect(parseEvents('{"a":x}\n{"b":1}', contentType)).toEqual(['{"a":x}', { b: 1 }]);
      expect(parseEvents("garbage", contentType)).toEqual(["garbage"]);
      expect(parseEvents('[{"a":1}]', contentType)).toEqual([{ a: 1 }]);
      expectRefusal(parseEvents("\n", contentType), "empty_batch");
    },
  );

  it.each([
    ['\uFEFF{"a":1}\n\uFEFF{"b":1}', [{ a: 1 }, { b: 1 }]],
    ['{"a":1}\n{"b":"\u0000"}', [{ a: 1 }, '{"b":"\u0000"}']],
    ['\u0000\u0000{"a":1}\n{"b":1}\n\u0000\u0000', ['\u0000\u0000{"a":1}', { b: 1 }, "\u0000\u0000"]],
    ['\u0000\u0000\n{"a":1}', ["\u0000\u0000", { a: 1 }]],
    ['{"a":"\\ud800"}\n{"b":1}', [{ a: "\ud800" }, { b: 1 }]],
  ])("reads the lines of %j, of which a crash or another program left a part", (text, events) => {
    expect(parseEvents(text)).toEqual(events);
  });

  it("refuses lines of control characters, which are six times as large in JSON", () => {
    expectRefusal(parseEvents(`{"a":1}\n${"\u0000".repeat(400_000)}`), "payload_too_large");
    expect(parseEvents(`{"a":1}\n{"b":${'"'.repeat(900_000)}`)).toHaveLength(2);
  });

  it("counts lines that are not JSON as events", () => {
    const lines = ['{"a":1}', ...Array<string>(MAX_EVENTS_PER_REQUEST).fill("{")].join("\n");
    expectRefusal(parseEvents(lines), "too_many_events");
  });

  it("never repeats the payload in a refusal", () => {
    expect(expectRefusal(parseEvents('{"password": hunter2}'), "invalid_json").detail).not.toContain("hunter2");
  });

  it("accepts as many events as the limit in either form and not one more", () => {
    const events = Array.from({ length: MAX_EVENTS_PER_REQUEST }, (_, i) => ({ i }));
    for (const join of [
      (items: unknown[]) => JSON.stringify(items),
      (items: unknown[]) => items.map((i) => JSON.stringify(i)).join("\n"),
    ]) {
      expect(parseEvents(join(events))).toEqual(events);
      const refusal = expectRefusal(parseEvents(join([...events, {}])), "too_many_events");
      expect(refusal.members).toEqual({ limit: MAX_EVENTS_PER_REQUEST, actual: MAX_EVENTS_PER_REQUEST + 1 });
    }
  });

  it("reads an array like the same events on one line each", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { minLength: 2, maxLength: 20 }), (values) => {
        const texts = values.map((value) => JSON.stringify(value));
        const expected: unknown = JSON.parse(JSON.stringify(values));
        expect(parseEvents(`[${texts.join(",")}]`)).toEqual(expected);
        expect(parseEvents(texts.join("\n"))).toEqual(expected);
      }),
    );
  });
});

describe("parseBodyOfLines", () => {
  const NOT_UTF8 = "The body is not UTF-8";

  it("makes an event of a line with a byte that is not UTF-8, first or later", () => {
    const body = { text: '{"a":"�\\xFC"}\n{"b":1}\n{"c":\\�\\xFF}', bytes: 1, notUtf8: NOT_UTF8 };
    const events = ['{"a":"�\\xFC"}', { b: 1 }, '{"c":\\�\\xFF}'];
    expect(parseBodyOfLines(body, null)).toEqual({ events, json: null });
    expect(parseBodyOfLines({ ...body, text: 'oo�\\xFC"}\n{"b":1}' }, null)).toMatchObject({
      events: ['oo�\\xFC"}', { b: 1 }],
    });
    const named = { ...body, text: '�\\xFF{"a":1}' };
    expect(parseBodyOfLines(named, "application/x-ndjson")).toEqual({ events: [named.text], json: null });
  });

  it.each([
    ['{"a":"�\\xFC"}', null, 1, 7],
    ['{\n  "a": "�\\xFC"\n}', null, 2, 9],
    ['[{"a":"�\\xFC"},\n{"a":1}]', null, 1, 8],
    ["�\\x8B\n\u0008garbage", "application/x-ndjson", 1, 1],
  ])("refuses %j of type %s with the place of the byte", (text, contentType, line, column) => {
    const refusal = expectRefusal(parseBodyOfLines({ text, bytes: 1, notUtf8: NOT_UTF8 }, contentType), "invalid_json");
    expect(refusal.detail).toBe(`The body is not UTF-8 at line ${line}, column ${column}.`);
    expect(refusal.members).toEqual({ line, column });
  });
});
