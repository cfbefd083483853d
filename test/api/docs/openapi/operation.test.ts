import { describe, expect, it } from "vitest";
import { describeOperation, json, type OperationPlan } from "../../../../src/api/docs/openapi/operation";

const PLAN: OperationPlan = {
  ...{ method: "get", path: "/things", operationId: "listThings", tag: "Things", summary: "List", description: "All." },
  ...{ scope: "read", answers: [{ status: 200, description: "The things.", content: json("Problem", { a: 1 }) }] },
};

interface Described {
  security: Record<string, string[]>[];
  responses: Record<string, { description: string; headers?: object; content: Record<string, { examples: object }> }>;
}

const describePlan = (changes: Partial<OperationPlan> = {}) =>
  describeOperation({ ...PLAN, ...changes }) as unknown as Described;

describe("describeOperation", () => {
  it("accepts a key in any of the ways, with the scope that it needs", () => {
    expect(describePlan().security).toEqual(
      ["basic", "queryKey", "writeKey", "token", "bearer"].map((scheme) => ({ [scheme]: ["read"] })),
    );
  });

  it("needs no key without a scope, and lists no refusals of keys then", () => {
    const { security, responses } = describePlan({ scope: null });
    expect(security).toEqual([]);
    expect(Object.keys(responses)).toEqual(["200"]);
  });

  it("also answers without a key if that is optional", () => {
    expect(describePlan({ keyOptional: true }).security).toEqual([{}, ...describePlan().security]);
  });

  it("lists the refusals of every operation with a key, with the headers that they have", () => {
    const { responses } = describePlan();
    expect(Object.keys(responses)).toEqual(["200", "401", "403", "503"]);
    expect(responses["401"]?.headers).toHaveProperty("WWW-Authenticate");
    expect(responses["403"]).not.toHaveProperty("headers");
    expect(responses["503"]?.headers).toHaveProperty("Retry-After");
  });

  it("joins the refusals of one status in one response with an example of each", () => {
    const refused = describePlan({ problems: ["invalid_parameter", "invalid_json", "unauthorized"] });
    const { description = "", content = {} } = refused.responses["400"] ?? {};
    expect(description).toMatch(/\(`invalid_parameter`\)\. .+ \(`invalid_json`\)\.$/);
    expect(Object.keys(content["application/problem+json"]?.examples ?? {})).toEqual([
      "invalid_parameter",
      "invalid_json",
    ]);
    expect(refused.responses["401"]?.description.match(/unauthorized/g)).toHaveLength(1);
  });

  it("keeps the content of an answer that has the status of a refusal", () => {
    const answers = [{ status: 503, description: "It is not well.", content: json("Problem", { ok: false }) }];
    const { description, content } = describePlan({ answers }).responses["503"] ?? {};
    expect(description).toMatch(/^It is not well\. .*`unavailable`/);
    expect(Object.keys(content ?? {})).toEqual(["application/json", "application/problem+json"]);
  });

  it("leaves out parameters and a body that an operation does not have", () => {
    expect(describePlan()).not.toHaveProperty("parameters");
    expect(describePlan()).not.toHaveProperty("requestBody");
    const requestBody = { description: "A thing.", content: json("Problem", {}) };
    expect(describePlan({ requestBody })).toMatchObject({ requestBody: { required: true, description: "A thing." } });
  });
});
