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
    ['{"name":"shop","origins":"https://shop.example"}', "origins", "Array"],
    ['{"name":"shop","origins":["https://shop.example/cart"]}', "origins.0", "without a path"],
  ])("names the invalid member of %s", async (body, parameter, why) => {
    const refusal = expectRefusal(await parse(body), "invalid_parameter");
    expect(refusal.members).toEqual({ parameter });
    expect(refusal.detail).toContain(why);
  });

  it("refuses a body that is not an object or not JSON", async () => {
    expectRefusal(await parse("5"), "invalid_parameter");
    expectRefusal(await parse("{"), "invalid_json");
    expectRefusal(await parse(""), "invalid_json");
  });
});
