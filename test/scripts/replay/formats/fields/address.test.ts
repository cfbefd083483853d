import { expect, test } from "vitest";
import {
  forwardedList,
  ipAddress,
  isPublic,
  visitorAddress,
} from "../../../../../scripts/replay/formats/fields/address.ts";

test.each([
  ["203.0.113.7", "203.0.113.7"],
  ["203.0.113.7:443", "203.0.113.7"],
  ['"203.0.113.7"', "203.0.113.7"],
  ["[2001:db8::1]:443", "2001:db8::1"],
  ["::ffff:203.0.113.7", "203.0.113.7"],
  ["shop.example", null],
  ["-", null],
  ["", null],
  ["203.0.113.999", null],
])("reads %s", (text, address) => {
  expect(ipAddress(text)).toBe(address);
});

test("internal addresses are not public", () => {
  const internal = [
    "10.1.2.3",
    "172.16.0.1",
    "192.168.0.1",
    "127.0.0.1",
    "100.64.0.1",
    "169.254.1.1",
    "::1",
    "fd00::1",
  ];
  expect(internal.filter(isPublic)).toEqual([]);
  expect(["203.0.113.7", "172.32.0.1", "100.128.0.1", "2001:db8::1"].filter(isPublic)).toHaveLength(4);
  expect(isPublic("fe80::1%eth0")).toBe(false);
});

test("the first public address of a list is the visitor", () => {
  expect(visitorAddress(forwardedList("10.0.0.1, unknown, 203.0.113.7, 198.51.100.1"))).toBe("203.0.113.7");
  expect(visitorAddress(forwardedList("10.0.0.1, 10.0.0.2"))).toBe("10.0.0.1");
  expect(visitorAddress([])).toBeNull();
});
