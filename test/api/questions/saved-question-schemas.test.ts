import * as v from "valibot";
import { describe, expect, it } from "vitest";
import {
  QuestionInput,
  QuestionNameSchema,
  RunInput,
  VersionParameters,
} from "../../../src/api/questions/saved-question-schemas";
import { MAX_QUESTION_CHARACTERS } from "../../../src/model/questions/saved-question";

const question = (characters: number) => ({ x: "x".repeat(characters - '{"x":""}'.length) });

it.each([
  ["a", true],
  ["weekly-sign_ups2", true],
  ["0".repeat(64), true],
  ["0".repeat(65), false],
  ["", false],
  ["-a", false],
  ["Weekly", false],
  ["a b", false],
  ["a/b", false],
])("decides whether %j is a name of a question: %s", (name, isName) => {
  expect(v.is(QuestionNameSchema, name)).toBe(isName);
});

describe("QuestionInput", () => {
  it.each([
    ["the longest question", { kind: "stats", question: question(MAX_QUESTION_CHARACTERS) }, true],
    ["a longer one", { kind: "stats", question: question(MAX_QUESTION_CHARACTERS + 1) }, false],
    ["an unknown kind", { kind: "events", question: {} }, false],
    ["a text in place of members", { kind: "stats", question: "x" }, false],
    ["a description of 501 characters", { kind: "stats", question: {}, description: "x".repeat(501) }, false],
    ["an unknown member", { kind: "stats", question: {}, owner: "me" }, false],
  ])("decides whether to save %s", (_, input, isValid) => {
    expect(v.is(QuestionInput, input)).toBe(isValid);
  });
});

it("RunInput replaces the range, the time zone and the accuracy, and nothing else", () => {
  expect(v.is(RunInput, { start_date: "2021-01-01", timezone: "UTC", accuracy: "exact" })).toBe(true);
  expect(v.is(RunInput, { metric: "sessions" })).toBe(false);
});

it.each([
  ["1", { version: 1 }],
  ["999999", { version: 999_999 }],
  ["0", null],
  ["01", null],
  ["1000000", null],
  ["-1", null],
])("reads version %s", (version, expected) => {
  const found = v.safeParse(VersionParameters, { version });
  expect(found.success ? found.output : null).toEqual(expected);
});
