import fc from "fast-check";
import { expect, it } from "vitest";
import { escapePointer, namesOf } from "../../../src/model/json/json-pointer";

// The examples of RFC 6901.
it.each([
  ["", []],
  ["/foo", ["foo"]],
  ["/foo/0", ["foo", "0"]],
  ["/", [""]],
  ["/a~1b", ["a/b"]],
  ["/m~0n", ["m~n"]],
  ["/~01", ["~1"]],
])("%j contains the names %j", (pointer, names) => {
  expect(namesOf(pointer)).toEqual(names);
});

it("any names written into a pointer are read back from it", () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (names) => {
      expect(namesOf(names.map((name) => `/${escapePointer(name)}`).join(""))).toEqual(names);
    }),
  );
});
