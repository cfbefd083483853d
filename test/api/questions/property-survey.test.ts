import { describe, expect, it } from "vitest";
import { createPropertySurvey } from "../../../src/api/questions/property-survey";

function survey(
  payloads: readonly unknown[],
  declared: Parameters<ReturnType<typeof createPropertySurvey>["results"]>[0] = [],
) {
  const own = createPropertySurvey();
  for (const payload of payloads) own.add(payload);
  return { examined: own.examined, results: own.results(declared) };
}

/** A payload with one value at the given depth. */
const nested = (keys: number): unknown => (keys === 0 ? 1 : { k: nested(keys - 1) });

describe("createPropertySurvey", () => {
  it("lists the most frequent properties first, and those of the same frequency by path", () => {
    const { results, examined } = survey([{ b: 1, a: 1, c: 1 }, { c: 1 }, {}]);
    expect(results.map(({ path, share }) => [path, share])).toEqual([
      ["c", 0.6667],
      ["a", 0.3333],
      ["b", 0.3333],
    ]);
    expect(examined).toBe(3);
  });

  it("reports the share of each kind among the events that have the property", () => {
    const values = ["a", 1, true, null, [1], {}, "b", 2];
    expect(survey([...values.map((x) => ({ x })), {}]).results[0]?.kinds).toEqual({
      ...{ string: 0.25, number: 0.25, boolean: 0.125, null: 0.125, array: 0.125, object: 0.125 },
    });
  });

  it("shows the five most frequent values, cut to 100 characters", () => {
    const long = "x".repeat(200);
    const values = [long, long, long, "b", "b", "a", "c", "d", "e"];
    const [property] = survey(values.map((x) => ({ x }))).results;
    expect(property?.samples).toEqual(["x".repeat(100), "b", "a", "c", "d"]);
    expect(property?.distinct).toEqual({ about: 6 });
  });

  it("shows an object by its members, and itself only if it is empty", () => {
    expect(survey([{ form: { name: 1 } }, { form: {} }]).results.map(({ path }) => path)).toEqual([
      "form",
      "form.name",
    ]);
  });

  it("stops at 8 levels and 300 properties", () => {
    expect(survey([nested(8)]).results.map(({ path }) => path)).toEqual([Array(8).fill("k").join(".")]);
    expect(survey([nested(9)]).results).toEqual([]);
    const generated = Object.fromEntries(Array.from({ length: 301 }, (_, n) => [`key${n}`, 1]));
    const { results } = survey([generated, { key0: 2, late: 1 }]);
    expect(results).toHaveLength(300);
    expect(results[0]).toMatchObject({ path: "key0", share: 1 });
    expect(results.some(({ path }) => path === "late")).toBe(false);
  });

  it("leaves out keys that no query can name", () => {
    expect(survey([{ 'a"b': 1, ok: 1 }]).results.map(({ path }) => path)).toEqual(["ok"]);
  });

  it("lists declared properties even if no examined event has them", () => {
    const declared = { path: "gone", kind: "text", template: "/p/:id" } as const;
    const results = survey(
      [{ x: 1 }],
      [{ category: "c", name: "n", property_id: 1, declared_at: 0, ...declared }],
    ).results;
    expect(results.at(-1)).toEqual({
      ...{ path: "gone", kinds: {}, share: 0, distinct: { about: 0 }, samples: [], declared: true },
      ...{ kind: "text", template: "/p/:id" },
    });
    expect(survey([]).results).toEqual([]);
  });
});
