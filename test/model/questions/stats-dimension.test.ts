import { expect, it } from "vitest";
import { labelOf } from "../../../src/model/questions/stats-dimension";

it("names a dimension as queries do", () => {
  expect(labelOf({ kind: "category" })).toBe("category");
  expect(labelOf({ kind: "property", property: { name: "form.plan", path: ["form", "plan"] } })).toBe("data.form.plan");
});
