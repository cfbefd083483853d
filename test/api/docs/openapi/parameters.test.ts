import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { pathParameter, queryParameters } from "../../../../src/api/docs/openapi/parameters";

const SCHEMA = v.object({
  category: v.optional(v.pipe(v.string(), v.description("The category."))),
  kind: v.picklist(["one", "two"]),
});

describe("queryParameters", () => {
  it("describes each parameter by its schema, and says whether it must be given", () => {
    expect(queryParameters(SCHEMA)).toEqual([
      {
        ...{ name: "category", in: "query", description: "The category.", required: false },
        schema: { type: "string", examples: ["page interaction"] },
      },
      { name: "kind", in: "query", description: "", required: true, schema: { type: "string", enum: ["one", "two"] } },
    ]);
  });

  it("fills in the parameters that a trial sends, in place of a suggestion", () => {
    const [category] = queryParameters(SCHEMA, { category: "form" });
    expect(category).toMatchObject({ schema: { type: "string" }, example: "form" });
    expect(category?.schema).not.toHaveProperty("examples");
  });
});

it("a parameter of the path must always be given", () => {
  const expected = { name: "id", in: "path", required: true, schema: { type: "string" }, example: "x" };
  expect(pathParameter("id", "Its id.", "x")).toEqual({ ...expected, description: "Its id." });
});
