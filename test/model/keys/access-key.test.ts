import * as v from "valibot";
import { expect, it } from "vitest";
import {
  BoundApplicationsSchema,
  hashOfEntry,
  keyEntry,
  MAX_BOUND_APPLICATIONS,
} from "../../../src/model/keys/access-key";

it("finds the hash in the name of a key's entry, and in no other name", () => {
  expect(hashOfEntry(keyEntry("0abc"))).toBe("0abc");
  expect(hashOfEntry("keys:0abc")).toBeNull();
  expect(hashOfEntry("")).toBeNull();
});

it.each([
  [0, false],
  [1, true],
  [MAX_BOUND_APPLICATIONS, true],
  [MAX_BOUND_APPLICATIONS + 1, false],
])("can bind a key to %i applications: %s", (count, isValid) => {
  const applications = Array.from({ length: count }, (_, n) => `shop-${n}`);
  expect(v.is(BoundApplicationsSchema, applications)).toBe(isValid);
});
