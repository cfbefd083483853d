import { expect, test } from "vitest";
import { readCombinedPrefix } from "../../../../scripts/replay/formats/combined-prefix.ts";

test.each<[string, ReturnType<typeof readCombinedPrefix>]>([
  ["203.0.113.7 - -", { addresses: ["203.0.113.7"], name: null, host: null }],
  ["203.0.113.7 - jane doe", { addresses: ["203.0.113.7"], name: null, host: null }],
  ["shop.example:443 203.0.113.7 - -", { addresses: ["203.0.113.7"], name: null, host: "shop.example" }],
  ["203.0.113.7, 10.0.0.2 - -", { addresses: ["203.0.113.7", "10.0.0.2"], name: null, host: null }],
  ["unknown, 203.0.113.7 - -", { addresses: ["203.0.113.7"], name: null, host: null }],
  ["- 10.0.0.2 - -", { addresses: ["10.0.0.2"], name: null, host: null }],
  ['"203.0.113.7, 10.0.0.2" - -', { addresses: ["203.0.113.7", "10.0.0.2"], name: null, host: null }],
  ["dialup7.example.net - -", { addresses: [], name: "dialup7.example.net", host: null }],
  ["unknown - -", { addresses: [], name: null, host: null }],
  ["2001:db8::1 - -", { addresses: ["2001:db8::1"], name: null, host: null }],
  ["", { addresses: [], name: null, host: null }],
])("reads %s before the time", (text, expected) => {
  expect(readCombinedPrefix(text)).toEqual(expected);
});
