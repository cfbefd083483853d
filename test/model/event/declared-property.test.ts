import * as v from "valibot";
import { describe, expect, it } from "vitest";
import {
  DeclaredPropertiesSchema,
  DeclaredPropertySchema,
  MAX_DECLARED_PROPERTIES,
} from "../../../src/model/event/declared-property";

describe("a declared property", () => {
  it("has no template unless one is given", () => {
    expect(v.parse(DeclaredPropertySchema, { path: "form.name", kind: "text" })).toMatchObject({ template: null });
  });

  it.each([
    [{ path: "form.name" }, true],
    [{ path: 'form."a.b"' }, true],
    [{ path: "" }, false],
    [{ path: "form..name" }, false],
    [{ path: "x".repeat(200) }, true],
    [{ path: "x".repeat(201) }, false],
    [{ kind: "boolean" }, false],
    [{ template: "/p/:id" }, true],
    [{ template: "" }, false],
    [{ template: "x".repeat(201) }, false],
    [{ name: "x" }, false],
  ])("can have %j: %s", (changes, isValid) => {
    expect(v.is(DeclaredPropertySchema, { path: "path", kind: "text", ...changes })).toBe(isValid);
  });
});

describe("the declared properties of a type", () => {
  const named = (paths: readonly string[]) => paths.map((path) => ({ path, kind: "text" }));
  const many = (count: number) => named(Array.from({ length: count }, (_, n) => `p${n}`));

  it.each([
    ["none", [], true],
    ["as many as allowed", many(MAX_DECLARED_PROPERTIES), true],
    ["one more", many(MAX_DECLARED_PROPERTIES + 1), false],
    ["one path twice", [...named(["a"]), { path: "a", kind: "number" }], false],
  ])("can be %s", (_, properties, isValid) => {
    expect(v.is(DeclaredPropertiesSchema, properties)).toBe(isValid);
  });
});
