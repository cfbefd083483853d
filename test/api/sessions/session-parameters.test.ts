import { describe, expect, it } from "vitest";
import { SessionsParameters, sizeOf } from "../../../src/api/sessions/session-parameters";
import { Refusal } from "../../../src/http/problem";
import { readParameters } from "../../../src/http/request/parameters";

const read = (query: string) => readParameters(`https://eye.example/theeye/sessions?${query}`, SessionsParameters);

function sizeIn(query: string) {
  const asked = read(query);
  if (asked instanceof Refusal) throw new Error(asked.detail);
  return sizeOf(asked);
}

describe("sizeOf", () => {
  it("is null if no size is asked for", () => {
    expect(sizeIn("category=page")).toBeNull();
  });

  it("has seconds as microseconds, and null for a limit that is not given", () => {
    expect(sizeIn("min_events=0")).toEqual({ events: { least: 0, most: null }, micros: { least: null, most: null } });
    expect(sizeIn("max_events=1000&min_seconds=0.1&max_seconds=0.000001")).toEqual({
      ...{ events: { least: null, most: 1_000 }, micros: { least: 100_000, most: 1 } },
    });
  });
});

it.each([
  ["min_events=1001", "min_events"],
  ["max_events=-1", "max_events"],
  ["max_events=1.5", "max_events"],
  ["min_seconds=-1", "min_seconds"],
  ["max_seconds=1e3", "max_seconds"],
  ["max_seconds=0.0000001", "max_seconds"],
  ["include=events", "include"],
])("refuses %s", (query, parameter) => {
  expect(read(query)).toMatchObject({ code: "invalid_parameter", members: { parameter } });
});
