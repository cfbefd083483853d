import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { CreateApplicationSchema } from "../../../src/api/admin/application-schemas";
import { parseJsonBody } from "../../../src/http/request/parse-json-body";
import { expectRefusal } from "../expect-refusal";

async function parse(body: string) {
  return parseJsonBody(new Request("https://eye.example/", { method: "POST", body }), CreateApplicationSchema);
}

describe("parseJsonBody", () => {
  it("returns the validated value", async () => {
    expect(await parse('{"name":"shop"}')).toEqual({ name: "shop", origins: null });
  });

  it.each([
    ['{"name":"Shop!"}', "name", "a-z"],
    ["{}", "name", "missing"],
    ['{"name":"shop","scope":"write"}', "scope", "unknown"],
    ['{"name":"shop","origins":"https://shop.example"}', "origins", 'expected a list, found "https://shop.example"'],
    ['{"name":"shop","origins":["https://shop.example/cart"]}', "origins.0", "without a path"],
  ])("names the invalid member of %s", async (body, parameter, why) => {
    const refusal = expectRefusal(await parse(body), "invalid_parameter");
    expect(refusal.members).toEqual({ parameter });
    expect(refusal.detail).toContain(why);
  });

  const NestedSchema = v.strictObject({
    filter: v.optional(v.strictObject({ code: v.optional(v.string()) })),
    steps: v.optional(v.array(v.strictObject({ data: v.optional(v.record(v.string(), v.string())) }))),
    value: v.optional(v.unknown()),
  });

  it.each([
    ['{"filter":[]}', "filter"],
    ['{"steps":[{},[]]}', "steps.1"],
    ['{"steps":[{"data":["/"]}]}', "steps.0.data"],
  ])("refuses an array in place of an object: %s", async (body, parameter) => {
    const request = new Request("https://eye.example/", { method: "POST", body });
    const refusal = expectRefusal(await parseJsonBody(request, NestedSchema), "invalid_parameter");
    expect(refusal.members).toEqual({ parameter });
    expect(refusal.detail).toContain("must be an object");
  });

  it("accepts an array where any value may stand", async () => {
    const request = new Request("https://eye.example/", { method: "POST", body: '{"value":[[]]}' });
    expect(await parseJsonBody(request, NestedSchema)).toEqual({ value: [[]] });
  });

  it("refuses a body that is not an object or not JSON", async () => {
    expect(expectRefusal(await parse("[]"), "invalid_parameter").detail).toBe("The body must be one JSON object.");
    expectRefusal(await parse("5"), "invalid_parameter");
    expectRefusal(await parse("{"), "invalid_json");
    expectRefusal(await parse(""), "invalid_json");
  });
});
