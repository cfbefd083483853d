import { expect, test } from "vitest";
import { FORMATS, formatNamed } from "../../../../scripts/replay/formats/formats.ts";

test("formats are found by their names and aliases, in any case", () => {
  for (const format of FORMATS) {
    for (const name of [format.name, ...format.aliases]) {
      expect(formatNamed(name)).toBe(format);
      expect(formatNamed(name.toUpperCase())).toBe(format);
    }
  }
  expect(formatNamed("unknown")).toBeNull();
});

test("no name means two formats", () => {
  const names = FORMATS.flatMap(({ name, aliases }) => [name, ...aliases]);
  expect(new Set(names).size).toBe(names.length);
});
