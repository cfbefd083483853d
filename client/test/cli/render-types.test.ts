import { expect, test } from "vitest";
import { renderTypes } from "../../src/cli/render-types.js";

test("the same types give the same module, whatever their order", () => {
  const types = [
    { category: "page interaction", name: "pageview", description: null, schema: null },
    { category: "checkout", name: "order", description: "A visitor\nordered. */", schema: { type: "object" } },
  ];
  const text = renderTypes(types);
  expect(renderTypes([...types].reverse())).toBe(text);
  expect(text).toContain(`export interface Events {
  checkout: {
    /** A visitor ordered. * / */
    order: { [member: string]: unknown };
  };
  "page interaction": {
    pageview: Record<string, unknown>;
  };
}
`);
});
