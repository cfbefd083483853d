import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { ApplicationsParameters, CreateKeySchema } from "../../../src/api/admin/application-schemas";

describe("CreateKeySchema", () => {
  it.each<[object, string | null]>([
    [{ scope: "write", origins: ["https://example.com"] }, null],
    [{ scope: "write", origins: null }, null],
    [{ scope: "read", applications: ["shop"] }, null],
    [{ scope: "read", applications: null }, null],
    [{ scope: "admin" }, null],
    [{ scope: "read", origins: ["https://example.com"] }, "origins"],
    [{ scope: "admin", origins: null }, "origins"],
    [{ scope: "write", applications: ["shop"] }, "applications"],
    [{ scope: "admin", applications: null }, "applications"],
    [{ scope: "owner" }, "scope"],
  ])("checks %j; the member that does not fit is %s", (input, member) => {
    const { issues } = v.safeParse(CreateKeySchema, input);
    expect(issues === undefined ? null : v.getDotPath(issues[0])).toBe(member);
  });
});

it.each([
  [undefined, 100],
  ["1", 1],
  ["100", 100],
  ["0", null],
  ["101", null],
  ["1e1", null],
])("reads a limit of %s as %s", (limit, expected) => {
  const found = v.safeParse(ApplicationsParameters, limit === undefined ? {} : { limit });
  expect(found.success ? found.output.limit : null).toBe(expected);
});
