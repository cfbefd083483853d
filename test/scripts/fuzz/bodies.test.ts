import { expect, test } from "vitest";
import { broken, fuzzBody, fuzzValue } from "../../../scripts/fuzz/bodies.ts";
import { seeded } from "../../../scripts/shared/random.ts";

/** A body as a reader that ignores broken bytes has it. */
const textOf = (body: string | Uint8Array) => (typeof body === "string" ? body : new TextDecoder().decode(body));

const bodiesOf = (seed: number, tag = "t") => {
  const numbers = seeded(seed);
  return Array.from({ length: 400 }, () => fuzzBody(numbers, tag));
};

test("the same seed gives the same bodies, another seed others", () => {
  expect(bodiesOf(3)).toEqual(bodiesOf(3));
  expect(bodiesOf(4)).not.toEqual(bodiesOf(3));
});

test("bodies come whole and broken, as one event, a list and lines", () => {
  const texts = bodiesOf(3).map(({ body }) => textOf(body));
  const parses = (text: string) => {
    try {
      return JSON.parse(text) !== undefined;
    } catch {
      return false;
    }
  };
  expect(texts.some((text) => text.startsWith("{") && parses(text))).toBe(true);
  expect(texts.some((text) => text.startsWith("[") && parses(text))).toBe(true);
  expect(texts.some((text) => text.split("\n").length > 1 && text.split("\n").every(parses))).toBe(true);
  expect(texts.some((text) => !text.includes("\n") && text !== "" && !parses(text))).toBe(true);
});

test("sessions have the tag of their run, so that two runs share none", () => {
  const sessions = (tag: string) =>
    bodiesOf(3, tag).flatMap(({ body }) => textOf(body).match(/"session_id":"[\w-]+-\d"/g) ?? []);
  for (const tag of ["one-run", "another"]) {
    const found = sessions(tag);
    expect(new Set(found).size).toBeGreaterThan(1);
    // A few tags are broken with the body.
    const strange = found.filter((session) => !session.includes(`"${tag}-`));
    expect(strange.length).toBeLessThan(found.length / 20);
  }
});

test("unexpected values are JSON texts", () => {
  const numbers = seeded(5);
  for (let n = 0; n < 2_000; n++) {
    const text = fuzzValue(numbers);
    expect(() => JSON.parse(text), text.slice(0, 100)).not.toThrow();
  }
});

test("broken texts are near the text", () => {
  const numbers = seeded(6);
  const text = '{"name":"pageview"}';
  const found = Array.from({ length: 200 }, () => broken(numbers, text));
  expect(found.filter((one) => one !== text).length).toBeGreaterThan(150);
  for (const one of found) expect(one.length).toBeLessThanOrEqual(text.length + 8);
});
