import { expect, test } from "vitest";
import { membersOf, numberOf, readJsonObject, textOf } from "../../../../../scripts/replay/formats/fields/json-line.ts";

test("a line is one JSON object, also with the escapes of nginx", () => {
  expect(readJsonObject('{"a":1}')).toEqual({ a: 1 });
  expect(readJsonObject(String.raw`{"ua":"Alba 10\x22 Build"}`)).toEqual({ ua: 'Alba 10" Build' });
});

test.each(["[1]", "7", "", '{"a":', "null"])("%s is none", (line) => {
  expect(readJsonObject(line)).toBeNull();
});

test("finds the first member with a value, whatever its case and dashes", () => {
  const members = membersOf({ "X-Real-IP": "-", Client_IP: "", Status: 200, "remote-addr": "203.0.113.7" });
  expect(textOf(members, ["x_real_ip", "client_ip", "remote_addr"])).toBe("203.0.113.7");
  expect(textOf(members, ["status"])).toBe("200");
  expect(textOf(members, ["nothing"])).toBeNull();
});

test.each<[unknown, number | null]>([
  [1.5, 1.5],
  ["0.034", 0.034],
  ["-", null],
  ["1e3", null],
  [Number.NaN, null],
  [null, null],
])("%j is the number %j", (value, number) => {
  expect(numberOf(value)).toBe(number);
});
